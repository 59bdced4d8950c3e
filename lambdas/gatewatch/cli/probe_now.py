"""`gatewatch probe-now`: looks of the deployed service, taken at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Annotated

import msgspec
import typer

from gatewatch.cli import complete, show, waiting
from gatewatch.cli.exits import (
    FINDINGS,
    UNDECIDED,
    UsageError,
    gravest,
    of_verdicts,
    say,
    until_closed,
)
from gatewatch.cli.options import Format, OutputFormat
from gatewatch.cli.pausing import pause_line
from gatewatch.cli.run import print_looks
from gatewatch.cli.send_test import LONGEST_WAIT, Wait
from gatewatch.cli.service import Service, Where
from gatewatch.cli.stack import DEFAULT_STACK, MonitorName, Place, Region, StackName
from gatewatch.config.problems import nearest
from gatewatch.model import Outcome, Verdict
from gatewatch.notices.visible import visible
from gatewatch.run import Summary
from gatewatch.service.errands import Answer, Errand, ErrandKind, covering


class Probed(msgspec.Struct, frozen=True, kw_only=True):
    """`missing`: so many shards of looks have not answered in time. `stale`: so many routes were
    left, since their shard came so late that they were due again; perhaps those of others who asked
    in the same minute."""

    where: Where
    summary: Summary
    missing: int
    stale: int
    verdicts: tuple[Verdict, ...]


def probe_now(
    api: Annotated[
        str | None, typer.Argument(help="Only this API.", autocompletion=complete.apis)
    ] = None,
    route: Annotated[
        str | None, typer.Argument(help='Only this route of it, such as "GET /orders".')
    ] = None,
    wait: Wait = "3m",
    stack: StackName = DEFAULT_STACK,
    region: Region = None,
    monitor: MonitorName = None,
    output: OutputFormat = Format.TEXT,
) -> None:
    """Look at once, from the account, such as after a fix; print the verdicts.

    Every look of the routes is taken with the service's next minute, whatever their interval, and
    counts as any other; up to 500 routes at entrances at once. Who asks in the same minute gets the
    same looks. An incident ends only after `resolve_after` passing looks.

    Exit code 0 as expected, 1 findings, 2 not decided, or not answered in time.

    **Examples**

    ```
    gatewatch probe-now orders
    gatewatch probe-now orders "GET /orders" --stack Orders
    gatewatch probe-now --format json --wait 5m
    ```
    """
    longest = waiting.duration("--wait", wait, LONGEST_WAIT)
    service = Service(Place(stack, region, monitor))
    apis = service.known((api,) if api is not None else ())
    _check_route(service, api, route)
    _check_pauses(service, api)
    dead = service.death()
    if dead is not None:
        say(f"{stack}: {dead}")
        raise typer.Exit(FINDINGS)
    errand = service.errand(ErrandKind.LOOKS, apis=apis, route=route)
    service.ask(errand)
    if not longest:
        said = f"{stack}: the looks are taken with the next minute"
        typer.echo(visible(said), err=output is Format.JSON)
        return

    def is_complete() -> bool:
        answer = service.answer(errand)
        if answer is not None and answer.refused is not None:
            raise UsageError(f"stack {stack}: {answer.refused}")
        return answer is not None and len(service.looked(answer)) >= answer.shards

    waiting.wait_for("waiting for the service's next minute", is_complete, longest)
    answer = service.answer(errand)
    if answer is None:
        say(f"{stack}: {service.death() or 'no answer in time'}")
        raise typer.Exit(UNDECIDED)
    probed = _probed(service, errand, answer)
    with until_closed():
        _print(probed, output)
    status = of_verdicts(probed.verdicts)
    missing = probed.missing or probed.stale or not probed.verdicts
    raise typer.Exit(gravest(status, UNDECIDED) if missing else status)


def _check_route(service: Service, api: str | None, route: str | None) -> None:
    if route is None:
        return
    [found] = [one for one in service.config.apis if one.name == api]
    names = [one.name for one in found.routes]
    if route not in names:
        close = nearest(route, names)
        hint = f"; the nearest: {close}" if close else ""
        raise UsageError(f"{api} {route}: there is no such route in the configuration{hint}")


def _check_pauses(service: Service, api: str | None) -> None:
    known = service.pauses()
    whole = next((one for one in known if not one.apis), None)
    held = whole if api is None else covering(known, api)
    if held is not None:
        command = service.place.origin.command("resume", *held.apis)
        raise UsageError(f"{pause_line(held)}; to end it: {command}")


def _probed(service: Service, errand: Errand, answer: Answer) -> Probed:
    """The looks of others who asked in the same minute are left out."""
    parts = service.looked(answer)
    found = tuple(
        sorted(
            (
                one
                for part in parts
                for one in part.verdicts
                if (not errand.apis or one.api in errand.apis) and errand.route in (None, one.route)
            ),
            key=lambda one: (one.api, one.route, one.entrance, one.caller),
        )
    )
    return Probed(
        where=service.where,
        summary=_summary(answer, found, sum(part.requests for part in parts)),
        missing=max(0, answer.shards - len(parts)),
        stale=sum(part.stale for part in parts),
        verdicts=found,
    )


def _summary(answer: Answer, verdicts: Sequence[Verdict], requests: int) -> Summary:
    outcomes = Counter(one.outcome for one in verdicts)
    return Summary(
        at=answer.tick or answer.at,
        due=len(verdicts),
        passed=outcomes[Outcome.PASS],
        failed=outcomes[Outcome.FAIL],
        unknown=outcomes[Outcome.UNKNOWN],
        skipped=outcomes[Outcome.SKIPPED],
        requests=requests,
    )


def _print(probed: Probed, output: Format) -> None:
    if output is Format.JSON:
        typer.echo(msgspec.json.encode(probed))
        return
    print_looks(probed.summary, probed.verdicts, show.console())
    if probed.missing:
        late = show.count(probed.missing, "shard")
        typer.echo(f"{late} of looks did not answer in time: what is missing above is not known")
    if probed.stale:
        left = show.count(probed.stale, "route")
        typer.echo(f"{left} not looked at: the shard came when the next look was due already")

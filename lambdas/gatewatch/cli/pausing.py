"""`gatewatch pause` and `gatewatch resume`: the deployed service does not look for a while."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Annotated

import typer

from gatewatch.cli import complete, waiting
from gatewatch.cli.exits import UsageError
from gatewatch.cli.options import HowLong, Why
from gatewatch.cli.service import Service
from gatewatch.cli.stack import DEFAULT_STACK, MonitorName, Place, Region, StackName
from gatewatch.incidents.correlate import moment
from gatewatch.notices.visible import visible
from gatewatch.service.errands import LONGEST_PAUSE, MOST_NAMED, ErrandKind, Pause

Apis = Annotated[
    list[str] | None,
    typer.Argument(metavar="[API]...", help="Which APIs; none: all.", autocompletion=complete.apis),
]


def pause(
    apis: Apis = None,
    lasts: HowLong = "1h",
    why: Why = None,
    stack: StackName = DEFAULT_STACK,
    region: Region = None,
    monitor: MonitorName = None,
) -> None:
    """Stop looking at APIs for a while: it always ends by itself.

    Nothing is sent to them from the service's next minute on. Open incidents stay open and say that
    nobody looks; no reminder is sent. The topic of incidents is told when a pause begins and when
    it ends. For planned work, a maintenance window is better: there, looks go on.

    **Examples**

    ```
    gatewatch pause --for 2h --why "the network is moved"
    gatewatch pause orders users --for 30m --why "load test"
    gatewatch pause orders --stack Orders --region eu-west-1
    ```
    """
    length = waiting.how_long("--for", lasts, LONGEST_PAUSE)
    service = Service(Place(stack, region, monitor))
    named = service.known(tuple(apis or ()))
    service.refuse_dead()
    until = waiting.CLOCK.now() + length
    errand = service.errand(ErrandKind.PAUSE, why=why, apis=named, until=until)
    service.ask(errand)
    which = ", ".join(named) or "all APIs"
    end = service.place.origin.command("resume", *named)
    typer.echo(
        visible(
            f"{which}: not looked at until {moment(until.isoformat())}, from the service's next "
            f"minute on; to end it before: {end}"
        )
    )


def resume(
    apis: Apis = None,
    stack: StackName = DEFAULT_STACK,
    region: Region = None,
    monitor: MonitorName = None,
) -> None:
    """End pauses before their time: those of these APIs, or all.

    Looks go on with the service's next minute, each when it is due; `gatewatch probe-now` takes
    them at once.

    **Examples**

    ```
    gatewatch resume
    gatewatch resume orders --stack Orders
    ```
    """
    service = Service(Place(stack, region, monitor))
    names = frozenset(apis or ())
    known = service.pauses()
    if not known:
        raise UsageError(f"stack {stack}: nothing is paused")
    ended = _meant(known, names, service)
    for part in range(0, len(ended), MOST_NAMED):
        ends = tuple(one.id for one in ended[part : part + MOST_NAMED])
        service.ask(service.errand(ErrandKind.RESUME, ends=ends))
    for one in ended:
        which = ", ".join(one.apis) or "all APIs"
        typer.echo(visible(f"{which}: looked at again, from the service's next minute on"))
    service.refuse_dead()


def _meant(known: Sequence[Pause], names: frozenset[str], service: Service) -> list[Pause]:
    """A pause ends as a whole. Raises UsageError where that is not what was asked for."""
    if not names:
        return list(known)
    unknown = [one for one in sorted(names) if not any(pause.covers(one) for pause in known)]
    if unknown:
        raise UsageError(f"{', '.join(unknown)}: not paused; {'; '.join(pause_lines(known))}")
    meant = [one for one in known if any(one.covers(name) for name in names)]
    for one in meant:
        if not one.apis or not names >= set(one.apis):
            command = service.place.origin.command("resume", *one.apis)
            raise UsageError(f"{pause_line(one)}; it ends as a whole: {command}")
    return meant


def pause_lines(known: Sequence[Pause]) -> Iterator[str]:
    return (pause_line(one) for one in known)


def pause_line(one: Pause) -> str:
    left = datetime.fromisoformat(one.until) - waiting.CLOCK.now()
    why = f": {one.why}" if one.why else ""
    which = ", ".join(one.apis) or "all APIs"
    until = f"until {moment(one.until)} ({waiting.lasting(left)} more)"
    return f"paused: {which}, {until}, by {one.by}{why}"

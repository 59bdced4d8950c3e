"""`gatewatch send-test`: a real message through the deployed service, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated

import msgspec
import typer
from rich.box import SIMPLE
from rich.table import Table
from rich.text import Text

from gatewatch.cli import show, waiting
from gatewatch.cli.exits import AS_EXPECTED, FINDINGS, UNDECIDED, UsageError, say, until_closed
from gatewatch.cli.options import Format, OutputFormat
from gatewatch.cli.service import Service, Where
from gatewatch.cli.stack import DEFAULT_STACK, MonitorName, Place, Region, StackName
from gatewatch.notices.visible import visible
from gatewatch.service.errands import Errand, ErrandKind, Told

LONGEST_WAIT = timedelta(minutes=30)
Wait = Annotated[
    str, typer.Option("--wait", metavar="TIME", help="How long to wait; 0s: not at all.")
]


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the message to one topic. `subscribers`: the confirmed ones; null where they
    could not be counted (`unknown` says why)."""

    topic: str
    outcome: str
    because: str | None = None
    subscribers: int | None = None
    unknown: str | None = None


class Tested(msgspec.Struct, frozen=True, kw_only=True):
    where: Where
    by: str
    asked_at: str
    topics: tuple[Received, ...]


def send_test(
    wait: Wait = "3m",
    stack: StackName = DEFAULT_STACK,
    region: Region = None,
    monitor: MonitorName = None,
    output: OutputFormat = Format.TEXT,
) -> None:
    """Send a test message to every topic of the deployed service, and say whether it arrived.

    It takes the way of every message, with the service's next minute, also while it is paused; its
    subject and text say that nothing is wrong, its JSON has the kind `test`. Tests that are asked
    for within a minute are one.

    Exit code 0 when every topic took it and has subscribers, 1 when one did not or has none or the
    service does nothing, 2 when that is not known in time.

    **Examples**

    ```
    gatewatch send-test
    gatewatch send-test --stack Orders --monitor Shop --wait 5m
    gatewatch send-test --format json
    ```
    """
    longest = waiting.duration("--wait", wait, LONGEST_WAIT)
    service = Service(Place(stack, region, monitor))
    dead = service.death()
    if dead is not None:
        say(f"{stack}: {dead}")
        raise typer.Exit(FINDINGS)
    errand = service.errand(ErrandKind.TEST)
    service.ask(errand)
    if not longest:
        said = f"{stack}: a test message goes out with the next minute"
        typer.echo(visible(said), err=output is Format.JSON)
        return
    told = _told(service, errand, longest)
    received = tuple(_received(service, one) for one in told)
    with until_closed():
        _print(
            Tested(where=service.where, by=errand.by, asked_at=errand.at, topics=received), output
        )
    raise typer.Exit(_status(received) if received else _unanswered(service, longest))


def _told(service: Service, errand: Errand, longest: timedelta) -> Sequence[Told]:
    """Once all is over; or what is known in time."""

    def is_over() -> bool:
        answer = service.answer(errand)
        if answer is not None and answer.refused is not None:
            raise UsageError(f"the service refused it: {answer.refused}")
        return answer is not None and bool(answer.told) and all(one.is_over for one in answer.told)

    waiting.wait_for("waiting for the service's next minute", is_over, longest)
    answer = service.answer(errand)
    return () if answer is None else answer.told


def _received(service: Service, told: Told) -> Received:
    topic = told.topic or service.outputs["IncidentsTopic"]
    outcome = "delivered" if told.is_delivered else "undelivered"
    if told.because is not None and told.because.startswith("refused"):
        outcome = "refused"
    try:
        count, unknown = service.subscribers(topic), None
    except UsageError as error:
        count, unknown = None, str(error)
    return Received(
        topic=topic, outcome=outcome, because=told.because, subscribers=count, unknown=unknown
    )


def _status(received: Sequence[Received]) -> int:
    if any(one.outcome != "delivered" or one.subscribers == 0 for one in received):
        return FINDINGS
    return UNDECIDED if any(one.subscribers is None for one in received) else AS_EXPECTED


def _unanswered(service: Service, longest: timedelta) -> int:
    """Either it died meanwhile, or only its writer does not answer."""
    dead = service.death()
    log = service.outputs.get("IncidentsLog")
    where = f"aws logs tail {log} --since 1h" if log else "the log of the function Incidents"
    text = dead or (
        f"no answer within {longest.total_seconds():.0f} s, though the service ticks. Look at "
        f"{where}"
    )
    say(f"{service.place.stack}: {text}")
    return UNDECIDED if dead is None else FINDINGS


def _print(tested: Tested, output: Format) -> None:
    if output is Format.JSON:
        typer.echo(msgspec.json.encode(tested))
        return
    if not tested.topics:
        return
    table = Table(box=SIMPLE, show_edge=False)
    for column in ("topic", "test message", "subscribers"):
        table.add_column(column, overflow="fold")
    for one in tested.topics:
        why = f": {one.because}" if one.because else ""
        table.add_row(Text(one.topic), Text(f"{one.outcome}{why}"), Text(subscribed(one)))
    show.console().print(table)
    for one in tested.topics:
        if one.subscribers == 0:
            typer.echo(visible(f"{one.topic}: nobody is subscribed, so nobody gets its messages"))


def subscribed(one: Received) -> str:
    if one.subscribers is None:
        return f"not known: {one.unknown}"
    return f"{one.subscribers} confirmed" if one.subscribers else "nobody"

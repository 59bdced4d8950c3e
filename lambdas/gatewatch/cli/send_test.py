"""`gatewatch send-test`: a real message through the deployed service, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Annotated, NoReturn

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
from gatewatch.delivery.standing import Standing
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


class Handed(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the message to a channel that is no topic. `outcome`: `delivered`,
    `undelivered`, `refused`, or `unknown`: the deliverer has not tried it yet."""

    channel: str
    outcome: str
    because: str | None = None


class Tested(msgspec.Struct, frozen=True, kw_only=True):
    where: Where
    by: str
    asked_at: str
    topics: tuple[Received, ...]
    channels: tuple[Handed, ...] = ()


def send_test(
    wait: Wait = "3m",
    stack: StackName = DEFAULT_STACK,
    region: Region = None,
    monitor: MonitorName = None,
    output: OutputFormat = Format.TEXT,
) -> None:
    """Send a test message to every channel of the deployed service, and say whether it arrived.

    It takes the way of every message, with the service's next minute, also while it is paused; its
    subject and text say that nothing is wrong, its JSON has the kind `test`. Tests that are asked
    for within a minute are one. For one channel: `gatewatch notify --stack … --test CHANNEL`.

    Exit code 0 when every channel took it and every topic has subscribers, 1 when one did not or
    has none or the service does nothing, 2 when that is not known in time.

    **Examples**

    ```
    gatewatch send-test
    gatewatch send-test --stack Orders --monitor Shop --wait 5m
    gatewatch send-test --format json
    ```
    """
    longest = waiting.duration("--wait", wait, LONGEST_WAIT)
    send_through(Service(Place(stack, region, monitor)), (), longest, output)


def send_through(
    service: Service, channels: tuple[str, ...], longest: timedelta, output: Format
) -> NoReturn:
    """Through the deployed service, to the channels with these keys; none: to all."""
    stack, dead = service.place.stack, service.death()
    if dead is not None:
        say(f"{stack}: {dead}")
        raise typer.Exit(FINDINGS)
    before = service.standings()
    errand = service.errand(ErrandKind.TEST, channels=channels)
    service.ask(errand)
    if not longest:
        said = f"{stack}: a test message goes out with the next minute"
        typer.echo(visible(said), err=output is Format.JSON)
        raise typer.Exit(AS_EXPECTED)
    told = [one for one in _told(service, errand, longest) if not channels or one.topic in channels]
    received = tuple(_received(service, one) for one in told if _is_topic(one))
    handed = _handed(service, [one for one in told if not _is_topic(one)], before, longest)
    with until_closed():
        _print(
            Tested(
                where=service.where,
                by=errand.by,
                asked_at=errand.at,
                topics=received,
                channels=handed,
            ),
            output,
        )
    raise typer.Exit(_status(received, handed) if told else _unanswered(service, longest))


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


def _is_topic(told: Told) -> bool:
    return not told.topic or told.topic.startswith("arn:")


def _handed(
    service: Service, told: Sequence[Told], before: Mapping[str, Standing], longest: timedelta
) -> tuple[Handed, ...]:
    """What became of it there. What the service has handed on, its deliverer tries soon."""
    waits = {one.topic for one in told if one.is_delivered}
    now: dict[str, Standing] = {}

    def is_tried() -> bool:
        now.update(service.standings())
        return all(_became(key, before, now) is not None for key in waits)

    if waits:
        waiting.wait_for("waiting for the deliverer", is_tried, longest)
    return tuple(
        (_became(one.topic, before, now) or Handed(channel=one.topic, outcome="unknown"))
        if one.is_delivered
        else Handed(channel=one.topic, outcome=_outcome(one), because=one.because)
        for one in told
    )


def _became(key: str, before: Mapping[str, Standing], now: Mapping[str, Standing]) -> Handed | None:
    """None while nothing was tried since."""
    unknown = Standing(channel=key)
    was, found = before.get(key, unknown), now.get(key, unknown)
    if found.refused > was.refused:
        return Handed(channel=key, outcome="refused", because=found.refused_because)
    if found.delivered_at != was.delivered_at:
        return Handed(channel=key, outcome="delivered")
    if found.failing_since is not None and found.tries != was.tries:
        return Handed(channel=key, outcome="undelivered", because=found.because)
    return None


def _outcome(told: Told) -> str:
    if told.because is not None and told.because.startswith("refused"):
        return "refused"
    return "delivered" if told.is_delivered else "undelivered"


def _received(service: Service, told: Told) -> Received:
    topic = told.topic or service.outputs["IncidentsTopic"]
    try:
        count, unknown = service.subscribers(topic), None
    except UsageError as error:
        count, unknown = None, str(error)
    return Received(
        topic=topic,
        outcome=_outcome(told),
        because=told.because,
        subscribers=count,
        unknown=unknown,
    )


def _status(received: Sequence[Received], handed: Sequence[Handed]) -> int:
    outcomes = {*(one.outcome for one in received), *(one.outcome for one in handed)}
    if outcomes & {"undelivered", "refused"} or any(one.subscribers == 0 for one in received):
        return FINDINGS
    is_unknown = "unknown" in outcomes or any(one.subscribers is None for one in received)
    return UNDECIDED if is_unknown else AS_EXPECTED


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
    if tested.topics:
        table = Table(box=SIMPLE, show_edge=False)
        for column in ("topic", "test message", "subscribers"):
            table.add_column(column, overflow="fold")
        for one in tested.topics:
            table.add_row(Text(one.topic), Text(_became_words(one)), Text(subscribed(one)))
        show.console().print(table)
    for each in tested.channels:
        typer.echo(visible(f"{each.channel}: {_became_words(each)}"))
    for one in tested.topics:
        if one.subscribers == 0:
            typer.echo(visible(f"{one.topic}: nobody is subscribed, so nobody gets its messages"))


def _became_words(one: Received | Handed) -> str:
    return f"{one.outcome}: {one.because}" if one.because else one.outcome


def subscribed(one: Received) -> str:
    if one.subscribers is None:
        return f"not known: {one.unknown}"
    return f"{one.subscribers} confirmed" if one.subscribers else "nobody"

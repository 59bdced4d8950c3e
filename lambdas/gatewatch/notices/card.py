"""What a message says, in parts that every shape arranges as its readers expect.

The parts follow the questions of somebody who was just woken: how grave, what, since when, what to
do first, whose it is, how to take it over, where; and only then the reasons.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from gatewatch.incidents.correlate import OPEN, moment
from gatewatch.incidents.learn import concerned
from gatewatch.model import EXPOSURES, Incident, Member, Severity
from gatewatch.notices.moments import times
from gatewatch.notices.origin import UNNAMED, Origin
from gatewatch.notices.steps import BY_CAUSE, Line, lines, steps
from gatewatch.notices.words import (
    acknowledged_phrase,
    caller_phrase,
    candidate_line,
    owner_phrase,
    probe_phrase,
    seen_phrase,
    sent_phrase,
    symptom,
)

_MOST_NAMED = 5
_MOST_LINES = 20
_MOST_RULED_OUT = 8
_MOST_EXCHANGES = 3
_MOST_UPDATES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One line, such as `since: …`; without a label where it is a sentence. `is_command`: the value
    is typed as it is."""

    label: str
    value: str
    is_command: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Lines below a title; empty without lines."""

    title: str = ""
    lines: tuple[str | Line, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    text: str
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One message. Its texts are as they were found: a shape makes them harmless for its readers,
    and cuts them.

    `key` is the same in all messages about one incident. `title` has severity and kind before the
    `symptom`. `news`: what is new since the last message. `facts`: since when, what was seen.
    `first`: what to do first. `owned`: whose it is, and how to take it over. `place`: which of many
    deployments says it. `incident` is None for a message about the monitor itself, whose `state` is
    `none`.
    """

    message_id: str
    kind: str
    at: str
    key: str
    title: str
    symptom: str
    state: Literal["open", "resolved", "none"]
    severity: Severity | None = None
    incident: Incident | None = None
    news: tuple[str, ...] = ()
    facts: tuple[Fact, ...] = ()
    first: Block = Block()
    owned: tuple[Fact, ...] = ()
    place: tuple[Fact, ...] = ()
    blocks: tuple[Block, ...] = ()
    links: tuple[Link, ...] = ()
    end: str = ""

    @property
    def is_exposure(self) -> bool:
        """Then no shape may show a body, a curl command or other evidence."""
        return self.incident is not None and self.incident.finding in EXPOSURES


def card_of(
    message_id: str,
    kind: str,
    at: str,
    incident: Incident,
    *,
    origin: Origin = UNNAMED,
    news: Sequence[str] = (),
) -> Card:
    is_open = incident.state == OPEN
    shows_evidence = is_open and incident.finding not in EXPOSURES
    return Card(
        message_id=message_id,
        kind=kind,
        at=at,
        key=incident.id,
        title=title(kind, incident),
        symptom=symptom(incident),
        state="open" if is_open else "resolved",
        severity=incident.severity,
        incident=incident,
        news=tuple(news[:_MOST_LINES]),
        facts=tuple(_facts(incident, at)),
        first=Block(lines=tuple(_first(incident, origin))) if is_open else Block(),
        owned=tuple(_owned(incident, origin)),
        place=tuple(place(origin)),
        blocks=(
            _members(incident),
            _related(incident),
            *_causes(incident),
            _evidence(incident) if shows_evidence else Block(),
            Block() if is_open else _history(incident),
        ),
        links=tuple(_links(incident)),
        end=f"incident {incident.id}, message {message_id}",
    )


def title(kind: str, incident: Incident) -> str:
    return f"{incident.severity.upper()} {kind.upper()}: {symptom(incident)}"


def _facts(incident: Incident, at: str) -> Iterator[Fact]:
    """The routes by name, where the first line only counts them; times; what was seen."""
    routes = sorted({one.route for one in concerned(incident)})
    if len(routes) > 1:
        more = [f"and {len(routes) - _MOST_NAMED} more"] if len(routes) > _MOST_NAMED else []
        yield Fact(label="routes", value=", ".join([*routes[:_MOST_NAMED], *more]))
    for one in times(incident, at):
        label, _, value = one.partition(":")
        yield Fact(label=label, value=value.strip())
    if incident.because and incident.state == OPEN:
        yield Fact(label="seen", value=incident.because)


def _first(incident: Incident, origin: Origin) -> Iterator[str | Line]:
    found = steps(incident, origin)
    if found:
        yield "do first:" if len(found) == 1 else "do first, the likeliest cause before the others:"
    yield from lines(found)
    if incident.next_probe is not None and incident.finding in BY_CAUSE:
        yield "to tell the causes apart:"
        yield f"    {probe_phrase(incident.next_probe)}"
        yield f"    {incident.next_probe.why}"


def _owned(incident: Incident, origin: Origin) -> Iterator[Fact]:
    yield Fact(label="owner", value=owner_phrase(incident))
    if incident.runbook:
        yield Fact(label="runbook", value=incident.runbook)
    if incident.acknowledged is not None:
        yield Fact(label="", value=acknowledged_phrase(incident.acknowledged))
    elif incident.state == OPEN:
        yield _command("take over", origin.command("ack", incident.id))
    yield _command("in full", origin.command("incidents", incident.id))


def _command(label: str, typed: str) -> Fact:
    return Fact(label=label, value=typed, is_command=True)


def place(origin: Origin) -> Iterator[Fact]:
    """Which of many deployments says it. Both names, where the stack's differs from that of its
    metrics."""
    if origin.account:
        yield Fact(label="account", value=origin.account)
    if origin.region:
        yield Fact(label="region", value=origin.region)
    if origin.deployment:
        other = f", stack {origin.stack}" if origin.stack not in (None, origin.deployment) else ""
        yield Fact(label="deployment", value=f"{origin.deployment}{other}")


def _members(incident: Incident) -> Block:
    members = concerned(incident)
    named = [f"- {_member(one)}" for one in members[:_MOST_LINES]]
    more = [f"- and {len(members) - _MOST_LINES} more"] if len(members) > _MOST_LINES else []
    is_open = incident.state == OPEN
    return Block(title="concerned" if is_open else "no longer failing", lines=(*named, *more))


def _member(one: Member) -> str:
    until = f" until {moment(one.until)}" if one.until else ""
    return f"{one.route} {caller_phrase(one.caller)}, since {moment(one.since)}{until}"


def _related(incident: Incident) -> Block:
    """Where else the credential fails: this message covers those APIs, too."""
    found = [one for one in incident.related if one.until is None]
    named = [
        f"- {one.api}, since {moment(one.since)} (incident {one.incident})"
        for one in found[:_MOST_LINES]
    ]
    more = [f"- and {len(found) - _MOST_LINES} more"] if len(found) > _MOST_LINES else []
    title = "the same credential fails at" if found else ""
    return Block(title=title, lines=(*named, *more))


def _causes(incident: Incident) -> Iterator[Block]:
    """The possible causes, and those ruled out with the reason, where known."""
    if incident.finding not in BY_CAUSE:
        return
    found = incident.candidates
    if found:
        named = [f"- {candidate_line(one)}" for one in found[:_MOST_LINES]]
        more = [f"- and {len(found) - _MOST_LINES} more"] if len(found) > _MOST_LINES else []
        title = "possible causes" if len(found) > 1 else "cause"
        yield Block(title=title, lines=(*named, *more))
    if incident.ruled_out:
        shown = incident.ruled_out[:_MOST_RULED_OUT]
        yield Block(
            title="ruled out", lines=tuple(f"- {one.cause}: {one.because}" for one in shown)
        )


def _evidence(incident: Incident) -> Block:
    shown = [
        line
        for one in incident.evidence[:_MOST_EXCHANGES]
        for line in (f"  {sent_phrase(one)}", f"    {seen_phrase(one)}")
    ]
    return Block(title="evidence" if shown else "", lines=tuple(shown))


def _history(incident: Incident) -> Block:
    """The history without its duration, which stands above."""
    updates = [one for one in incident.updates if not one.text.startswith("resolved after ")]
    shown = updates[-_MOST_UPDATES:]
    return Block(title="history", lines=tuple(f"- {moment(one.at)}: {one.text}" for one in shown))


def _links(incident: Incident) -> Iterator[Link]:
    if incident.runbook:
        yield Link(text="runbook", href=incident.runbook)

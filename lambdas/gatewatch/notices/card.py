"""What a message says, in parts that every shape arranges as its readers expect.

The parts follow the questions of somebody who was just woken: how grave, what, since when, what to
do first, whose it is, how to take it over, where; and only then the reasons.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from gatewatch.incidents.announce import AnnouncementKind
from gatewatch.incidents.correlate import OPEN, moment
from gatewatch.incidents.learn import concerned
from gatewatch.model import EXPOSURES, Incident, Member, Severity
from gatewatch.notices import strip
from gatewatch.notices.curl import curl
from gatewatch.notices.links import links
from gatewatch.notices.machine import Commands, Link, Message
from gatewatch.notices.moments import open_for, times
from gatewatch.notices.origin import UNNAMED, Origin
from gatewatch.notices.steps import BY_CAUSE, Line, confirming, lines, steps
from gatewatch.notices.words import (
    acknowledged_phrase,
    caller_phrase,
    candidate_line,
    cause_phrase,
    expected_phrase,
    owner_phrase,
    probe_phrase,
    seen_phrase,
    sent_phrase,
    symptom,
    symptom_alone,
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
class Card:
    """One message. Its texts are as they were found: a shape makes them harmless for its readers,
    and cuts them.

    `key` is the same in all messages about one incident. `title` has severity and kind before the
    `symptom`. `news`: what is new since the last message. `facts`: since when, what was seen.
    `first`: what to do first. `owned`: whose it is, and how to take it over. `place`: which of many
    deployments says it. `incident` is None for a message about the monitor itself, whose `state` is
    `none`. `message` is what programs get.
    """

    message_id: str
    kind: str
    at: str
    key: str
    title: str
    symptom: str
    state: Literal["open", "resolved", "none"]
    message: Message
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
    pages = links(incident, origin, at)
    repeat = curl(incident.evidence[0]) if shows_evidence and incident.evidence else None
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
        owned=tuple(_owned(kind, incident, at, origin)),
        place=tuple(place(origin)),
        blocks=(
            _members(incident),
            _related(incident),
            *_causes(incident),
            _evidence(incident) if shows_evidence else Block(),
            _repeat(repeat),
            Block() if is_open else _history(incident),
        ),
        links=pages,
        end=f"incident {incident.id}, message {message_id}",
        message=Message(
            message_id=message_id,
            kind=kind,
            at=at,
            account=origin.account,
            region=origin.region,
            deployment=origin.deployment,
            title=title(kind, incident),
            symptom=symptom(incident),
            news=tuple(news),
            members=len(incident.members),
            expected=expected_phrase(incident),
            stopped_at=_stopped_at(incident),
            commands=_commands(incident, repeat, origin),
            links=pages,
            incident=incident,
        ),
    )


_LONGEST_TITLE = 80


def title(kind: str, incident: Incident) -> str:
    """The cause is left out where it would make the line too long for a phone."""
    grade = f"{incident.severity.upper()} {kind.upper()}"
    whole = f"{grade}: {symptom(incident)}"
    return whole if len(whole) <= _LONGEST_TITLE else f"{grade}: {symptom_alone(incident)}"


def _stopped_at(incident: Incident) -> str | None:
    return strip.stopped_at(strip.marks(incident)) if incident.finding in BY_CAUSE else None


def _commands(incident: Incident, repeat: str | None, origin: Origin) -> Commands:
    is_open = incident.state == OPEN
    is_exposure = incident.finding in EXPOSURES
    return Commands(
        confirm=confirming(incident, origin) if is_open and not is_exposure else None,
        repeat=repeat,
        acknowledge=_taking_over(incident, origin),
        mute=_muting(incident, origin) if is_open else None,
        in_full=origin.command("incidents", incident.id),
    )


def _taking_over(incident: Incident, origin: Origin) -> str | None:
    is_free = incident.state == OPEN and incident.acknowledged is None
    return origin.command("ack", incident.id) if is_free else None


def _muting(incident: Incident, origin: Origin) -> str | None:
    """As little as stops these messages; an exposure is never muted."""
    if incident.finding in EXPOSURES:
        return None
    routes = {one.route for one in concerned(incident)}
    muted = (incident.api, *routes) if len(routes) == 1 else (incident.api,)
    return origin.command("mute", *muted, "--for", "2h")


def _facts(incident: Incident, at: str) -> Iterator[Fact]:
    """The routes by name, where the first line only counts them; times; what was expected and what
    was seen, and where and why it stopped."""
    routes = sorted({one.route for one in concerned(incident)})
    if len(routes) > 1:
        more = [f"and {len(routes) - _MOST_NAMED} more"] if len(routes) > _MOST_NAMED else []
        yield Fact(label="routes", value=", ".join([*routes[:_MOST_NAMED], *more]))
    for one in times(incident, at):
        label, _, value = one.partition(":")
        yield Fact(label=label, value=value.strip())
    if incident.because and incident.state == OPEN:
        yield Fact(label="expected", value=expected_phrase(incident))
        yield Fact(label="seen", value=incident.because)
    if incident.finding in BY_CAUSE:
        where = strip.marks(incident)
        found = strip.stopped_at(where)
        yield Fact(label="stopped at", value=f"{found or 'not known'}  {strip.line(where)}")
        yield Fact(label="cause", value=cause_phrase(incident))


def _first(incident: Incident, origin: Origin) -> Iterator[str | Line]:
    found = steps(incident, origin)
    if found:
        yield "do first:" if len(found) == 1 else "do first, the likeliest cause before the others:"
    yield from lines(found)
    if incident.next_probe is not None and incident.finding in BY_CAUSE:
        yield "to tell the causes apart:"
        yield f"    {probe_phrase(incident.next_probe)}"
        yield f"    {incident.next_probe.why}"


def _owned(kind: str, incident: Incident, at: str, origin: Origin) -> Iterator[Fact]:
    yield Fact(label="owner", value=owner_phrase(incident))
    if incident.runbook:
        yield Fact(label="runbook", value=incident.runbook)
    if incident.acknowledged is not None:
        yield Fact(label="", value=acknowledged_phrase(incident.acknowledged))
    elif incident.state == OPEN and kind in _WAITING:
        yield Fact(label="", value=f"nobody has taken it over, for {open_for(incident, at)}")
    for label, command in (
        ("take over", _taking_over(incident, origin)),
        ("in full", origin.command("incidents", incident.id)),
        ("mute", _muting(incident, origin) if incident.state == OPEN else None),
    ):
        if command is not None:
            yield Fact(label=label, value=command, is_command=True)


_WAITING = frozenset({AnnouncementKind.REMINDER, AnnouncementKind.ESCALATED})


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
    more = _left_out(len(members) - _MOST_LINES)
    is_open = incident.state == OPEN
    return Block(title="concerned" if is_open else "no longer failing", lines=(*named, *more))


def _left_out(many: int, mark: str = "- ") -> list[str]:
    return [f"{mark}and {many} more"] if many > 0 else []


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
    more = _left_out(len(found) - _MOST_LINES)
    title = "the same credential fails at" if found else ""
    return Block(title=title, lines=(*named, *more))


def _causes(incident: Incident) -> Iterator[Block]:
    """The possible causes, and those ruled out with the reason, where known."""
    if incident.finding not in BY_CAUSE:
        return
    found = incident.candidates
    if found:
        named = [f"- {candidate_line(one)}" for one in found[:_MOST_LINES]]
        more = _left_out(len(found) - _MOST_LINES)
        title = "possible causes" if len(found) > 1 else "cause"
        yield Block(title=title, lines=(*named, *more))
    if incident.ruled_out:
        known = [f"- {one.cause}: {one.because}" for one in incident.ruled_out[:_MOST_RULED_OUT]]
        left = _left_out(len(incident.ruled_out) - _MOST_RULED_OUT)
        yield Block(title="ruled out", lines=(*known, *left))


def _evidence(incident: Incident) -> Block:
    shown = [
        line
        for one in incident.evidence[:_MOST_EXCHANGES]
        for line in (f"  {sent_phrase(one)}", f"    {seen_phrase(one)}")
    ]
    left = _left_out(len(incident.evidence) - _MOST_EXCHANGES, "  ")
    return Block(title="evidence" if shown else "", lines=(*shown, *left))


def _repeat(command: str | None) -> Block:
    if command is None:
        return Block()
    return Block(title="the same look again", lines=(Line(f"    {command}", is_command=True),))


def _history(incident: Incident) -> Block:
    """The history without its duration, which stands above."""
    updates = [one for one in incident.updates if not one.text.startswith("resolved after ")]
    shown = [f"- {moment(one.at)}: {one.text}" for one in updates[-_MOST_UPDATES:]]
    earlier = len(updates) - _MOST_UPDATES
    before = [f"- and {earlier} more before that"] if earlier > 0 else []
    return Block(title="history", lines=(*before, *shown))

"""An incident as one message: a subject, plain text for people, JSON for programs.

The text follows the questions of somebody who was just woken: how grave, what, since when, what to
do first, whose it is, how to take it over, where; and only then the reasons.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

import msgspec
from msgspec.structs import replace

from gatewatch.incidents.correlate import OPEN, moment
from gatewatch.incidents.learn import concerned
from gatewatch.model import EXPOSURES, Incident, Member
from gatewatch.notices.moments import times
from gatewatch.notices.origin import UNNAMED, USUAL_NAME, Origin
from gatewatch.notices.steps import BY_CAUSE, Line, lines, steps
from gatewatch.notices.visible import cut, may_be_typed, obeyed_by_none, visible_line
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

MOST_MEMBERS = 100
"""The members of an incident in a message for programs."""
_LONGEST_SUBJECT = 99
_LONGEST_LINE = 1000
_MOST_NAMED = 5
_MOST_LINES = 20
_MOST_RULED_OUT = 8
_MOST_EXCHANGES = 3
_MOST_UPDATES = 20


def subject(kind: str, incident: Incident, origin: Origin = UNNAMED) -> str:
    return in_subject(_title(kind, incident), origin)


def in_subject(title: str, origin: Origin = UNNAMED) -> str:
    """One line of printable ASCII, as SNS requires, cut at a word, and which of many deployments
    says it: one name may stand in several accounts and regions."""
    place = _plain(_place(origin))
    return _cut(_plain(title), _LONGEST_SUBJECT - len(place)) + place


def _plain(text: str) -> str:
    parts = unicodedata.normalize("NFKD", text)
    plain = "".join(one for one in parts if not unicodedata.combining(one))
    return re.sub(r"[^\x20-\x7e]", "?", obeyed_by_none(plain))


_LONGEST_DEPLOYMENT = 20


def _place(origin: Origin) -> str:
    """Room is scarce: the usual name goes without saying."""
    if origin.account is None or origin.region is None:
        return ""
    name = "" if origin.deployment in (None, USUAL_NAME) else origin.deployment
    if len(name) > _LONGEST_DEPLOYMENT:
        name = f"{name[: _LONGEST_DEPLOYMENT - len('...')]}..."
    return f" [{' '.join(part for part in (name, origin.account, origin.region) if part)}]"


def _title(kind: str, incident: Incident) -> str:
    return f"{incident.severity.upper()} {kind.upper()}: {symptom(incident)}"


def _cut(line: str, longest: int) -> str:
    """A path may be cut between its parts, since it distinguishes routes."""
    if len(line) <= longest:
        return line
    room = line[: longest - len("...")]
    end = max(room.rfind(" "), room.rfind("/") + 1)
    whole = room if line[len(room)] == " " else room[:end]
    return f"{whole.rstrip(' ,:;(')}..."


def document(
    message_id: str,
    kind: str,
    at: str,
    incident: Incident,
    *,
    origin: Origin = UNNAMED,
    news: Sequence[str] = (),
    most: int = MOST_MEMBERS,
) -> str:
    """The incident in the form of the contract, with as many members as a message can carry.

    An exposure's evidence is left out: whoever reads it could call the route.
    """
    is_exposure = incident.finding in EXPOSURES
    shown = replace(
        incident,
        members=concerned(incident)[:most],
        related=incident.related[:most],
        evidence=() if is_exposure else incident.evidence[:_MOST_EXCHANGES],
        next_probe=None if is_exposure else incident.next_probe,
        ruled_out=(),
        because=incident.because[:_LONGEST_LINE],
        updates=tuple(
            replace(one, text=one.text[:_LONGEST_LINE])
            for one in incident.updates[-min(most, _MOST_UPDATES) :]
        ),
    )
    whole = {
        **envelope(message_id, kind, at, origin),
        "news": [one[:_LONGEST_LINE] for one in news[:_MOST_LINES]],
        "members": len(incident.members),
        "incident": shown,
    }
    return msgspec.json.encode(whole).decode()


def envelope(message_id: str, kind: str, at: str, origin: Origin) -> dict[str, object]:
    """What every message says to programs."""
    return {
        "version": 1,
        "message_id": message_id,
        "kind": kind,
        "at": at,
        "account": origin.account,
        "region": origin.region,
        "deployment": origin.deployment,
    }


def text(
    message_id: str,
    kind: str,
    at: str,
    incident: Incident,
    *,
    origin: Origin = UNNAMED,
    news: Sequence[str] = (),
) -> str:
    """`news`: what is new since the last message, right below the subject."""
    is_open = incident.state == OPEN
    parts = (
        [_title(kind, incident), *news[:_MOST_LINES]],
        [*_routes(incident), *times(incident, at), *_seen(incident)],
        _first(incident, origin) if is_open else (),
        _owned(incident, origin),
        where(origin),
        _members(incident),
        _related(incident),
        _causes(incident),
        _evidence(incident) if is_open and incident.finding not in EXPOSURES else (),
        () if is_open else _history(incident),
        [f"incident {incident.id}, message {message_id}"],
    )
    return as_blocks(*parts)


def as_blocks(*parts: Iterable[str | Line]) -> str:
    """Blocks of lines; an empty one is left out."""
    blocks = ("\n".join(map(_line, part)) for part in parts)
    return "\n\n".join(block for block in blocks if block)


def _line(found: str | Line) -> str:
    """A line stays one line, whatever it quotes, and no longer than a person reads. A command is
    shown exactly as it is typed, or not at all."""
    if isinstance(found, Line) and found.is_command:
        return (
            cut(visible_line(found.text), _LONGEST_LINE) if may_be_typed(found.text) else _NOT_SHOWN
        )
    text = found.text if isinstance(found, Line) else found
    return cut(visible_line(obeyed_by_none(text)), _LONGEST_LINE)


_NOT_SHOWN = "    # a chat would obey part of this command; the incident in full shows it"


_LONGEST_PART = 100
"""The longest part of the shortest messages, in characters."""


def short_document(
    message_id: str, kind: str, at: str, incident: Incident, *, origin: Origin = UNNAMED
) -> str:
    """The incident in the form of the contract, without lists and with all texts cut."""
    shown = replace(
        incident,
        **{name: _shortened(getattr(incident, name)) for name in _TEXTS},
        candidates=(),
        members=(),
        related=(),
        updates=(),
        evidence=(),
        ruled_out=(),
        next_probe=None,
        acknowledged=None,
    )
    whole = {**envelope(message_id, kind, at, origin), "members": len(incident.members)}
    return msgspec.json.encode({**whole, "news": [], "shortened": True, "incident": shown}).decode()


_TEXTS = (
    "id",
    "api",
    "stage",
    "state",
    "opened_at",
    "resolved_at",
    "cause",
    "scope",
    "preceded_by",
    "because",
    "team",
    "runbook",
    "held_until",
)


def _shortened(found: str | None) -> str | None:
    return None if found is None else cut(visible_line(found), _LONGEST_PART)


def short_text(
    message_id: str, kind: str, at: str, incident: Incident, *, origin: Origin = UNNAMED
) -> str:
    """What happened, and where all of it is to be read."""
    name = cut(visible_line(incident.id), _LONGEST_PART)
    parts = (
        cut(visible_line(obeyed_by_none(_title(kind, incident))), _LONGEST_SUBJECT),
        "\n".join(
            [
                f"at {moment(at)}; this message was cut short to be delivered at all",
                *(cut(visible_line(one), _LONGEST_LINE) for one in where(origin)),
            ]
        ),
        f"in full:     {origin.command('incidents', name)}",
        f"incident {name}, message {message_id}",
    )
    return "\n\n".join(parts)


def _routes(incident: Incident) -> Iterator[str]:
    """By name, where the first line only counts them."""
    routes = sorted({one.route for one in concerned(incident)})
    if len(routes) > 1:
        more = [f"and {len(routes) - _MOST_NAMED} more"] if len(routes) > _MOST_NAMED else []
        yield f"routes:      {', '.join([*routes[:_MOST_NAMED], *more])}"


def _seen(incident: Incident) -> Iterator[str]:
    if incident.because and incident.state == OPEN:
        yield f"seen:        {incident.because}"


def _first(incident: Incident, origin: Origin) -> Iterator[str | Line]:
    found = steps(incident, origin)
    if found:
        yield "do first:" if len(found) == 1 else "do first, the likeliest cause before the others:"
    yield from lines(found)
    if incident.next_probe is not None and incident.finding in BY_CAUSE:
        yield "to tell the causes apart:"
        yield f"    {probe_phrase(incident.next_probe)}"
        yield f"    {incident.next_probe.why}"


def _owned(incident: Incident, origin: Origin) -> Iterator[str]:
    yield f"owner:       {owner_phrase(incident)}"
    if incident.runbook:
        yield f"runbook:     {incident.runbook}"
    if incident.acknowledged is not None:
        yield acknowledged_phrase(incident.acknowledged)
    elif incident.state == OPEN:
        yield f"take over:   {origin.command('ack', incident.id)}"
    yield f"in full:     {origin.command('incidents', incident.id)}"


def where(origin: Origin) -> Iterator[str]:
    """Which of many deployments says it. Both names, where the stack's differs from that of its
    metrics."""
    if origin.account:
        yield f"account:     {origin.account}"
    if origin.region:
        yield f"region:      {origin.region}"
    if origin.deployment:
        other = f", stack {origin.stack}" if origin.stack not in (None, origin.deployment) else ""
        yield f"deployment:  {origin.deployment}{other}"


def _members(incident: Incident) -> Iterator[str]:
    members = concerned(incident)
    yield "concerned:" if incident.state == OPEN else "no longer failing:"
    yield from (f"- {_member(one)}" for one in members[:_MOST_LINES])
    if len(members) > _MOST_LINES:
        yield f"- and {len(members) - _MOST_LINES} more"


def _member(one: Member) -> str:
    until = f" until {moment(one.until)}" if one.until else ""
    return f"{one.route} {caller_phrase(one.caller)}, since {moment(one.since)}{until}"


def _related(incident: Incident) -> Iterator[str]:
    """Where else the credential fails: this message covers those APIs, too."""
    found = [one for one in incident.related if one.until is None]
    if found:
        yield "the same credential fails at:"
    for one in found[:_MOST_LINES]:
        yield f"- {one.api}, since {moment(one.since)} (incident {one.incident})"
    if len(found) > _MOST_LINES:
        yield f"- and {len(found) - _MOST_LINES} more"


def _causes(incident: Incident) -> Iterator[str]:
    """The possible causes, and those ruled out with the reason, where known."""
    if incident.finding not in BY_CAUSE:
        return
    if incident.candidates:
        yield "possible causes:" if len(incident.candidates) > 1 else "cause:"
    yield from (f"- {candidate_line(one)}" for one in incident.candidates[:_MOST_LINES])
    if len(incident.candidates) > _MOST_LINES:
        yield f"- and {len(incident.candidates) - _MOST_LINES} more"
    if incident.ruled_out:
        yield "ruled out:"
        shown = incident.ruled_out[:_MOST_RULED_OUT]
        yield from (f"- {one.cause}: {one.because}" for one in shown)


def _evidence(incident: Incident) -> Iterator[str]:
    if incident.evidence:
        yield "evidence:"
    for one in incident.evidence[:_MOST_EXCHANGES]:
        yield f"  {sent_phrase(one)}"
        yield f"    {seen_phrase(one)}"


def _history(incident: Incident) -> Iterator[str]:
    """The history without its duration, which stands above."""
    updates = [one for one in incident.updates if not one.text.startswith("resolved after ")]
    yield "history:"
    for update in updates[-_MOST_UPDATES:]:
        yield f"- {moment(update.at)}: {update.text}"

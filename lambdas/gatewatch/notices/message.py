"""A message as a subject, as plain text for people and as JSON for programs."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

import msgspec
from msgspec.structs import replace

from gatewatch.incidents.correlate import moment
from gatewatch.incidents.learn import concerned
from gatewatch.model import EXPOSURES, Incident
from gatewatch.notices.card import Block, Card, Fact, place, title
from gatewatch.notices.origin import UNNAMED, USUAL_NAME, Origin
from gatewatch.notices.steps import Line
from gatewatch.notices.visible import cut, may_be_typed, obeyed_by_none, visible_line

MOST_MEMBERS = 100
"""The members of an incident in a message for programs."""
_LONGEST_SUBJECT = 99
_LONGEST_LINE = 1000
_MOST_LINES = 20
_MOST_EXCHANGES = 3
_MOST_UPDATES = 20


def subject(kind: str, incident: Incident, origin: Origin = UNNAMED) -> str:
    return in_subject(title(kind, incident), origin)


def in_subject(told: str, origin: Origin = UNNAMED) -> str:
    """One line of printable ASCII, as SNS requires, cut at a word, and which of many deployments
    says it: one name may stand in several accounts and regions."""
    where = _plain(_place(origin))
    return _cut(_plain(told), _LONGEST_SUBJECT - len(where)) + where


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


def text(card: Card) -> str:
    """For mail and terminals. What is new since the last message stands right below the subject."""
    return as_blocks(
        [card.title, *card.news],
        _facts(card.facts),
        _block(card.first),
        _facts(card.owned),
        _facts(card.place),
        *(_block(one) for one in card.blocks),
        [card.end],
    )


def _facts(found: Iterable[Fact]) -> Iterator[str | Line]:
    for one in found:
        yield f"{f'{one.label}:':<13}{one.value}" if one.label else one.value


def _block(found: Block) -> Iterator[str | Line]:
    if found.title:
        yield f"{found.title}:"
    yield from found.lines


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
        cut(visible_line(obeyed_by_none(title(kind, incident))), _LONGEST_SUBJECT),
        "\n".join(
            [
                f"at {moment(at)}; this message was cut short to be delivered at all",
                *(cut(visible_line(str(one)), _LONGEST_LINE) for one in _facts(place(origin))),
            ]
        ),
        f"in full:     {origin.command('incidents', name)}",
        f"incident {name}, message {message_id}",
    )
    return "\n\n".join(parts)

"""A message for a phone: one part of an SMS."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime

from msgspec import UnsetType

from gatewatch.incidents.correlate import OPEN, began, length
from gatewatch.model import Incident
from gatewatch.notices.card import Card
from gatewatch.notices.words import concerned_phrase, place_phrase, what_phrase

MOST_CHARACTERS = 140
"""A part holds 160 characters of the basic set of GSM 03.38; the provider may set a name before.

https://docs.aws.amazon.com/sns/latest/dg/sms_sending-overview.html
"""
_ID_SHOWN = 14
"""Enough of an incident's id for a command."""
_LONGEST_PLACE = 20
# What ASCII has beyond that set takes the room of two, or makes all characters take more.
_BASIC = str.maketrans(r"{}[]~|\^" + "`", "()()-//''")
_OTHERS = re.compile(r"[^\x20-\x7e]")


def body(card: Card) -> str:
    incident = card.incident
    if incident is None:
        return _cut(_basic(card.title), MOST_CHARACTERS)
    end = f". {_when(incident)}. {_next(card, incident)}"
    grade = f"{incident.severity.upper()} {card.kind.upper()} "
    place = _cut(_basic(place_phrase(incident)), _LONGEST_PLACE)
    begin = f"{_basic(grade)}{place}: "
    return f"{begin}{_what(incident, MOST_CHARACTERS - len(begin) - len(end))}{end}"


def _what(incident: Incident, room: int) -> str:
    """What is the matter goes before how its routes are called."""
    matter = _cut(_basic(what_phrase(incident)), room)
    left = room - len(matter) - 1
    named = _basic(concerned_phrase(incident))
    return f"{_cut(named, left)} {matter}" if left >= min(len(named), 4) else matter


def _when(incident: Incident) -> str:
    if incident.resolved_at is not None:
        return f"Lasted {length(incident.opened_at, incident.resolved_at)}"
    first = began(incident) if incident.members else incident.opened_at
    read = datetime.fromisoformat(first)
    aware = read if read.tzinfo else read.replace(tzinfo=UTC)
    return f"Since {aware.astimezone(UTC).strftime('%m-%d %H:%MZ')}"


def _next(card: Card, incident: Incident) -> str:
    """The command without its options, for which there is no room."""
    name = _cut(_basic(incident.id), _ID_SHOWN, "")
    commands = card.message.commands
    is_free = not isinstance(commands, UnsetType) and commands.acknowledge is not None
    verb = "ack" if is_free and incident.state == OPEN else "incidents"
    return f"gatewatch {verb} {name}"


def _basic(text: str) -> str:
    """In characters that take the room of one."""
    parts = unicodedata.normalize("NFKD", text)
    plain = "".join(one for one in parts if not unicodedata.combining(one))
    return _OTHERS.sub("?", plain).translate(_BASIC)


def _cut(text: str, longest: int, mark: str = "..") -> str:
    return text if len(text) <= longest else f"{text[: max(longest - len(mark), 0)]}{mark}"

"""What programs get of a message: one JSON document, whose schema is generated from these types.

docs/message.schema.json is published. Fields may be added to version 1; none is taken away, nor
changes its meaning.
"""

from __future__ import annotations

from collections.abc import Iterator
from inspect import cleandoc
from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from gatewatch.incidents.learn import concerned
from gatewatch.model import EXPOSURES, Incident
from gatewatch.notices.visible import cut, visible_line

MOST_MEMBERS = 100
"""The members of an incident in a message for programs."""
_MOST_LINES = 20
_MOST_EXCHANGES = 3
_MOST_UPDATES = 20
_LONGEST_LINE = 1000
_LONGEST_PART = 100
"""The longest part of the shortest messages, in characters."""


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A page to read on: what it is, and its address."""

    text: str
    href: str


class Commands(msgspec.Struct, frozen=True, kw_only=True):
    """Commands to paste. `confirm`: it only reads, and tells whether the first cause is true;
    `repeat`: the look that decides, with curl, and a variable of the shell where a credential was.
    Neither stands in a message about an exposure. `acknowledge`: takes the incident over; `mute`:
    nobody is told of the API for a while; `in_full`: prints the incident with its evidence."""

    confirm: str | None = None
    repeat: str | None = None
    acknowledge: str | None = None
    mute: str | None = None
    in_full: str | None = None


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message. The same news sent twice has the same `message_id`.

    `kind`: `opened`, `changed`, `reminder`, `acknowledged`, `escalated` or `resolved`, of an
    incident; `test`, `paused` or `resumed`, of the monitor itself, and then `incident` is null.
    There may be further ones. `at`: its time, in ISO 8601. `account`, `region` and `deployment` say
    which of many deployments sends it; they are null on one machine.

    `title`: one line for people, with severity and kind in front of the `symptom`. `news`: what is
    new since the last message, in lines. `members`: how many the incident has, of which at most a
    hundred are listed. `expected`: what the routes should have done; `incident.because` is what
    they did. `stopped_at`: the gates in the request's way, and at which of them it stopped.
    `shortened`: its lists are left out and its texts are cut, since it could not be sent otherwise.

    Of a message about the monitor: `test`: nothing has happened. `gatewatch`: its version. `by` and
    `why`: who asked for it, and the reason given. `apis`: which are paused or looked at again;
    none: all, except those of `still_paused`. `until`: when the pause ends by itself; `ended_by`:
    who ended it before.
    """

    version: Literal[1] = 1
    message_id: str
    kind: str
    at: str
    account: str | None = None
    region: str | None = None
    deployment: str | None = None
    title: str
    symptom: str
    news: tuple[str, ...] | UnsetType = UNSET
    members: int | UnsetType = UNSET
    shortened: bool | UnsetType = UNSET
    expected: str | UnsetType | None = UNSET
    stopped_at: str | UnsetType | None = UNSET
    commands: Commands | UnsetType = UNSET
    links: tuple[Link, ...] | UnsetType = UNSET
    test: bool | UnsetType = UNSET
    gatewatch: str | UnsetType = UNSET
    by: str | UnsetType = UNSET
    why: str | UnsetType | None = UNSET
    apis: tuple[str, ...] | UnsetType = UNSET
    until: str | UnsetType | None = UNSET
    ended_by: str | UnsetType | None = UNSET
    still_paused: tuple[str, ...] | UnsetType = UNSET
    incident: Incident | None = None


def schema() -> dict[str, Any]:
    """The JSON Schema of a message."""
    found = msgspec.json.schema(Message)
    for one in found["$defs"].values():
        if told := one.get("description"):
            one["description"] = cleandoc(told)
    title = {"title": "A message of Gatewatch, version 1"}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **title, **found}


def written(message: Message, most: int = MOST_MEMBERS) -> str:
    """The document, with at most so many members. What people wrote, and lines, are bounded."""
    return msgspec.json.encode(_bounded(message, most)).decode()


def _bounded(message: Message, most: int) -> Message:
    incident = message.incident
    return replace(
        message,
        title=cut(message.title, _LONGEST_LINE),
        symptom=cut(message.symptom, _LONGEST_LINE),
        news=_lines(message.news),
        incident=None if incident is None else _bounded_incident(incident, most),
    )


def _lines(found: tuple[str, ...] | UnsetType) -> tuple[str, ...] | UnsetType:
    if isinstance(found, UnsetType):
        return UNSET
    return tuple(one[:_LONGEST_LINE] for one in found[:_MOST_LINES])


def _bounded_incident(incident: Incident, most: int) -> Incident:
    """An exposure's evidence is left out: whoever reads it could call the route."""
    is_exposure = incident.finding in EXPOSURES
    return replace(
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


def shortened(message: Message) -> Message:
    """Without lists and with all texts cut: whatever it holds, it is not long."""
    incident = message.incident
    return replace(
        message,
        title=_cut(message.title),
        symptom=_cut(message.symptom),
        news=() if incident is not None else UNSET,
        shortened=True,
        expected=UNSET,
        stopped_at=UNSET,
        commands=UNSET,
        links=UNSET,
        why=UNSET if isinstance(message.why, UnsetType) else _cut_or_none(message.why),
        apis=UNSET if isinstance(message.apis, UnsetType) else (),
        still_paused=UNSET if isinstance(message.still_paused, UnsetType) else (),
        incident=None if incident is None else _shortened_incident(incident),
    )


def shortest(message: Message) -> str:
    return msgspec.json.encode(shortened(message)).decode()


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
    "ended_after",
    "because",
    "team",
    "runbook",
    "held_until",
)


def _shortened_incident(incident: Incident) -> Incident:
    return replace(
        incident,
        **{name: _cut_or_none(getattr(incident, name)) for name in _TEXTS},
        candidates=(),
        members=(),
        related=(),
        updates=(),
        evidence=(),
        ruled_out=(),
        next_probe=None,
        acknowledged=None,
    )


def _cut(found: str) -> str:
    return cut(visible_line(found), _LONGEST_PART)


def _cut_or_none(found: str | None) -> str | None:
    return None if found is None else _cut(found)


_FEWER = (MOST_MEMBERS, 20, 5, 1)


def forms(message: Message) -> Iterator[str]:
    """The document in ever shorter forms: evidence is left out before members."""
    yield written(message)
    yield from (written(without_evidence(message), most) for most in _FEWER)
    yield shortest(message)


def without_evidence(message: Message) -> Message:
    incident = message.incident
    if incident is None:
        return message
    return replace(message, incident=replace(incident, evidence=(), ruled_out=()))


def fitting(message: Message, most_bytes: int) -> str:
    """The fullest form of at most so many bytes; the last one, where none is."""
    found = ""
    for found in forms(message):
        if len(found.encode()) <= most_bytes:
            break
    return found

"""What must be said of an incident: once when it opens, changes its cause, and ends.

How it is said again is in `reminder`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from hashlib import sha256

import msgspec
from msgspec.structs import replace

from gatewatch.config.canonical import Channel
from gatewatch.correlate import OPEN
from gatewatch.model import EXPOSURES, Incident


class Kind(StrEnum):
    OPENED = "opened"
    CHANGED = "changed"
    REMINDER = "reminder"
    RESOLVED = "resolved"


OWN = Channel(topic="")
"""The deployment's own topic."""


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One message to one channel. The same news told twice has the same `message_id`."""

    message_id: str
    kind: Kind
    at: str
    topic: str
    incident: Incident


Said = tuple[str, ...]
"""What a message about an open incident has told; another one is worth another message."""


def notices(
    said: Mapping[str, Said],
    after: Iterable[Incident],
    channels: Iterable[Channel],
    at: str,
) -> list[Notice]:
    """What is to be said of these incidents, where that much of them was `said` already."""
    told = list(channels)
    return [
        notice(kind, one, channel, at)
        for one in after
        if (kind := _kind(said.get(one.id), one)) is not None
        for channel in takers(one, told)
    ]


def takers(incident: Incident, channels: Iterable[Channel]) -> list[Channel]:
    """Who is told of an incident. An exposure goes to those who wait for nothing else, and to the
    deployment's own topic; to everybody, where nobody takes it so."""
    taking = [one for one in channels if not one.severities or incident.severity in one.severities]
    security = [one for one in taking if one.only is not None]
    if incident.finding in EXPOSURES and security:
        return [one for one in taking if one.topic == OWN.topic or one.only is not None]
    return [one for one in taking if one.only is None]


def _kind(before: Said | None, after: Incident) -> Kind | None:
    """Of an incident that ended before anybody was told, nothing is said."""
    if after.state != OPEN:
        return None if before is None else Kind.RESOLVED
    if before is None:
        return Kind.OPENED
    return Kind.CHANGED if before != told(after) else None


def told(incident: Incident) -> Said:
    return (incident.finding, incident.layer, incident.cause, incident.severity)


def notice(kind: Kind, incident: Incident, channel: Channel, at: str) -> Notice:
    names = "\0".join((incident.id, kind, "" if kind is Kind.OPENED else at, channel.topic))
    return Notice(
        message_id=sha256(names.encode()).hexdigest()[:32],
        kind=kind,
        at=at,
        topic=channel.topic,
        incident=incident,
    )


def merged(found: Iterable[Notice]) -> tuple[Notice, ...]:
    """One message for an incident that opens and is understood better in the same moment."""
    kept: dict[tuple[str, str, Kind], Notice] = {}
    for one in found:
        place = (one.incident.id, one.topic)
        opened = kept.get((*place, Kind.OPENED))
        if one.kind is Kind.CHANGED and opened is not None:
            kept[(*place, Kind.OPENED)] = replace(opened, incident=one.incident)
        else:
            kept[(*place, one.kind)] = one
    return tuple(kept.values())


_MOST_WAITING = 100


def bounded(outbox: Sequence[Notice]) -> tuple[Notice, ...]:
    """The newest for each channel: one that takes nothing for weeks must not fill the memory from
    which the others are told."""
    waiting = Counter(one.topic for one in outbox)
    kept: list[Notice] = []
    for one in outbox:
        if waiting[one.topic] <= _MOST_WAITING:
            kept.append(one)
        waiting[one.topic] -= 1
    return tuple(kept)

"""Turns an announcement into one message for each channel that takes it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from hashlib import sha256

import msgspec
from msgspec.structs import replace

from gatewatch.config.canonical import Channel
from gatewatch.incidents.announce import Announcement, AnnouncementKind
from gatewatch.model import EXPOSURES, Incident

OWN = Channel(topic="")
"""The deployment's own topic."""


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One message to one channel. The same news sent twice has the same `message_id`.

    `news`: what is new since the last message, in lines for people.
    """

    message_id: str
    kind: AnnouncementKind
    at: str
    topic: str
    incident: Incident
    news: tuple[str, ...] = ()


def notices(found: Iterable[Announcement], channels: Iterable[Channel]) -> list[Notice]:
    known = list(channels)
    return [_notice(one, channel) for one in found for channel in takers(one.incident, known)]


def takers(incident: Incident, channels: Iterable[Channel]) -> list[Channel]:
    """The channels that get an incident. An exposure goes to the security routes and to the
    deployment's own topic; without a security route that takes it, to all."""
    taking = [one for one in channels if not one.severities or incident.severity in one.severities]
    security = [one for one in taking if one.only is not None]
    if incident.finding in EXPOSURES and security:
        return [one for one in taking if one.topic == OWN.topic or one.only is not None]
    return [one for one in taking if one.only is None]


def _notice(found: Announcement, channel: Channel) -> Notice:
    moment = "" if found.kind is AnnouncementKind.OPENED else found.at
    names = "\0".join((found.incident.id, found.kind, moment, channel.topic))
    return Notice(
        message_id=sha256(names.encode()).hexdigest()[:32],
        kind=found.kind,
        at=found.at,
        topic=channel.topic,
        incident=found.incident,
        news=found.news,
    )


def merged(found: Iterable[Notice]) -> tuple[Notice, ...]:
    """One message for an incident that opens and changes at the same moment."""
    kept: dict[tuple[str, str, AnnouncementKind], Notice] = {}
    for one in found:
        place = (one.incident.id, one.topic)
        opened = kept.get((*place, AnnouncementKind.OPENED))
        if one.kind is AnnouncementKind.CHANGED and opened is not None:
            kept[(*place, AnnouncementKind.OPENED)] = replace(opened, incident=one.incident)
        else:
            kept[(*place, one.kind)] = one
    return tuple(kept.values())


_MOST_WAITING = 100


def bounded(outbox: Sequence[Notice]) -> tuple[Notice, ...]:
    """The newest for each channel: one that accepts nothing for weeks must not fill the ledger that
    serves the others."""
    waiting = Counter(one.topic for one in outbox)
    kept: list[Notice] = []
    for one in outbox:
        if waiting[one.topic] <= _MOST_WAITING:
            kept.append(one)
        waiting[one.topic] -= 1
    return tuple(kept)

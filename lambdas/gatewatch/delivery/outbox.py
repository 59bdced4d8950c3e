"""Turns an announcement into one message for each channel that takes it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from hashlib import sha256

import msgspec
from msgspec.structs import replace

from gatewatch.config.canonical import Channel
from gatewatch.incidents.announce import Announcement, AnnouncementKind
from gatewatch.model import EXPOSURES, Incident, Severity
from gatewatch.notices.notice import Notice

OWN = Channel(topic="")
"""The deployment's own topic."""


def notices(found: Iterable[Announcement], channels: Iterable[Channel]) -> list[Notice]:
    known = list(channels)
    return [_notice(one, channel) for one in found for channel in takers(one.incident, known)]


def takers(incident: Incident, channels: Iterable[Channel]) -> list[Channel]:
    """The channels that get an incident, each once. An exposure goes to the security routes and to
    the deployment's own topic; without a security route that takes it, to all."""
    wanting = {one.key: one for one in channels if _takes(one, incident)}
    taking = list(wanting.values())
    security = [one for one in taking if one.only is not None]
    if incident.finding in EXPOSURES and security:
        return [one for one in taking if one.key == OWN.key or one.only is not None]
    return [one for one in taking if one.only is None]


def is_heard(incident: Incident, severity: Severity, channels: Collection[Channel]) -> bool:
    """Whether every channel that gets an incident would also get one of this severity."""
    return set(takers(incident, channels)) <= set(
        takers(replace(incident, severity=severity), channels)
    )


def _takes(channel: Channel, incident: Incident) -> bool:
    return (
        (not channel.severities or incident.severity in channel.severities)
        and (channel.owners is msgspec.UNSET or incident.team in channel.owners)
        and (channel.layers is msgspec.UNSET or incident.layer in channel.layers)
        and (channel.findings is msgspec.UNSET or incident.finding in channel.findings)
    )


def _notice(found: Announcement, channel: Channel) -> Notice:
    moment = "" if found.kind is AnnouncementKind.OPENED else found.at
    names = "\0".join((found.incident.id, found.kind, moment, channel.key))
    return Notice(
        message_id=sha256(names.encode()).hexdigest()[:32],
        kind=found.kind,
        at=found.at,
        channel=channel.key,
        incident=found.incident,
        news=found.news,
        via=msgspec.UNSET if channel.is_plain else channel,
    )


def merged(found: Iterable[Notice]) -> tuple[Notice, ...]:
    """One message for an incident that opens and changes at the same moment."""
    kept: dict[tuple[str, str, AnnouncementKind], Notice] = {}
    for one in found:
        place = (one.incident.id, one.channel)
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
    waiting = Counter(one.channel for one in outbox)
    kept: list[Notice] = []
    for one in outbox:
        if waiting[one.channel] <= _MOST_WAITING:
            kept.append(one)
        waiting[one.channel] -= 1
    return tuple(kept)

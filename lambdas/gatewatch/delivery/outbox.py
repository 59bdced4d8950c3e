"""Which channels take an incident, and the messages that wait for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from datetime import datetime
from hashlib import sha256

import msgspec
from msgspec.structs import replace

from gatewatch.config.canonical import Channel
from gatewatch.config.windows import open_at, recent
from gatewatch.incidents.announce import Announcement, AnnouncementKind
from gatewatch.incidents.links import Claim
from gatewatch.model import EXPOSURES, Incident
from gatewatch.notices.notice import Notice

OWN = Channel(topic="")
"""The deployment's own topic."""


def takers(incident: Incident, channels: Iterable[Channel]) -> list[Channel]:
    """The channels that get an incident as soon as it is announced, each once. An exposure goes to
    the security routes and to the deployment's own topic; without a security route that takes it,
    to all."""
    at_once = [one for one in channels if one.after_seconds is msgspec.UNSET]
    return _each_once(_routed(incident, at_once))


def later_takers(incident: Incident, channels: Iterable[Channel]) -> list[Channel]:
    """Those that get it once nobody has acknowledged it for long. Where any security route takes an
    exposure, no other channel gets it later, either."""
    found = _routed(incident, channels)
    return _each_once(one for one in found if one.after_seconds is not msgspec.UNSET)


def _routed(incident: Incident, channels: Iterable[Channel]) -> list[Channel]:
    taking = [one for one in channels if _takes(one, incident)]
    security = [one for one in taking if one.only is not None]
    if incident.finding in EXPOSURES and security:
        return [one for one in taking if one.key == OWN.key or one.only is not None]
    return [one for one in taking if one.only is None]


def may_read(channel: Channel, incident: Incident, channels: Iterable[Channel]) -> bool:
    """Whether a channel that was told of an incident may hear what has become of it: an exposure
    is for the security routes, where one takes it, and for the deployment's own topic."""
    is_kept_apart = incident.finding in EXPOSURES and any(
        one.only is not None and _takes(one, incident) for one in channels
    )
    return not is_kept_apart or channel.only is not None or channel.key == OWN.key


def _each_once(channels: Iterable[Channel]) -> list[Channel]:
    return list({one.key: one for one in channels}.values())


def is_heard(
    incident: Incident, claim: Claim, channels: Collection[Channel], apart: Container[str]
) -> bool:
    """Whether every channel that gets an incident, at once or later, also gets the one of another
    API that claims to tell of it. Those `apart`, by key, take only the incidents of some APIs."""
    of_all = [one for one in channels if one.key not in apart]
    theirs = claim.told(incident)
    return {*takers(incident, channels), *later_takers(incident, channels)} <= {
        *takers(theirs, of_all),
        *later_takers(theirs, of_all),
    }


def apart(channels: Iterable[Channel]) -> frozenset[str]:
    """The keys of the channels that take only the incidents of some APIs."""
    return frozenset(one.key for one in channels if one.apis is not msgspec.UNSET)


def _takes(channel: Channel, incident: Incident) -> bool:
    return (
        (not channel.severities or incident.severity in channel.severities)
        and (channel.owners is msgspec.UNSET or incident.team in channel.owners)
        and (channel.layers is msgspec.UNSET or incident.layer in channel.layers)
        and (channel.findings is msgspec.UNSET or incident.finding in channel.findings)
    )


def quiet_until(channel: Channel, incident: Incident, at: str) -> str | None:
    """The end of the quiet hours in which this channel is told nothing of the incident now; None
    where it is told. An exposure is never quiet."""
    quiet = channel.quiet
    if isinstance(quiet, msgspec.UnsetType) or incident.finding in EXPOSURES:
        return None
    if incident.severity not in quiet.severities:
        return None
    now = datetime.fromisoformat(at)
    minute = now.replace(second=0, microsecond=0)
    opening = open_at(recent(quiet.window, minute), now)
    return None if opening is None else opening.until.isoformat()


def notice(found: Announcement, channel: Channel) -> Notice:
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


def hushed(
    outbox: Iterable[Notice],
    incidents: Mapping[str, Incident],
    channels: Iterable[Channel],
    at: str,
) -> tuple[Notice, ...]:
    """The outbox, each message with the time until which it waits for the end of quiet hours: those
    of an incident wait or go together, so that they stay in order. `incidents`: as they are now."""
    known = list(channels)
    return tuple(
        _until(one, _quiet_until(one, incidents.get(one.incident.id, one.incident), known, at))
        for one in outbox
    )


def _until(one: Notice, until: str | None) -> Notice:
    wanted: str | msgspec.UnsetType = msgspec.UNSET if until is None else until
    return one if one.waits_until == wanted else replace(one, waits_until=wanted)


def _quiet_until(
    one: Notice, incident: Incident, channels: Sequence[Channel], at: str
) -> str | None:
    channel = named(one.channel, incident, channels)
    return None if channel is None else quiet_until(channel, incident, at)


def named(key: str, incident: Incident, channels: Sequence[Channel]) -> Channel | None:
    """The channel of this key; of several, the one that takes the incident."""
    own = [one for one in channels if one.key == key]
    return next((one for one in own if _takes(one, incident)), own[-1] if own else None)


def still_known(outbox: Iterable[Notice], channels: Iterable[Channel]) -> tuple[Notice, ...]:
    """Without the messages to channels that left the configuration."""
    keys = {one.key for one in channels}
    return tuple(one for one in outbox if one.channel in keys)


_MOST_WAITING = 100


def bounded(outbox: Sequence[Notice]) -> tuple[Notice, ...]:
    """The newest for each channel: one that accepts nothing for weeks must not fill the ledger that
    serves the others. Quiet hours are no such failure: what waits for their end stays."""
    failing = Counter(one.channel for one in outbox if one.waits_until is msgspec.UNSET)
    kept: list[Notice] = []
    for one in outbox:
        if one.waits_until is not msgspec.UNSET:
            kept.append(one)
            continue
        if failing[one.channel] <= _MOST_WAITING:
            kept.append(one)
        failing[one.channel] -= 1
    return tuple(kept)

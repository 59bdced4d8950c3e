"""Which channel is told what of an incident, and when.

An announcement goes to the channels that take its incident, and from then on to those that were
told of it, whatever becomes of its severity, layer, finding or owner: who was told that it began is
told how it goes on, and that it ended. Of what has become an exposure for security routes, others
are told the end alone. Besides, whenever somebody looks after an API:

- A channel that takes an announced incident and was not told of it, is told of it as it is now, as
  of one that opens: since it has only now become so grave, or the channel is new, or was quiet.
- While a channel is quiet, it is told nothing of the incidents of the listed severities. Those that
  have begun and ended meanwhile it never hears of. Afterwards it hears at once of those that are
  still open; in one message what is new of those that it knew; and of their ends, which wait in the
  outbox. What becomes graver than the listed severities, or an exposure, it is told at once.
- A channel with `after` is told once an announced incident was not acknowledged for so long.
- Who took an incident over is told once to each channel that can show it.
- Nothing is told so while the incident is held back or muted, nor is one escalated while nobody
  looks.

A channel that left the configuration is told nothing any more; what it was told stays open there.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

import msgspec
from msgspec.structs import replace

from gatewatch.config.canonical import Channel, HookKind
from gatewatch.delivery.outbox import (
    bounded,
    hushed,
    later_takers,
    may_read,
    merged,
    named,
    notice,
    quiet_until,
    takers,
)
from gatewatch.incidents.announce import (
    Announced,
    Announcement,
    AnnouncementKind,
    elsewhere,
    end,
    fully_announced,
)
from gatewatch.incidents.correlate import OPEN, fails_now, length
from gatewatch.incidents.story import Story
from gatewatch.model import Acknowledgement, Incident
from gatewatch.notices.audience import Audience, Ear, Place, Told, places
from gatewatch.notices.notice import Notice

_NEWS = (AnnouncementKind.OPENED, AnnouncementKind.CHANGED)
_MOST_NEWS = 20


def tell(
    before: Told,
    story: Story,
    said: Container[str],
    channels: Sequence[Channel],
    at: str,
    ended: Iterable[Incident] = (),
) -> Told:
    """All that is due by now, after the story of a moment; `said`: the incidents that had been
    announced before it. `ended`: others, whose end was told to nobody yet."""
    teller = Teller(before.audiences, channels, at, said, places(before.outbox))
    for one in story.announcements:
        teller.announce(one)
    teller.catch_up((*story.incidents.values(), *ended), story.said)
    waiting = (*before.outbox, *teller.notices)
    kept = bounded(waiting)
    return Told(
        outbox=hushed(kept, story.incidents, channels, at),
        audiences=teller.audiences,
        dropped=places(waiting) - places(kept),
    )


class Teller:
    """Tells the channels of an API's incidents, and keeps what they know.

    `audiences`: of each incident that was announced; `said`: those that had been announced before.
    `waiting`: what has a message in the outbox, and is not reminded. `notices`: what this object
    tells.
    """

    def __init__(
        self,
        audiences: Mapping[str, Audience],
        channels: Iterable[Channel],
        at: str,
        said: Container[str] = (),
        waiting: Container[Place] = (),
    ) -> None:
        self.audiences = dict(audiences)
        self._said = said
        self._channels = list(channels)
        self._at = at
        self._waiting = waiting
        self._told: list[Notice] = []

    @property
    def notices(self) -> tuple[Notice, ...]:
        return merged(self._told)

    def announce(self, found: Announcement) -> None:
        """To those that were told before, and, where it is news that it is open, to all that take
        it. What ends without having been announced is told to these, too."""
        incident = found.incident
        before = self.audiences.get(incident.id)
        is_bare = found.kind is AnnouncementKind.RESOLVED and before is None
        is_new = found.kind in _NEWS or (is_bare and incident.id not in self._said)
        audience = before or Audience(since=found.at)
        ears = dict(audience.ears)
        for channel in takers(incident, self._channels) if is_new else ():
            if channel.key not in ears and (is_bare or not self._is_quiet(channel, incident)):
                self._tell(found if is_bare else _opening(found), channel)
                ears[channel.key] = Ear()
        for channel, ear in self._hearers(audience, incident):
            if found.kind is AnnouncementKind.RESOLVED or self._may_read(channel, incident):
                ears[channel.key] = self._go_on(found, channel, ear)
        self._keep(incident, replace(audience, ears=ears))

    def _go_on(self, found: Announcement, channel: Channel, ear: Ear) -> Ear:
        """Tells a channel that was told before. An end waits in the outbox while it is quiet."""
        if found.kind is AnnouncementKind.REMINDER:
            is_waiting = (found.incident.id, channel.key) in self._waiting
            if is_waiting or self._is_quiet(channel, found.incident):
                return ear
        elif found.kind is not AnnouncementKind.RESOLVED and self._is_quiet(
            channel, found.incident
        ):
            return replace(ear, news=(*ear.news, *found.news)[-_MOST_NEWS:])
        self._tell(replace(found, news=(*ear.news, *found.news)[-_MOST_NEWS:]), channel)
        return replace(ear, news=())

    def catch_up(self, incidents: Iterable[Incident], said: Container[str]) -> None:
        """Tells what is due by now of these incidents; `said`: those that were announced."""
        for one in incidents:
            audience = self.audiences.get(one.id)
            if one.state != OPEN:
                if audience is not None:
                    self.announce(end(one, self._at))
            elif one.id in said and _may_be_told(one):
                self._keep(one, self._caught_up(one, audience or Audience(since=self._at)))

    def _caught_up(self, incident: Incident, audience: Audience) -> Audience:
        ears = dict(audience.ears)
        due = self._due(incident, audience) if fails_now(incident) else ()
        for found, channel in due:
            if channel.key not in ears and not self._is_quiet(channel, incident):
                self._tell(found, channel)
                ears[channel.key] = Ear()
        for channel, ear in self._hearers(replace(audience, ears=ears), incident):
            if self._may_read(channel, incident) and not self._is_quiet(channel, incident):
                ears[channel.key] = self._brought_up(incident, channel, ear)
        return audience if ears == audience.ears else replace(audience, ears=ears)

    def _due(
        self, incident: Incident, audience: Audience
    ) -> Iterator[tuple[Announcement, Channel]]:
        """What those are told that were not told yet."""
        kind, shown = AnnouncementKind.OPENED, fully_announced(incident)
        opening = _announcement(kind, self._at, shown, elsewhere(incident))
        for channel in takers(incident, self._channels):
            yield opening, channel
        if incident.acknowledged is not None or incident.paused is not None:
            return
        lasted = _moment(self._at) - _moment(audience.since)
        news = f"nobody has acknowledged it for {length(audience.since, self._at)}"
        escalated = _announcement(AnnouncementKind.ESCALATED, self._at, shown, (news,))
        for channel in later_takers(incident, self._channels):
            after = channel.after_seconds
            if not isinstance(after, msgspec.UnsetType) and lasted.total_seconds() >= after:
                yield escalated, channel

    def _brought_up(self, incident: Incident, channel: Channel, ear: Ear) -> Ear:
        """What is new since it was told last, if it still fails, and who took it over: a page that
        somebody took rings no more, also between two failures."""
        shown = fully_announced(incident)
        if ear.news and fails_now(incident):
            kind = AnnouncementKind.CHANGED
            self._tell(_announcement(kind, self._at, shown, ear.news), channel)
            ear = replace(ear, news=())
        who = incident.acknowledged
        if who is None:
            return ear
        if ear.acknowledged != who.at and shows_acknowledgements(channel):
            kind = AnnouncementKind.ACKNOWLEDGED
            self._tell(_announcement(kind, self._at, shown, (_taken_over(who),)), channel)
        return replace(ear, acknowledged=who.at)

    def _hearers(self, audience: Audience, incident: Incident) -> Iterator[tuple[Channel, Ear]]:
        """Those that were told and are still configured."""
        for key, ear in audience.ears.items():
            channel = named(key, incident, self._channels)
            if channel is not None:
                yield channel, ear

    def _may_read(self, channel: Channel, incident: Incident) -> bool:
        return may_read(channel, incident, self._channels)

    def _is_quiet(self, channel: Channel, incident: Incident) -> bool:
        return quiet_until(channel, incident, self._at) is not None

    def _tell(self, found: Announcement, channel: Channel) -> None:
        self._told.append(notice(found, channel))

    def _keep(self, incident: Incident, audience: Audience) -> None:
        if incident.state == OPEN:
            self.audiences[incident.id] = audience
        else:
            self.audiences.pop(incident.id, None)


def assumed(incident: Incident, said: Announced, channels: Iterable[Channel]) -> Audience:
    """Whom a version of before, which kept no audience, has told of an incident."""
    as_said = replace(incident, severity=said.severity, layer=said.layer, finding=said.finding)
    who = incident.acknowledged
    ear = Ear(acknowledged="" if who is None else who.at)
    ears = {one.key: ear for one in takers(as_said, channels)}
    return Audience(since=incident.opened_at, ears=ears)


_SHOWING = frozenset(HookKind) - {HookKind.INCIDENT_IO}


def shows_acknowledgements(channel: Channel) -> bool:
    """Whether it can show that somebody has taken over. Mail and SMS cannot."""
    if not isinstance(channel.hook, msgspec.UnsetType):
        return channel.hook.kind in _SHOWING
    return channel.bus is not msgspec.UNSET or channel.shape == "chat"


def _opening(found: Announcement) -> Announcement:
    """As those are told for whom it opens now."""
    if found.kind is AnnouncementKind.OPENED:
        return found
    kind = AnnouncementKind.OPENED
    return replace(found, kind=kind, news=elsewhere(found.incident))


def _announcement(
    kind: AnnouncementKind, at: str, incident: Incident, news: tuple[str, ...]
) -> Announcement:
    return Announcement(kind=kind, at=at, incident=incident, news=news)


def _taken_over(who: Acknowledgement) -> str:
    return f"acknowledged by {who.by}{f': {who.why}' if who.why else ''}"


def _may_be_told(incident: Incident) -> bool:
    return incident.held_until is None and incident.muted is None and incident.part_of is None


def _moment(at: str) -> datetime:
    return datetime.fromisoformat(at)

"""The incidents of one API over time, and their announcements.

Both a run on one machine and the writer in the account use it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec
from msgspec.structs import replace

from gatewatch.config.windows import Opening, open_at
from gatewatch.incidents.announce import (
    SHORT_WHILE,
    Announced,
    Announcement,
    announce,
    announced_of,
    end,
    is_to_be_reminded,
    remind,
    still,
)
from gatewatch.incidents.correlate import OPEN, began, correlate, ended_at, fails_now
from gatewatch.incidents.deployments import Deployment, meanwhile, precedes, preceding
from gatewatch.incidents.links import (
    ALONE,
    Claim,
    Links,
    claim_of,
    is_followed,
    leader,
    related,
    was_left,
)
from gatewatch.incidents.maintenance import hold
from gatewatch.incidents.mute import Mute, mute
from gatewatch.incidents.pause import pause
from gatewatch.incidents.track import Key, RouteState, Transition
from gatewatch.model import (
    EXPOSURES,
    GOT_THROUGH,
    SEVERITIES,
    Finding,
    Incident,
    Paused,
    Severity,
)


class ApiContext(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What announcements need from an API's configuration.

    `maintenance`: its windows that are open, or were within the last hour. `paused`: nobody looks
    at it now. `deployments`: its last ones, where they are known. `mutes`: those in force.
    """

    team: str | None = None
    runbook: str | None = None
    maintenance: tuple[Opening, ...] = ()
    remind_every_seconds: float | None = None
    paused: Paused | None = None
    deployments: tuple[Deployment, ...] = ()
    mutes: tuple[Mute, ...] = ()

    def is_heard_with(self, incident: Incident, claim: Claim) -> bool:
        """Whether all recipients of an incident also get the claiming one."""
        return not is_graver(incident.severity, claim.severity)


def is_graver(one: Severity, other: Severity) -> bool:
    return SEVERITIES.index(one) > SEVERITIES.index(other)


RESTLESS_FOR = timedelta(hours=1)
_STRANGERS_MATTER = GOT_THROUGH | {Finding.REFUSED, Finding.PUBLIC_ROUTE_CLOSED}


def is_restless(incidents: Iterable[Incident], at: str) -> bool:
    """Whether looks without a credential are taken as often as others.

    They narrow down a refusal and show when an exposure is over. Each provokes a refusal, so only
    exposures keep them frequent for longer than an hour.
    """
    now = datetime.fromisoformat(at)
    return any(
        one.state == OPEN
        and one.finding in _STRANGERS_MATTER
        and (one.finding in EXPOSURES or now - _opened(one) < RESTLESS_FOR)
        for one in incidents
    )


def restless_apis(incidents: Iterable[Incident], at: str) -> frozenset[str]:
    """The APIs that one of these open incidents makes restless."""
    return frozenset(one.api for one in incidents if is_restless([one], at))


def _opened(incident: Incident) -> datetime:
    return datetime.fromisoformat(incident.opened_at)


class Story:
    """The incidents of one API while its looks come in.

    `said`: the last announcement of each open incident; one that is missing was not announced.
    `announcements`: those made by this object, in order. `links`: the open incidents of other APIs
    in which the same credential fails.
    """

    def __init__(
        self,
        api: str,
        about: ApiContext,
        incidents: Iterable[Incident],
        said: Mapping[str, Announced],
        links: Links = ALONE,
    ) -> None:
        self._api = api
        self._about = about
        self._links = links
        self.incidents = {one.id: one for one in incidents}
        self.said = dict(said)
        self.announcements: list[Announcement] = []

    def go_on(self, states: Mapping[Key, RouteState], turns: Sequence[Transition], at: str) -> None:
        """Applies the changes of a moment; `states` are those after it."""
        unannounced = [
            one for one in self.incidents.values() if one.state != OPEN and one.id not in self.said
        ]
        for changed in (*unannounced, *self._changed(states, turns, at)):
            one = self._among_others(changed, at)
            self._take(one, self._news(one, at) or self._unmuted(one, at))

    def _news(self, incident: Incident, at: str) -> Announcement | None:
        """The announcement that is due. An incident that has lost its leader announces its end."""
        is_announced = incident.id in self.said
        if incident.state != OPEN and not is_announced and was_left(incident, self._links):
            return end(incident, at)
        said = self.said.get(incident.id)
        return announce(said, incident, at) if self._may_announce(incident, at) else None

    def _unmuted(self, incident: Incident, at: str) -> Announcement | None:
        """The announcement of one that still fails now that it is muted no more. Nothing was told
        of it since; where somebody has taken it over, there is no need."""
        before, said = self.incidents.get(incident.id), self.said.get(incident.id)
        muted = None if before is None else before.muted
        if muted is None or incident.muted is not None or incident.acknowledged is not None:
            return None
        if said is None or _moment(said.at) > _moment(muted.since) or not fails_now(incident):
            return None
        return still(incident, at) if self._may_announce(incident, at) else None

    def remind(self, at: str) -> None:
        """Reminds of incidents that stayed open for long."""
        for one in list(self.incidents.values()):
            every = self._about.remind_every_seconds
            is_due = (
                one.paused is None
                and fails_now(one)
                and is_to_be_reminded(one, self.said.get(one.id), every, at)
            )
            if is_due and self._may_announce(one, at):
                self._take(one, remind(related(one, self._links, at), at))

    def _take(self, incident: Incident, announcement: Announcement | None) -> None:
        if announcement is None:
            self.incidents[incident.id] = incident
            return
        self.announcements.append(announcement)
        self.incidents[incident.id] = announcement.incident
        self.said[incident.id] = announced_of(announcement.incident, announcement.at)

    def _changed(
        self, states: Mapping[Key, RouteState], turns: Sequence[Transition], at: str
    ) -> list[Incident]:
        known = self.incidents
        if not turns and not any(one.state == OPEN for one in known.values()):
            return []
        about = self._about
        correlated = correlate(
            self._api,
            list(states.values()),
            list(known.values()),
            turns,
            lambda one: self._lasts(one, at),
        )
        return [
            replace(
                self._held(one, states, at),
                team=about.team,
                runbook=about.runbook,
                preceded_by=self._preceded_by(one),
                ended_after=self._ended_after(one),
            )
            for one in correlated
        ]

    def _preceded_by(self, one: Incident) -> str | None:
        """One that is known stays. A deployment may also become known only after an incident has
        opened, a route may join that failed before it, and one that comes back is a new member."""
        first = min(began(one), one.opened_at, key=datetime.fromisoformat)
        if one.preceded_by is not None and precedes(one.preceded_by, first):
            return one.preceded_by
        return preceding(first, self._about.deployments)

    def _ended_after(self, one: Incident) -> str | None:
        if one.resolved_at is None or not one.members:
            return None
        return meanwhile(began(one), one.resolved_at, self._about.deployments)

    def _held(self, one: Incident, states: Mapping[Key, RouteState], at: str) -> Incident:
        """By a maintenance window, by a pause, when what is held stays held, or by a mute."""
        told = pause(one, self._about.paused, states, at)
        ends = told.paused is None and not self._in_maintenance(at)
        told = mute(told, self._about.mutes, at, ends=ends)
        if told.paused is not None and told.held_until is not None:
            return told
        return hold(told, self._about.maintenance, at, is_new=one.id not in self.incidents)

    def _lasts(self, incident: Incident, at: str) -> bool:
        """Whether the end waits a short while for the incidents that this one leads."""
        ended = datetime.fromisoformat(at) - datetime.fromisoformat(ended_at(incident))
        return (
            incident.id in self.said and ended < SHORT_WHILE and is_followed(incident, self._links)
        )

    def _among_others(self, incident: Incident, at: str) -> Incident:
        """The incident as a part of another API's, or with those that it leads itself."""
        is_announced = incident.id in self.said
        if incident.held_until is not None or incident.muted is not None:
            return incident
        if incident.state != OPEN and not is_announced:
            return incident
        claim = leader(incident, self._links, at, self.incidents, is_announced=is_announced)
        if claim is not None and claim.api != self._api and not is_announced:
            if self._about.is_heard_with(incident, claim):
                return replace(incident, part_of=claim.incident)
            if is_graver(incident.severity, claim.severity):
                claim = self._links.claim(claim_of(incident, claim.scope, at), claim)
        leads = claim is not None and claim.incident == incident.id
        only = None if leads or claim is None else claim.incident
        grown = related(incident, self._links, at, grows=leads or not is_announced, only=only)
        return replace(grown, part_of=None)

    def _may_announce(self, incident: Incident, at: str) -> bool:
        """Ends and exposures always; else not while held, muted or led, and in a window only
        openings."""
        if incident.state != OPEN or incident.finding in EXPOSURES:
            return True
        if incident.held_until is not None or incident.part_of is not None:
            return False
        if incident.muted is not None:
            return False
        return incident.id not in self.said or not self._in_maintenance(at)

    def _in_maintenance(self, at: str) -> bool:
        return open_at(self._about.maintenance, _moment(at)) is not None


def _moment(at: str) -> datetime:
    return datetime.fromisoformat(at)

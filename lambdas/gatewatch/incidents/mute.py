"""Mutes: for a while nothing is told of an API, or of some of its routes, which are looked at.

States and incidents go on. The end of what was told before is told all the same, so that what is
open elsewhere closes; and an exposure is never muted. What still fails when a mute is over is told
then, once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec
from msgspec.structs import replace

from gatewatch.incidents.correlate import OPEN, moment, noted
from gatewatch.model import EXPOSURES, Incident, Muted


class Mute(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Of an API, or of one `route` of it. It ends by itself; `id`: to end it before."""

    id: str
    api: str
    by: str
    since: str
    until: str
    why: str | None = None
    route: str | None = None

    @property
    def subject(self) -> str:
        return self.api if self.route is None else f"{self.api} {self.route}"

    def covers(self, route: str) -> bool:
        return self.route in (None, route)

    def is_in_force(self, at: datetime) -> bool:
        return at < datetime.fromisoformat(self.until)


def mute(incident: Incident, mutes: Sequence[Mute], at: str, *, ends: bool = True) -> Incident:
    """The incident with its present `muted`: while each route that fails in it is muted. Where it
    does not `end`, since nothing may be told of it anyway, it goes on, so that the end is told."""
    if incident.state != OPEN:
        return replace(incident, muted=None) if incident.muted else incident
    now = _now(incident, mutes, at)
    if now == incident.muted or (now is None and not ends):
        return incident
    if now is None:
        return replace(noted(incident, at, "no longer muted"), muted=None)
    text = f"muted until {moment(now.until)} by {now.by}: nothing is told of it"
    return replace(noted(incident, at, text), muted=now)


def _now(incident: Incident, mutes: Sequence[Mute], at: str) -> Muted | None:
    """Until the first route that fails is muted no more; one that recovers changes nothing."""
    failing = {one.route for one in incident.members if one.until is None}
    if not failing:
        return incident.muted
    if incident.finding in EXPOSURES:
        return None
    moment_now = datetime.fromisoformat(at)
    known = [one for one in mutes if one.is_in_force(moment_now)]
    covered = [_longest(one for one in known if one.covers(route)) for route in failing]
    if None in covered:
        return None
    first = min((one for one in covered if one), key=_end)
    return Muted(by=first.by, since=first.since, until=first.until)


def _longest(mutes: Iterable[Mute]) -> Mute | None:
    return max(mutes, key=_end, default=None)


def _end(one: Mute) -> tuple[datetime, str]:
    return datetime.fromisoformat(one.until), one.id

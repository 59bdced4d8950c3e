"""What a pause means for open incidents: nobody looks, so nobody knows whether they still fail.

Nothing resolves, nothing is reminded of, and what a maintenance window holds back stays held back.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from gatewatch.incidents.correlate import OPEN, moment, noted
from gatewatch.incidents.learn import key_of
from gatewatch.incidents.track import Key, RouteState
from gatewatch.model import Incident, Paused

_WAITS_FOR_A_LOOK = timedelta(minutes=15)


def pause(
    incident: Incident, paused: Paused | None, states: Mapping[Key, RouteState], at: str
) -> Incident:
    """The incident with its present `paused`. After a pause it is kept until somebody has looked
    again; but not for long, since there may be no route left to look at."""
    if incident.state != OPEN:
        return replace(incident, paused=None) if incident.paused else incident
    if paused is not None:
        return _begun(incident, paused, at)
    return _ended(incident, incident.paused, states, at) if incident.paused else incident


def _begun(incident: Incident, paused: Paused, at: str) -> Incident:
    if incident.paused == paused:
        return incident
    until = moment(paused.until)
    told = noted(incident, at, f"not looked at until {until}: paused by {paused.by}")
    return replace(told, paused=paused)


def _ended(
    incident: Incident, paused: Paused, states: Mapping[Key, RouteState], at: str
) -> Incident:
    now = datetime.fromisoformat(at)
    if now < datetime.fromisoformat(paused.since):
        # Looks from before the pause come late.
        return incident
    end = min(datetime.fromisoformat(paused.until), now)
    if _last_look(incident, states) >= end or now - end >= _WAITS_FOR_A_LOOK:
        return replace(noted(incident, at, "looked at again"), paused=None)
    return replace(incident, paused=replace(paused, until=end.isoformat()))


def _last_look(incident: Incident, states: Mapping[Key, RouteState]) -> datetime:
    """At any route that fails in it."""
    members = (states.get(key_of(one)) for one in incident.members if one.until is None)
    seen = (datetime.fromisoformat(one.seen_at) for one in members if one and one.seen_at)
    return max(seen, default=datetime.min.replace(tzinfo=UTC))

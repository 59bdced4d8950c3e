"""Moments that a clock ahead of ours stored: they are moved back to now.

A moment later than now was stored by another clock, or by this one before it was corrected. If it
were believed, every look until then would count as an older one, and its result would be ignored.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from gatewatch.incidents.announce import Announced
from gatewatch.incidents.correlate import noted
from gatewatch.incidents.track import NO_MOMENTS, RouteState
from gatewatch.model import Incident, Member, Related, Update

SKEW = timedelta(seconds=30)
"""How far two well-kept clocks may differ."""
A_MOMENT = timedelta(seconds=1)


def lead(at: str, now: datetime) -> timedelta:
    """How far a moment is ahead of now; zero within the clocks' usual difference."""
    ahead = _datetime(at) - now if at else timedelta(0)
    return ahead if ahead > SKEW else timedelta(0)


def believed(at: str, now: datetime) -> str:
    """The moment, or now if it is ahead."""
    return now.isoformat() if lead(at, now) else at


def later(tick: str, clock: datetime) -> datetime:
    """The later of a tick and the clock of its worker.

    So only moments ahead of both are moved back, and a clock that is behind moves none.
    """
    return max(_datetime(tick), clock)


def _datetime(at: str) -> datetime:
    moment = datetime.fromisoformat(at)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class BelievedMemory:
    """What is stored of an API, with its moments ahead moved back to now.

    `taken_back`: how many states and incidents had such moments; `lead`: how far the worst of them
    was ahead.
    """

    states: tuple[RouteState, ...]
    incidents: tuple[Incident, ...] = ()
    said: Mapping[str, Announced] = field(default_factory=dict)
    taken_back: int = 0
    lead: timedelta = timedelta(0)


def believed_memory(
    now: datetime,
    states: Iterable[RouteState],
    incidents: Iterable[Incident] = (),
    said: Mapping[str, Announced] | None = None,
) -> BelievedMemory:
    known, open_ones = tuple(states), tuple(incidents)
    leads = [
        *(ahead for state in known if (ahead := lead(state.seen_at, now))),
        *(ahead for incident in open_ones if (ahead := _lead_of(incident, now))),
    ]
    return BelievedMemory(
        states=tuple(state_believed(one, now) for one in known),
        incidents=tuple(incident_believed(one, now) for one in open_ones),
        said={name: said_believed(one, now) for name, one in (said or {}).items()},
        taken_back=len(leads),
        lead=max(leads, default=timedelta(0)),
    )


def state_believed(state: RouteState, now: datetime) -> RouteState:
    """The state with its counts, last seen just before now, so that a look of now counts."""
    if not lead(state.seen_at, now):
        return state
    last = now - A_MOMENT
    return replace(
        state,
        seen_at=believed(state.seen_at, last),
        since=_perhaps(state.since, last),
        otherwise_since=_perhaps(state.otherwise_since, last),
        last_good=_perhaps(state.last_good, last),
        recent=tuple(one if one in NO_MOMENTS else believed(one, last) for one in state.recent),
    )


def _perhaps(at: str | None, now: datetime) -> str | None:
    return None if at is None else believed(at, now)


def said_believed(said: Announced, now: datetime) -> Announced:
    return replace(said, at=believed(said.at, now)) if lead(said.at, now) else said


def incident_believed(incident: Incident, now: datetime) -> Incident:
    """The incident with its moments moved back, and a line in its history that says so."""
    ahead = _lead_of(incident, now)
    if not ahead:
        return incident
    moved_back = replace(
        incident,
        opened_at=believed(incident.opened_at, now),
        resolved_at=_perhaps(incident.resolved_at, now),
        members=tuple(_member(one, now) for one in incident.members),
        related=tuple(_related(one, now) for one in incident.related),
        updates=tuple(Update(at=believed(one.at, now), text=one.text) for one in incident.updates),
    )
    ahead = timedelta(seconds=int(ahead.total_seconds()))
    text = f"its times were {ahead} ahead of the clock; they are taken back to now"
    return noted(moved_back, now.isoformat(), text)


def _member(one: Member, now: datetime) -> Member:
    return replace(
        one,
        since=believed(one.since, now),
        until=_perhaps(one.until, now),
        joined=_perhaps(one.joined, now),
        last_good=_perhaps(one.last_good, now),
    )


def _related(one: Related, now: datetime) -> Related:
    return replace(one, since=believed(one.since, now), until=_perhaps(one.until, now))


def _lead_of(incident: Incident, now: datetime) -> timedelta:
    moments = (
        incident.opened_at,
        incident.resolved_at,
        *(each for one in incident.related for each in (one.since, one.until)),
        *(one.at for one in incident.updates[-1:]),
        *(each for one in incident.members for each in (one.since, one.until, one.joined)),
    )
    return max(lead(one, now) for one in moments if one is not None)

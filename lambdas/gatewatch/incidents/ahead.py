"""What was remembered with a clock that was ahead: it is taken back to now, so that it outranks
nothing that is seen from now on. It decides nothing else.

Whatever lies later than now was stored with another clock, or with this one before it was set
right. If it were believed, each look until then would count as an older one, and nobody would hear
of what it shows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from gatewatch.incidents.announce import Announced
from gatewatch.incidents.correlate import noted
from gatewatch.incidents.track import RouteState
from gatewatch.model import Incident, Member, Related, Update

SKEW = timedelta(seconds=30)
"""By as much two clocks may differ that are both kept right."""
A_MOMENT = timedelta(seconds=1)


def lead(at: str, now: datetime) -> timedelta:
    """By how much a moment is ahead of now; nothing, where it may be the clocks' difference."""
    found = _read(at) - now if at else timedelta(0)
    return found if found > SKEW else timedelta(0)


def believed(at: str, now: datetime) -> str:
    """The moment; now, where it is ahead."""
    return now.isoformat() if lead(at, now) else at


def later(tick: str, clock: datetime) -> datetime:
    """The later of a tick and the clock of whoever works at it: what is ahead of both is believed
    by neither, and one clock that is behind takes nothing back that was right."""
    return max(_read(tick), clock)


def _read(at: str) -> datetime:
    found = datetime.fromisoformat(at)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class BelievedMemory:
    """What is known of an API as far as it is believed. `taken_back`: how many states and
    incidents were not believed as they stood; `lead`: by how much the worst of them was ahead."""

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
        *(found for one in known if (found := lead(one.seen_at, now))),
        *(found for one in open_ones if (found := _lead_of(one, now))),
    ]
    return BelievedMemory(
        states=tuple(state_believed(one, now) for one in known),
        incidents=tuple(incident_believed(one, now) for one in open_ones),
        said={name: said_believed(one, now) for name, one in (said or {}).items()},
        taken_back=len(leads),
        lead=max(leads, default=timedelta(0)),
    )


def state_believed(state: RouteState, now: datetime) -> RouteState:
    """The state with its counts, which were really seen. It was last seen a moment ago, so that a
    look of now counts."""
    if not lead(state.seen_at, now):
        return state
    last = now - A_MOMENT
    return replace(
        state,
        seen_at=believed(state.seen_at, last),
        since=_perhaps(state.since, last),
        last_good=_perhaps(state.last_good, last),
        recent=tuple(one if one in _NO_MOMENTS else believed(one, last) for one in state.recent),
    )


_NO_MOMENTS = ("", "-")
"""Of `recent`: passes, and failures that were told of as over."""


def _perhaps(at: str | None, now: datetime) -> str | None:
    return None if at is None else believed(at, now)


def said_believed(said: Announced, now: datetime) -> Announced:
    return replace(said, at=believed(said.at, now)) if lead(said.at, now) else said


def incident_believed(incident: Incident, now: datetime) -> Incident:
    """The incident, with a line in its history that tells of it."""
    found = _lead_of(incident, now)
    if not found:
        return incident
    taken = replace(
        incident,
        opened_at=believed(incident.opened_at, now),
        resolved_at=_perhaps(incident.resolved_at, now),
        members=tuple(_member(one, now) for one in incident.members),
        related=tuple(_related(one, now) for one in incident.related),
        updates=tuple(Update(at=believed(one.at, now), text=one.text) for one in incident.updates),
    )
    ahead = timedelta(seconds=int(found.total_seconds()))
    told = f"its times were {ahead} ahead of the clock; they are taken back to now"
    return noted(taken, now.isoformat(), told)


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

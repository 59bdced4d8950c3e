"""Moments and lengths as people read them: to the second, and with their time zone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from gatewatch.correlate import length
from gatewatch.learn import concerned
from gatewatch.model import Incident


def moment(at: str) -> str:
    """`2026-11-22 09:01:00 UTC`, of an ISO 8601 moment with whatever offset."""
    found = datetime.fromisoformat(at)
    known = found if found.tzinfo else found.replace(tzinfo=UTC)
    return known.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def began(incident: Incident) -> str:
    """When the first of its members failed first: before it opened, where several looks count."""
    return min((one.since for one in incident.members), key=datetime.fromisoformat)


def last_good(incident: Incident) -> str | None:
    """The last pass that was seen before the story began, at any of its routes.

    A route that joined later passed until then: that says nothing of when the story began.
    """
    first = datetime.fromisoformat(began(incident))
    known = (one.last_good for one in incident.members if one.last_good is not None)
    before = [one for one in known if datetime.fromisoformat(one) <= first]
    return max(before, key=datetime.fromisoformat, default=None)


def times(incident: Incident, now: str | None = None) -> Iterator[str]:
    """Since when, and what was last good; of one that is over, its length and both ends."""
    first = began(incident)
    if incident.resolved_at:
        yield f"lasted:      {length(first, incident.resolved_at)}"
        yield f"from:        {moment(first)}"
        yield f"until:       {moment(incident.resolved_at)}"
        return
    lasts = f", for {length(first, now)}" if now else ""
    yield f"since:       {moment(first)}{lasts}"
    yield f"last good:   {_last_good_phrase(incident)}"


def _last_good_phrase(incident: Incident) -> str:
    members, found = concerned(incident), last_good(incident)
    if found is None:
        return "never since it is watched"
    never = sum(one.last_good is None for one in members)
    others = f"; {never} of {len(members)} have not passed since they are watched" if never else ""
    return f"{moment(found)}{others}"

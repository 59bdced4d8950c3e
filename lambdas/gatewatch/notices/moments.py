"""When an incident began, how long it lasts and when its routes last passed, in words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from gatewatch.incidents.correlate import began, length, moment
from gatewatch.incidents.deployments import after
from gatewatch.incidents.learn import concerned
from gatewatch.model import Incident, Member


def last_good(incident: Incident) -> str | None:
    """The last pass before the story began, at any of its routes.

    A route that joined later passed until then, which says nothing about when the story began. A
    route that comes and goes may have passed since.
    """
    known = (one.last_good for one in _passed_before(incident) if one.last_good is not None)
    return max(known, key=datetime.fromisoformat, default=None)


def _passed_before(incident: Incident) -> list[Member]:
    first = datetime.fromisoformat(began(incident))
    known = [one for one in incident.members if one.last_good is not None]
    before = [one for one in known if datetime.fromisoformat(one.last_good or "") <= first]
    return before or known


def _or_later(incident: Incident) -> str:
    """What follows the last good moment where a pass after it may have gone unwritten."""
    return " or later" if any(one.good_or_later for one in _passed_before(incident)) else ""


def times(incident: Incident, now: str | None = None) -> Iterator[str]:
    """After which deployment it began and ended, if any; since when it fails and when its routes
    last passed; for a resolved incident, its length as in its history, and both ends."""
    if incident.preceded_by and incident.members:
        yield f"began:       {after(began(incident), incident.preceded_by)}"
    if incident.resolved_at:
        if incident.ended_after:
            yield f"ended:       {after(incident.resolved_at, incident.ended_after)}"
        yield f"lasted:      {length(incident.opened_at, incident.resolved_at)}"
        yield f"opened:      {moment(incident.opened_at)}"
        yield f"resolved:    {moment(incident.resolved_at)}"
        return
    lasts = f", for {open_for(incident, now)}" if now else ""
    yield f"since:       {moment(began(incident))}{lasts}"
    yield f"last good:   {_last_good_phrase(incident)}"


def open_for(incident: Incident, now: str) -> str:
    """For how long it has failed."""
    return length(began(incident), now)


def _last_good_phrase(incident: Incident) -> str:
    members, found = concerned(incident), last_good(incident)
    if found is None:
        return "never since it is watched"
    never = sum(one.last_good is None for one in members)
    others = f"; {never} of {len(members)} have not passed since they are watched" if never else ""
    return f"{moment(found)}{_or_later(incident)}{others}"

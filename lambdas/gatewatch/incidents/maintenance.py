"""Which incidents are held back while a maintenance window is open.

Looks go on in a window. What breaks in it is announced after it, if it is still broken then.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from gatewatch.config.windows import Opening, open_at
from gatewatch.incidents.correlate import OPEN, began, noted
from gatewatch.model import EXPOSURES, Incident


def hold(incident: Incident, openings: Sequence[Opening], at: str, *, is_new: bool) -> Incident:
    """The incident with its present `held_until`.

    One that began in a window is held back while any window is open; one that began before it is
    not, and an exposure never is. One that ended in the window stays held.
    """
    if incident.state != OPEN:
        return incident
    now = open_at(openings, datetime.fromisoformat(at))
    is_held = is_new or incident.held_until is not None
    if now is None or not is_held or incident.finding in EXPOSURES:
        return _released(incident, at)
    if is_new and datetime.fromisoformat(began(incident)) < now.since:
        return incident
    until = now.until.isoformat()
    if incident.held_until == until:
        return incident
    return replace(noted(incident, at, f"maintenance: held until {until}"), held_until=until)


def _released(incident: Incident, at: str) -> Incident:
    if incident.held_until is None:
        return incident
    return replace(noted(incident, at, "no longer held"), held_until=None)

"""Acknowledgements: an incident that somebody takes care of goes on, without reminders.

In the account an acknowledgement waits in an item of its own until the writer of the API, who alone
changes incidents, applies it. So people need no other permission to write, and nothing is lost if
both write at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec
from msgspec.structs import replace

from gatewatch.incidents.correlate import OPEN, noted
from gatewatch.model import Acknowledgement, Incident


class Ack(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`incidents`: ids of those that a person takes; `release`: routes whose writes are held back
    and may be sent again. `is_withdrawn`: what was taken where this comes from is nobody's now."""

    api: str
    who: Acknowledgement
    incidents: tuple[str, ...] = ()
    release: tuple[str, ...] = ()
    is_withdrawn: bool = False


VIA_PAGERDUTY = "via PagerDuty"
VIA_CHAT = "via chat"
"""What the names of those end with who did not use `gatewatch ack`."""


LONGEST_WHY = 500
_MOST_NAMED = 100


def is_in_order(ack: Ack) -> bool:
    """Whether the writer may apply it: people may store anything in that item, and others read it
    in their terminals and mail."""
    who = ack.who
    try:
        is_moment = datetime.fromisoformat(who.at).tzinfo is not None
    except ValueError:
        return False
    texts = (who.by, who.why or "")
    return (
        is_moment
        and all(len(text) <= LONGEST_WHY and text.isprintable() for text in texts)
        and max(len(ack.incidents), len(ack.release)) <= _MOST_NAMED
    )


def acknowledge(incident: Incident, who: Acknowledgement) -> Incident:
    """The incident as acknowledged by this person; unchanged if it is over or theirs already."""
    if incident.state != OPEN or incident.acknowledged == who:
        return incident
    why = f": {who.why}" if who.why else ""
    acknowledged = noted(incident, who.at, f"acknowledged by {who.by}{why}")
    return replace(acknowledged, acknowledged=who)


def applied(ack: Ack, incident: Incident) -> Incident:
    """The incident after an acknowledgement of it, or after its withdrawal. One that no person made
    may be what our own message brought about, and takes it from nobody."""
    if not ack.is_withdrawn and ack.who.by == VIA_PAGERDUTY and incident.acknowledged is not None:
        return incident
    return (withdraw if ack.is_withdrawn else acknowledge)(incident, ack.who)


def withdraw(incident: Incident, who: Acknowledgement) -> Incident:
    """The incident as nobody's. PagerDuty ends what it says itself, after a time or by a person;
    what somebody took elsewhere, or later, stays theirs."""
    taken = incident.acknowledged
    if incident.state != OPEN or taken is None or not taken.by.endswith(VIA_PAGERDUTY):
        return incident
    if datetime.fromisoformat(taken.at) > datetime.fromisoformat(who.at):
        return incident
    released = noted(incident, who.at, f"no longer acknowledged, {who.by}")
    return replace(released, acknowledged=None)


def concerning(incidents: Iterable[Incident], api: str, route: str) -> list[Incident]:
    """The open incidents in which a route of an API fails."""
    return [
        incident
        for incident in incidents
        if incident.state == OPEN
        and incident.api == api
        and any(member.route == route and member.until is None for member in incident.members)
    ]

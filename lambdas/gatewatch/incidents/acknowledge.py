"""That somebody takes care of an incident: it goes on as before, and is not told again.

In the account what people say waits in a place of its own until the writer of the API, who alone
changes incidents, takes it up. So nobody needs leave to write anything else, and nothing is lost
if both write at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec
from msgspec.structs import replace

from gatewatch.incidents.correlate import OPEN, noted
from gatewatch.model import Acknowledgement, Incident


class Ack(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a person says: `incidents` by id are theirs; `release`: routes whose writes are held
    back, and may be sent again."""

    api: str
    who: Acknowledgement
    incidents: tuple[str, ...] = ()
    release: tuple[str, ...] = ()


LONGEST_WHY = 500
_MOST_NAMED = 100


def is_in_order(ack: Ack) -> bool:
    """Whether its writer may take it up: people may write into that place whatever they like, and
    others read it in their terminals and mail."""
    who = ack.who
    try:
        is_moment = datetime.fromisoformat(who.at).tzinfo is not None
    except ValueError:
        return False
    texts = (who.by, who.why or "")
    return (
        is_moment
        and all(len(one) <= LONGEST_WHY and one.isprintable() for one in texts)
        and max(len(ack.incidents), len(ack.release)) <= _MOST_NAMED
    )


def acknowledge(incident: Incident, who: Acknowledgement) -> Incident:
    """The incident with their name in it; one that is over, or theirs already, as it is."""
    if incident.state != OPEN or incident.acknowledged == who:
        return incident
    why = f": {who.why}" if who.why else ""
    told = noted(incident, who.at, f"acknowledged by {who.by}{why}")
    return replace(told, acknowledged=who)


def concerning(incidents: Iterable[Incident], api: str, route: str) -> list[Incident]:
    """The open incidents in which a route of an API fails."""
    return [
        one
        for one in incidents
        if one.state == OPEN
        and one.api == api
        and any(each.route == route and each.until is None for each in one.members)
    ]

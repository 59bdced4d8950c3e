"""What a person tells the writer of an API: they take care of an incident, or a write may go again.

It waits in a place of its own until the writer, who alone changes incidents, takes it up. So nobody
needs to write anything else, and nothing is lost if both write at once.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec.structs import replace

from gatewatch.acknowledge import acknowledge
from gatewatch.model import Acknowledgement
from gatewatch.service.ledger import Ledger


class Ack(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`incidents` by id; `release`: routes whose writes are held back, and are sent again."""

    api: str
    who: Acknowledgement
    incidents: tuple[str, ...] = ()
    release: tuple[str, ...] = ()


def acknowledged(ledger: Ledger, acks: Iterable[Ack]) -> Ledger:
    """The ledger with these names in its incidents; what is over already stays as it is."""
    incidents = list(ledger.incidents)
    for ack in acks:
        incidents = [
            acknowledge(one, ack.who) if one.id in ack.incidents else one for one in incidents
        ]
    return replace(ledger, incidents=tuple(incidents))

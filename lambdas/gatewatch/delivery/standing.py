"""How a channel fares: when it last took a message, and since when it takes none."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from gatewatch.delivery.outcome import Later, Outcome, Refused, Taken


class Standing(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`channel`: its key. `failing_since`: since when it has taken nothing that it was sent;
    `tries`: how often in a row; `because`: why not at the last try. `waiting`: how many messages
    wait for it. `refused`: how many it refused for good; `refused_because`: why the last one.
    `dropped`: how many were given up for later ones, since too many waited. `asked_until`: until
    when it asked to be sent nothing (known on one machine only). No reason holds a secret."""

    channel: str
    delivered_at: str | None = None
    failing_since: str | None = None
    because: str | None = None
    tries: int = 0
    waiting: int = 0
    refused: int = 0
    refused_at: str | None = None
    refused_because: str | None = None
    dropped: int = 0
    asked_until: str | None = None


def after(before: Standing, outcome: Outcome, at: str) -> Standing:
    """Once this has become of a message. A refusal is an answer: the next message may be taken."""
    match outcome:
        case Taken():
            return _answering(before, delivered_at=at)
        case Later(because=because):
            return replace(
                before,
                failing_since=before.failing_since or at,
                because=because,
                tries=before.tries + 1,
                asked_until=None,
            )
        case Refused(because=because):
            return replace(
                _answering(before),
                refused=before.refused + 1,
                refused_at=at,
                refused_because=because,
            )


def _answering(before: Standing, delivered_at: str | None = None) -> Standing:
    return replace(
        before,
        delivered_at=delivered_at or before.delivered_at,
        failing_since=None,
        because=None,
        tries=0,
        asked_until=None,
    )

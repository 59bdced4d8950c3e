"""How a change spreads: the gateway's nodes apply it one by one, and calls rotate over them.

So equal calls get different answers for a while, as recorded after deployments (facts 11.3). The
request's number decides which node answers, and the clock what it serves.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from gatewatch.sandbox.world import World

NODES = 3


@dataclass(frozen=True, slots=True)
class Spreading:
    """A world that takes the place of another from a moment on."""

    before: World
    after: World
    since: datetime

    def seen(self, request: int, now: datetime) -> World:
        """The world that the node of this request serves by now."""
        node = request % NODES
        share = timedelta(seconds=self.after.settles_seconds * (node + 1) / NODES)
        return self.after if now >= self.since + share else self.before

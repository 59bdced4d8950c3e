"""A gateway of many nodes that take a change one after the other, and calls that meet any of them.

The sandbox spreads a change evenly over three nodes, which take turns. Here each run has nodes of
its own, and how long each takes is drawn; so is the node that a call meets.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from gatewatch.sandbox.call import Arrived
from gatewatch.sandbox.memory import Memory
from gatewatch.sandbox.serve import Served, serve
from gatewatch.sandbox.server import Sandbox
from gatewatch.sandbox.world import World

RELEASED = datetime(2026, 11, 28, 12, tzinfo=UTC)


class VirtualClock:
    """Nobody sleeps: who waits moves it on."""

    def __init__(self) -> None:
        self._now = RELEASED - timedelta(minutes=1)

    def now(self) -> datetime:
        return self._now

    def wait(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)

    def until(self, at: datetime) -> None:
        self._now = max(self._now, at)


@dataclass(frozen=True)
class Stage:
    """A world from a moment on, in seconds after the release, for as long as no other follows."""

    since: float
    world: World


Node = tuple[Stage, ...]
"""What one node serves, the earliest first."""


def spread(before: World, worlds: tuple[Stage, ...], slowest: float, dice: Random) -> list[Node]:
    """Nodes that hear of each change up to `slowest` seconds after it was made, one of them just
    then."""
    late = [slowest, *(dice.uniform(0, slowest) for _ in range(dice.randint(0, 7)))]
    start = Stage(float("-inf"), before)
    return [(start, *(Stage(one.since + delay, one.world) for one in worlds)) for delay in late]


class Gateway(Sandbox):
    """`sticky`: all calls of one round meet the same node, as those of one connection do."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._nodes: list[Node] = [(Stage(float("-inf"), world),)]
        self._dice = Random(0)
        self._sticky = False
        self._met = 0

    def stage(self, nodes: list[Node], dice: Random, *, sticky: bool) -> None:
        """A new run."""
        self.memory, self._nodes, self._dice, self._sticky = Memory(), nodes, dice, sticky
        self.next_round()

    def next_round(self) -> None:
        self._met = self._dice.randrange(len(self._nodes))

    def serve(self, arrived: Arrived) -> Served:
        now = self.now()
        met = self._met if self._sticky else self._dice.randrange(len(self._nodes))
        after = (now - RELEASED).total_seconds()
        world = [one.world for one in self._nodes[met] if one.since <= after][-1]
        return serve(arrived, world, self.memory, now)

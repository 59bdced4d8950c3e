"""One round of a verification at public APIs and, through the twin, at private ones, at once.

Looks that fail to be taken are unknown: a side that hangs or fails never counts as it was before.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from msgspec.structs import replace

from gatewatch.config.canonical import Config
from gatewatch.ports import Clock
from gatewatch.service.releases.twin import TwinError
from gatewatch.verify import HeldWrite, OverdueError, Round, Taken, TakeRound, untaken


def together(outside: TakeRound, inside: TakeRound, private: frozenset[str]) -> TakeRound:
    """Both parts of a round; each knows the held writes of its own APIs. `private`: the APIs of the
    part inside."""

    def take(asked: Round) -> Taken:
        ours, theirs = _parted(asked.held, private)
        with ThreadPoolExecutor(1) as beside:
            waiting = beside.submit(inside, replace(asked, held=theirs))
            found = outside(replace(asked, held=ours))
            beyond = waiting.result()
        return Taken(
            verdicts=(*found.verdicts, *beyond.verdicts),
            requests=found.requests + beyond.requests,
            held=(*found.held, *beyond.held),
        )

    return take


def _parted(
    held: Iterable[HeldWrite], private: frozenset[str]
) -> tuple[tuple[HeldWrite, ...], tuple[HeldWrite, ...]]:
    known = tuple(held)
    return (
        tuple(one for one in known if one.api not in private),
        tuple(one for one in known if one.api in private),
    )


def or_unknown(take: TakeRound, config: Config, clock: Clock) -> TakeRound:
    """The same round; where it was left, or the twin did not take it, its looks are unknown."""

    def taken(asked: Round) -> Taken:
        try:
            return take(asked)
        except (OverdueError, TwinError) as error:
            return untaken(config, str(error), clock, asked)

    return taken

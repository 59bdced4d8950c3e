"""One round of a verification at public APIs and, through the twin, at private ones, at once.

Looks that fail to be taken are unknown: a side that hangs or fails never counts as it was before.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from msgspec.structs import replace

from gatewatch.config.canonical import Config
from gatewatch.looking.rounds import OverdueError, Round, Taken, TakeRound, untaken
from gatewatch.ports import Clock
from gatewatch.service.releases.twin import TwinError


def together(outside: TakeRound, inside: TakeRound, private: frozenset[str]) -> TakeRound:
    """Both parts of a round; each knows the held writes of its own APIs. `private`: the APIs of the
    part inside."""

    def take(asked: Round) -> Taken:
        ours, theirs = _parted(asked, private)
        with ThreadPoolExecutor(1) as beside:
            waiting = beside.submit(inside, theirs)
            found = outside(ours)
            beyond = waiting.result()
        return Taken(
            verdicts=(*found.verdicts, *beyond.verdicts),
            requests=found.requests + beyond.requests,
            held=(*found.held, *beyond.held),
            unanswered=(*found.unanswered, *beyond.unanswered),
        )

    return take


def _parted(asked: Round, private: frozenset[str]) -> tuple[Round, Round]:
    """What each side must know of its own writes."""

    def of(*, inside: bool) -> Round:
        return replace(
            asked,
            held=tuple(one for one in asked.held if (one.api in private) is inside),
            unanswered=tuple(one for one in asked.unanswered if (one.api in private) is inside),
        )

    return of(inside=False), of(inside=True)


def or_unknown(take: TakeRound, config: Config, clock: Clock) -> TakeRound:
    """The same round; where it was left, or the twin did not take it, its looks are unknown."""

    def taken(asked: Round) -> Taken:
        try:
            return take(asked)
        except (OverdueError, TwinError) as error:
            return untaken(config, str(error), clock, asked)

    return taken

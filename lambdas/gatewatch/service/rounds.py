"""One round of a verification at public APIs and, through the twin, at private ones, at once.

Looks that fail to be taken are unknown: a side that hangs or fails never counts as it was before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from msgspec.structs import replace

from gatewatch.attempt import Attempt
from gatewatch.config.canonical import Config
from gatewatch.model import Unsent
from gatewatch.plan import Entered
from gatewatch.ports import Clock
from gatewatch.raw import RawExchange
from gatewatch.redaction.redactor import Redactor
from gatewatch.service.twin import TwinError
from gatewatch.verify import HeldWrite, OverdueError, Round, Taken, TakeRound, take_round

Recorded = TypeVar("Recorded")


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


def or_unknown(take: TakeRound, config: Config, entered: Entered, clock: Clock) -> TakeRound:
    """The same round; where it was left, or the twin did not take it, no look of it was sent."""

    def taken(asked: Round) -> Taken:
        try:
            return take(asked)
        except (OverdueError, TwinError) as error:
            return take_round(config, _Unsent(str(error), clock), entered, asked)

    return taken


class _Unsent:
    """A transport that sends nothing."""

    def __init__(self, because: str, clock: Clock) -> None:
        self._because = Unsent(because=because)
        self._clock = clock

    def send_all(
        self, attempts: Sequence[Attempt], record: Callable[[RawExchange], Recorded]
    ) -> list[Recorded]:
        at = self._clock.now().isoformat()
        return [
            record(RawExchange(attempt=one, sent_at=at, not_sent=self._because)) for one in attempts
        ]

    def redactor(self) -> Redactor:
        return Redactor()

    def renew(self, _: Sequence[str]) -> frozenset[str]:
        return frozenset()

"""Verifies a release: looks again and again until the answers agree, and decides.

Nothing is stored: it opens no incident, and disturbs no monitor that runs beside it. As in `run`,
everything outside is passed in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec

from gatewatch.attempt import Attempt
from gatewatch.config.canonical import Config
from gatewatch.looking.latches import LatchKeeper
from gatewatch.looking.loop import results_of, take_looks
from gatewatch.model import Held, Unsent, Verdict
from gatewatch.plan import NOBODY_YET, Entered, Latches, plan, signers
from gatewatch.ports import Clock, Recorded, Transport
from gatewatch.raw import RawExchange
from gatewatch.redaction.redactor import Redactor
from gatewatch.release.baseline import Baseline, Key
from gatewatch.release.decide import Release, decide
from gatewatch.release.policy import Policy
from gatewatch.release.sightings import Sightings, Window


class HeldWrite(msgspec.Struct, frozen=True, kw_only=True):
    """A write that is not sent again, and why; see `model.Held`."""

    api: str
    route: str
    entrance: str
    held: Held = None


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """One look at everything. `is_settling`: answers may still be mixed, and no look counts by
    itself; then no invalid credential is shown yet."""

    held: tuple[HeldWrite, ...] = ()
    is_settling: bool = False


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What a round showed. `held`: the writes that must not be sent again, with those of before."""

    verdicts: tuple[Verdict, ...] = ()
    requests: int = 0
    held: tuple[HeldWrite, ...] = ()


class OverdueError(Exception):
    """Raised where a round has not ended by the deadline of the whole."""


TakeRound = Callable[[Round], Taken]
"""Takes the looks of one round. May raise OverdueError; then its looks are unknown, and what was
seen before it decides nothing by itself: the window was not seen to its end."""
Tell = Callable[[float, int, Sightings], None]
"""Called after each round, with the seconds so far and the number of rounds."""
Wait = Callable[[float], None]


def tell_nobody(_: float, __: int, ___: Sightings) -> None:
    pass


def verify(
    config: Config,
    take: TakeRound,
    baseline: Baseline,
    clock: Clock,
    wait: Wait,
    held: Sequence[HeldWrite] = (),
    tell: Tell = tell_nobody,
) -> Release:
    """Looks until there is nothing to wait for, or the deadline comes; never longer.

    `held`: the writes that are held back already, as by the state of the monitor.
    """
    settings = config.verification
    window = Window(settles=settings.for_seconds, deadline=settings.deadline_seconds)
    sightings = Sightings(_due(config, held), baseline, Policy(config), window)
    began, rounds, requests, took = clock.now(), 0, 0, 0.0
    now = 0.0
    while now + took <= window.deadline:
        asked = Round(held=tuple(held), is_settling=window.is_settling(now))
        try:
            taken = take(asked)
        except OverdueError as error:
            sightings.add(_since(began, clock), untaken(config, f"{error}", clock, asked).verdicts)
            break
        started, now = now, _since(began, clock)
        took, held = now - started, taken.held
        rounds, requests = rounds + 1, requests + taken.requests
        sightings.add(started, taken.verdicts)
        tell(now, rounds, sightings)
        if sightings.is_over(now):
            break
        pause = max(0.0, started + settings.every_seconds - now)
        if now + pause + took > window.deadline:
            break
        wait(pause)
        now = _since(began, clock)
    return decide(
        sightings,
        baseline,
        at=began.isoformat(),
        seconds=_since(began, clock),
        rounds=rounds,
        requests=requests,
    )


def _since(began: datetime, clock: Clock) -> float:
    return (clock.now() - began).total_seconds()


def _due(config: Config, held: Sequence[HeldWrite]) -> list[Key]:
    """Every look that a round takes or skips, without those that follow from the answers."""
    return [
        Key(probe.api.name, probe.route.name, probe.entrance.url, caller)
        for probe in plan(config, latched=_latches(held))
        for caller in (
            *(one.caller for one in probe.attempts),
            *(one.caller for one in probe.skipped),
        )
    ]


def _latches(held: Sequence[HeldWrite]) -> Latches:
    return {(one.api, one.route, one.entrance): one.held for one in held}


def take_round(config: Config, transport: Transport, entered: Entered, asked: Round) -> Taken:
    """One round by this transport: a new one each time, so that it meets other nodes.

    `entered`: the entrances at which a credential of ours has ever got in.
    """
    holding = _Holding(_latches(asked.held))
    shown = None if asked.is_settling else entered
    probes = plan(config, latched=holding.latched, entered=shown)
    results = results_of(probes, signers(config), entered)
    keeper = LatchKeeper(holding)
    requests = take_looks(results, transport, keeper.on_answer)
    keeper.settle(results)
    return Taken(
        verdicts=tuple(verdict for one in results for verdict in one.judged()),
        requests=requests,
        held=holding.all(),
    )


def untaken(config: Config, because: str, clock: Clock, asked: Round) -> Taken:
    """A round of which no look was sent, or nothing is known of it: all are unknown."""
    return take_round(config, _Unsent(because, clock), NOBODY_YET, asked)


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


class _Holding:
    """The latches of a verification: known to nobody else, and gone with it."""

    def __init__(self, latched: Latches) -> None:
        self.latched = dict(latched)

    def latch(self, api: str, route: str, entrance: str, held: Held) -> None:
        self.latched[api, route, entrance] = held

    def unlatch(self, api: str, route: str, entrance: str, held: Held) -> None:
        if self.latched.get((api, route, entrance), held) is held:
            self.latched.pop((api, route, entrance), None)

    def all(self) -> tuple[HeldWrite, ...]:
        return tuple(
            HeldWrite(api=api, route=route, entrance=entrance, held=held)
            for (api, route, entrance), held in self.latched.items()
        )

"""Verifies a release: looks again and again until the answers agree, and decides.

Nothing is stored: it opens no incident, and disturbs no monitor that runs beside it. As in `run`,
everything outside is passed in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from gatewatch.config.canonical import Config
from gatewatch.looking.rounds import (
    HeldWrite,
    OverdueError,
    Round,
    TakeRound,
    Unanswered,
    latches,
    untaken,
)
from gatewatch.plan import plan
from gatewatch.ports import Clock
from gatewatch.release.baseline import Baseline, Key
from gatewatch.release.decide import Release, decide
from gatewatch.release.policy import Policy
from gatewatch.release.sightings import Sightings, Window

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
    now, unanswered = 0.0, tuple[Unanswered, ...]()
    while now + took <= window.deadline:
        asked = Round(held=tuple(held), unanswered=unanswered, is_settling=window.is_settling(now))
        try:
            taken = take(asked)
        except OverdueError as error:
            sightings.add(_since(began, clock), untaken(config, f"{error}", clock, asked).verdicts)
            break
        started, now = now, _since(began, clock)
        took, held, unanswered = now - started, taken.held, taken.unanswered
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
        for probe in plan(config, latched=latches(held))
        for caller in (
            *(one.caller for one in probe.attempts),
            *(one.caller for one in probe.skipped),
        )
    ]

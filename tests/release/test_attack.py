"""What no order of answers, no baseline and no slow round may do to the decision on a release."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from gatewatch.config.author import load
from gatewatch.looking.rounds import OverdueError, Round, Taken
from gatewatch.model import Outcome, Verdict
from gatewatch.release.baseline import NO_BASELINE, Baseline, key_of, of_verdicts
from gatewatch.release.checked import Checked, Standing
from gatewatch.release.decide import Decision, Release, decide
from gatewatch.release.policy import Policy
from gatewatch.release.series import Series
from gatewatch.release.sightings import Sightings, Window
from gatewatch.verify import verify
from tests.builders import config
from tests.release.test_decide import (
    BACKEND,
    BROKEN,
    LOST,
    LOST_ANSWER,
    ONE,
    OPEN,
    PASSES,
    REFUSED,
    UNDECIDED,
    Clock,
)

WINDOW = Window(settles=90, deadline=300)
SKIPPED = replace(PASSES, outcome=Outcome.SKIPPED)
ANSWERS = st.sampled_from([PASSES, LOST, LOST_ANSWER, UNDECIDED, BACKEND, BROKEN, SKIPPED])
MANY = st.lists(ANSWERS, min_size=1, max_size=30)
BEFORE = st.lists(ANSWERS, max_size=1)


AT = "2026-11-28T12:00:00+00:00"


def decided(answers: Sequence[Verdict], known: Baseline = NO_BASELINE) -> Release:
    """Of looks five seconds apart at one route by one caller."""
    sightings = Sightings([key_of(PASSES)], known, Policy(config(ONE)), WINDOW)
    for at, one in enumerate(answers):
        sightings.add(5.0 * at, [one])
    seconds = 5.0 * len(answers)
    return decide(sightings, known, at=AT, seconds=seconds, rounds=1, requests=1)


@given(MANY, BEFORE, st.sampled_from([LOST, LOST_ANSWER, BROKEN]))
def test_one_more_failure_never_lets_a_stopped_release_pass(
    answers: list[Verdict], before: list[Verdict], more: Verdict
) -> None:
    known = of_verdicts([one for one in before if one.outcome is Outcome.PASS], "a run", None)
    if decided(answers, known).decision is Decision.STOPPED:
        assert decided([*answers, more], known).decision is not Decision.PASSED


@given(MANY, BEFORE)
def test_what_was_last_unknown_or_failed_never_passes(
    answers: list[Verdict], before: list[Verdict]
) -> None:
    [look] = decided(answers, of_verdicts(before, "a run", None)).looks
    if answers[-1].outcome in (Outcome.UNKNOWN, Outcome.FAIL):
        assert look.standing not in (Standing.PASSED, Standing.FIXED)


@given(MANY, BEFORE)
def test_what_was_not_looked_at_for_the_whole_window_never_passes(
    answers: list[Verdict], before: list[Verdict]
) -> None:
    known = of_verdicts(before, "a run", None)
    sightings = Sightings([key_of(PASSES)], known, Policy(config(ONE)), WINDOW)
    for at, one in enumerate(answers):
        sightings.add(2.0 * at, [one])
    after = decide(sightings, known, at=AT, seconds=300, rounds=1, requests=1)
    assert after.decision is not Decision.PASSED


@given(MANY, st.lists(st.sampled_from([OPEN, REFUSED, replace(OPEN, outcome=Outcome.PASS)])))
def test_nothing_that_was_known_excuses_an_exposure(
    answers: list[Verdict], before: list[Verdict]
) -> None:
    known = of_verdicts([*before, PASSES], "a run", None)
    keys = [key_of(PASSES), key_of(OPEN)]
    sightings = Sightings(keys, known, Policy(config(ONE)), WINDOW)
    for at, one in enumerate(answers):
        sightings.add(5.0 * at, [one, OPEN])
    seconds = 5.0 * len(answers)
    found = decide(sightings, known, at=AT, seconds=seconds, rounds=1, requests=1)
    assert found.decision is Decision.STOPPED


@given(st.lists(ANSWERS, min_size=4, max_size=4), st.permutations(range(4)), MANY)
def test_the_order_of_looks_and_of_what_was_known_does_not_matter(
    before: list[Verdict], order: list[int], answers: list[Verdict]
) -> None:
    def of(turn: Sequence[int]) -> Sequence[Checked]:
        routes = [f"GET /{at}" for at in turn]
        known = of_verdicts(
            [replace(before[at], route=route) for at, route in zip(turn, routes, strict=True)],
            "a run",
            None,
        )
        keys = [key_of(replace(PASSES, route=one)) for one in routes]
        sightings = Sightings(keys, known, Policy(config(ONE)), WINDOW)
        for at, one in enumerate(answers):
            sightings.add(5.0 * at, [replace(one, route=route) for route in routes])
        return sightings.checked(5.0 * len(answers))

    assert of(range(4)) == of(order)


@given(
    st.lists(st.floats(0.01, 100), min_size=1, max_size=70),
    st.sampled_from([1, 5, 60]),
    st.sampled_from([10, 90, 300]),
    st.sampled_from([10, 90, 300]),
)
def test_it_ends_by_its_deadline_or_with_the_round_that_was_under_way(
    takes: list[float], every: int, settles: int, deadline: int
) -> None:
    made = config(ONE)
    settings = replace(
        made.verification,
        for_seconds=settles,
        every_seconds=every,
        deadline_seconds=deadline,
    )
    clock, rounds = Clock(), 0

    def take(_: Round) -> Taken:
        nonlocal rounds
        clock.wait(takes[rounds % len(takes)])
        rounds += 1
        return Taken(verdicts=(PASSES, UNDECIDED), requests=2)

    began = clock.now()
    verify(replace(made, verify=settings), take, NO_BASELINE, clock, clock.wait)
    last = takes[(rounds - 1) % len(takes)]
    assert clock.now() - began <= timedelta(seconds=deadline + last + 0.001)


@pytest.mark.parametrize(
    ("rounds", "decision"),
    [
        pytest.param(0, Decision.UNDECIDED, id="the_first"),
        pytest.param(2, Decision.UNDECIDED, id="after_two"),
        pytest.param(5, Decision.UNDECIDED, id="while_answers_may_be_old"),
        pytest.param(17, Decision.UNDECIDED, id="shortly_before_the_end"),
        pytest.param(18, Decision.UNDECIDED, id="the_last_one"),
    ],
)
def test_a_round_that_hangs_leaves_undecided_what_was_not_seen(
    rounds: int, decision: Decision
) -> None:
    clock, taken = Clock(), 0

    def take(_: Round) -> Taken:
        nonlocal taken
        if taken == rounds:
            clock.wait(300)
            raise OverdueError
        taken += 1
        return Taken(verdicts=(PASSES, REFUSED), requests=2)

    known = of_verdicts([PASSES, REFUSED], "a run", None)
    release = verify(config(ONE), take, known, clock, clock.wait)
    assert (release.decision, release.rounds) == (decision, rounds)


def test_answers_that_differed_before_a_round_hung_are_not_forgotten() -> None:
    clock, taken = Clock(), 0

    def take(_: Round) -> Taken:
        nonlocal taken
        if taken == 20:
            clock.wait(300)
            raise OverdueError
        taken += 1
        one = LOST if taken == 16 else PASSES
        return Taken(verdicts=(one, REFUSED), requests=2)

    known = of_verdicts([PASSES, REFUSED], "a run", None)
    release = verify(config(ONE), take, known, clock, clock.wait)
    assert (release.decision, release.rounds) == (Decision.UNDECIDED, 20)


def test_without_a_look_nothing_is_decided() -> None:
    made = load("apis: {a: {url: https://a.example.com, routes: [POST /x: public]}}", "test")
    clock = Clock()
    release = verify(made, lambda _: Taken(), NO_BASELINE, clock, clock.wait)
    assert release.decision is Decision.UNDECIDED


@given(st.lists(st.sampled_from([LOST_ANSWER, replace(PASSES, evidence=LOST_ANSWER.evidence)])))
def test_of_many_looks_the_evidence_of_two_is_kept(answers: list[Verdict]) -> None:
    series = Series()
    for at, one in enumerate(answers):
        series.add(5.0 * at, one)
    assert sum(bool(one.verdict.evidence) for one in series.seen) <= 2


def test_looks_that_show_the_same_are_kept_once() -> None:
    series = Series()
    for at in range(100):
        series.add(5.0 * at, replace(REFUSED, evidence=LOST_ANSWER.evidence))
    assert len({id(one.verdict) for one in series.seen}) == 2

"""Releases are decided by the last answers of a window, against what was known before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from msgspec.structs import replace

from gatewatch.config.canonical import Config
from gatewatch.looking.rounds import OverdueError, Round, Taken
from gatewatch.model import (
    ANONYMOUS,
    Action,
    Confidence,
    Exchange,
    Finding,
    Layer,
    Outcome,
    Request,
    Response,
    Verdict,
)
from gatewatch.release.baseline import key_of, of_verdict, of_verdicts
from gatewatch.release.checked import Standing
from gatewatch.release.decide import Decision, Release
from gatewatch.verify import verify
from tests.builders import URL, candidates, config, verdict

PASSES = verdict(Outcome.PASS)
LOST = verdict()
BACKEND = verdict(layer=Layer.BACKEND, cause="backend_error", candidates=())
BROKEN = verdict(
    layer=Layer.AUTH, cause="authorizer_failure", candidates=(), confidence=Confidence.CERTAIN
)
OPEN = verdict(
    caller=ANONYMOUS, finding=Finding.PROTECTED_ROUTE_OPEN, layer=Layer.OK, candidates=()
)
REFUSED = verdict(Outcome.PASS, caller=ANONYMOUS, layer=Layer.AUTH, cause="iam_unsigned")
LOST_ANSWER = verdict(
    layer=Layer.INTEGRATION,
    cause="integration_timeout",
    candidates=(),
    evidence=(
        Exchange(
            request=Request(method="GET", url=f"{URL}/x"),
            response=Response(error="timeout: the deadline passed in phase first_byte"),
        ),
    ),
)
WRONG_STATUS = verdict(finding=Finding.UNEXPECTED_STATUS, layer=Layer.OK, candidates=())
UNDECIDED = verdict(Outcome.UNKNOWN, because="one of several")
ONE = "GET /x: {access: protected, guarded_by: jwt, as: [user]}"


class Clock:
    def __init__(self) -> None:
        self.time = datetime(2026, 11, 28, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    def wait(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


def released(
    answers: Sequence[Verdict],
    known: Iterable[Verdict] = (PASSES, REFUSED),
    made: Config | None = None,
    beside: Verdict | None = REFUSED,
) -> Release:
    """A release whose rounds, five seconds apart, get these answers and then the last one for ever;
    `beside`: what the other look of the route gets each time."""
    clock, rounds = Clock(), 0

    def take(_: Round) -> Taken:
        nonlocal rounds
        one = answers[min(rounds, len(answers) - 1)]
        rounds += 1
        both = [one] if beside is None else [one, beside]
        return Taken(verdicts=tuple(both), requests=2)

    baseline = of_verdicts(known, "a run", "2026-11-28T11:00:00+00:00")
    return verify(made or config(ONE), take, baseline, clock, clock.wait)


def standing(release: Release, caller: str = "user") -> Standing:
    return next(one.standing for one in release.looks if one.caller == caller)


def test_a_release_whose_answers_stay_right_passes_after_the_window() -> None:
    release = released([PASSES])
    assert release.decision is Decision.PASSED
    assert (release.seconds, release.rounds) == (90, 19)


@pytest.mark.parametrize(
    ("answers", "decision"),
    [
        pytest.param([LOST], Decision.STOPPED, id="all_fail"),
        pytest.param([PASSES] * 5 + [LOST], Decision.STOPPED, id="old_answers_first"),
        pytest.param([PASSES, LOST] * 4 + [LOST], Decision.STOPPED, id="mixed_then_bad"),
        pytest.param([PASSES, LOST] * 4 + [PASSES], Decision.PASSED, id="mixed_then_good"),
        pytest.param([LOST] * 8 + [PASSES], Decision.PASSED, id="a_new_stage_comes_up"),
        pytest.param([PASSES] * 20 + [LOST], Decision.PASSED, id="later_than_the_window"),
        pytest.param([LOST] * 14 + [PASSES], Decision.PASSED, id="it_recovers_late_and_is_awaited"),
        pytest.param([PASSES, LOST] * 100, Decision.STOPPED, id="it_never_agrees"),
        pytest.param([UNDECIDED], Decision.UNDECIDED, id="unknown_is_never_a_pass"),
        pytest.param([PASSES, UNDECIDED] * 100, Decision.UNDECIDED, id="unknown_at_times"),
        pytest.param([UNDECIDED] * 5 + [PASSES], Decision.PASSED, id="unknown_at_first"),
        pytest.param([BACKEND], Decision.PASSED, id="a_layer_that_only_warns"),
        pytest.param([BACKEND, LOST] * 100, Decision.STOPPED, id="the_gravest_of_two_layers"),
        pytest.param([BROKEN], Decision.STOPPED, id="a_broken_authorizer"),
        pytest.param([LOST_ANSWER], Decision.STOPPED, id="no_answer_ever"),
        pytest.param(
            [PASSES, LOST_ANSWER] * 100, Decision.STOPPED, id="no_answer_every_other_time"
        ),
        pytest.param([WRONG_STATUS], Decision.STOPPED, id="a_status_that_nobody_expects"),
        pytest.param(
            [replace(WRONG_STATUS, layer=Layer.BACKEND)],
            Decision.PASSED,
            id="a_backends_own_status",
        ),
    ],
)
def test_the_last_answers_decide(answers: Sequence[Verdict], decision: Decision) -> None:
    assert released(answers).decision is decision


@pytest.mark.parametrize(
    ("answers", "decision", "rounds", "because"),
    [
        pytest.param(
            [PASSES] * 15 + [LOST_ANSWER, PASSES],
            Decision.PASSED,
            19,
            "the last of 19 looks passed; 1 failed, the last at +75 s",
            id="one_answer_is_lost",
        ),
        pytest.param(
            [PASSES] * 15 + [UNDECIDED, PASSES],
            Decision.PASSED,
            19,
            "the last of 19 looks passed; 1 decided nothing",
            id="one_look_decides_nothing",
        ),
        pytest.param(
            [PASSES] * 18 + [LOST_ANSWER, PASSES],
            Decision.PASSED,
            20,
            "the last of 20 looks passed; 1 failed, the last at +90 s",
            id="the_last_one_is_waited_for",
        ),
        pytest.param(
            [PASSES] * 15 + [LOST_ANSWER, UNDECIDED, PASSES],
            Decision.PASSED,
            23,
            "the last of 23 looks passed; 1 failed, the last at +75 s; 1 decided nothing",
            id="two_in_the_tail_are_awaited_to_leave_it",
        ),
        pytest.param(
            [BACKEND] * 15 + [LOST_ANSWER, BACKEND],
            Decision.PASSED,
            19,
            "it passed before this release (last at 2026-11-28 11:00:00 UTC); all of 19 looks"
            " failed",
            id="the_others_tell_what_fails",
        ),
        pytest.param(
            [BACKEND] * 15 + [LOST_ANSWER, LOST_ANSWER, BACKEND],
            Decision.PASSED,
            23,
            "it passed before this release (last at 2026-11-28 11:00:00 UTC); all of 23 looks"
            " failed",
            id="two_lost_answers_are_awaited_to_leave_it_also_among_failures",
        ),
    ],
)
def test_one_look_that_decides_nothing_does_not_count_where_later_ones_do(
    answers: Sequence[Verdict], decision: Decision, rounds: int, because: str
) -> None:
    release = released(answers)
    looked = next(one for one in release.looks if one.caller == "user")
    assert (release.decision, release.rounds, looked.because) == (decision, rounds, because)


@pytest.mark.parametrize(
    ("known", "answer", "expected", "decision"),
    [
        pytest.param([PASSES], LOST, Standing.NEW_FAILURE, Decision.STOPPED, id="new"),
        pytest.param([LOST], LOST, Standing.OLDER_FAILURE, Decision.PASSED, id="older"),
        pytest.param([BACKEND], LOST, Standing.NEW_FAILURE, Decision.STOPPED, id="otherwise"),
        pytest.param([], LOST, Standing.FIRST_FAILURE, Decision.STOPPED, id="nothing_known"),
        pytest.param([UNDECIDED], LOST, Standing.FIRST_FAILURE, Decision.STOPPED, id="unknown"),
        pytest.param([LOST], PASSES, Standing.FIXED, Decision.PASSED, id="fixed"),
        pytest.param([], PASSES, Standing.PASSED, Decision.PASSED, id="nothing_known_and_right"),
        pytest.param([PASSES], UNDECIDED, Standing.UNKNOWN, Decision.UNDECIDED, id="undecided"),
    ],
)
def test_a_failure_is_compared_with_what_was_known(
    known: list[Verdict], answer: Verdict, expected: Standing, decision: Decision
) -> None:
    release = released([answer], [REFUSED, *known])
    assert (standing(release), release.decision) == (expected, decision)


def test_an_older_failure_that_shares_only_some_causes_is_the_same() -> None:
    before = replace(LOST, candidates=candidates("wrong_method", "route_not_deployed"))
    assert standing(released([LOST], [before])) is Standing.OLDER_FAILURE


def test_a_stranger_who_gets_in_stops_it_at_once() -> None:
    release = released([PASSES], beside=OPEN)
    assert (release.decision, release.rounds) == (Decision.STOPPED, 1)
    first = release.looks[0]
    assert (first.caller, first.stops, first.action) == (ANONYMOUS, True, Action.FAIL)


def test_one_look_that_got_in_is_not_outvoted() -> None:
    release = released([REFUSED, OPEN, REFUSED], beside=PASSES)
    assert (release.decision, release.rounds) == (Decision.STOPPED, 2)


@pytest.mark.parametrize(
    "known",
    [
        pytest.param([OPEN], id="it_was_open"),
        pytest.param([], id="nothing_known"),
        pytest.param([replace(REFUSED, layer=Layer.OK)], id="it_let_everybody_in"),
    ],
)
def test_a_route_that_may_have_been_open_before_has_the_whole_window_to_close(
    known: list[Verdict],
) -> None:
    closing = released([OPEN] * 5 + [REFUSED], [PASSES, *known], beside=PASSES)
    assert closing.decision is Decision.PASSED
    staying = released([OPEN], [PASSES, *known], beside=PASSES)
    assert (staying.decision, staying.rounds) == (Decision.STOPPED, 19)


def test_an_older_exposure_stops_a_release_all_the_same() -> None:
    release = released([OPEN], [PASSES, OPEN], beside=PASSES)
    assert standing(release, ANONYMOUS) is Standing.OLDER_FAILURE
    assert release.decision is Decision.STOPPED


def test_a_route_at_which_failures_warn_neither_stops_nor_hides() -> None:
    made = config("GET /x: {access: protected, guarded_by: jwt, as: [user], verify: warn}")
    assert released([LOST], made=made).decision is Decision.PASSED
    assert released([LOST], made=made).looks[0].action is Action.WARN
    assert released([UNDECIDED], made=made).decision is Decision.PASSED
    assert released([PASSES], made=made, beside=OPEN).decision is Decision.STOPPED


def test_a_route_decides_before_its_api() -> None:
    route = "GET /x: {access: protected, guarded_by: jwt, as: [user], verify: {fail: backend}}"
    made = config(route, "verify: ignore")
    assert released([BACKEND], made=made).decision is Decision.STOPPED
    assert released([LOST], made=made).decision is Decision.PASSED


def test_an_ambiguous_layer_counts_as_the_gravest_that_it_may_be() -> None:
    both = replace(LOST, layer=Layer.AMBIGUOUS, candidates=(*LOST.candidates, *BACKEND.candidates))
    assert released([both]).decision is Decision.STOPPED


def test_a_layer_that_nobody_knows_excuses_nothing() -> None:
    unknown = replace(LOST, layer=Layer.UNKNOWN, cause="unknown", candidates=())
    assert released([unknown]).decision is Decision.STOPPED


def test_a_look_that_never_came_is_unknown() -> None:
    release = released([PASSES], beside=None)
    assert standing(release, ANONYMOUS) is Standing.UNKNOWN
    assert release.decision is Decision.UNDECIDED


def test_a_renamed_variable_is_the_same_route() -> None:
    made = config('"GET /x/{id}": {access: protected, guarded_by: jwt, as: [user], path: {id: a}}')
    old, new = "GET /x/{number}", "GET /x/{id}"
    known = [replace(one, route=old) for one in (PASSES, REFUSED)]
    lost, refused = replace(LOST, route=new), replace(REFUSED, route=new)
    release = released([lost], known, made, refused)
    assert standing(release) is Standing.NEW_FAILURE
    assert {one.renamed for one in release.looks} == {f"it was {old}"}
    assert not release.gone


def test_routes_that_came_and_went_are_told() -> None:
    left = replace(PASSES, route="GET /left")
    release = released([PASSES], [REFUSED, left])
    assert [one.route for one in release.gone] == ["GET /left"]
    assert next(one for one in release.looks if one.caller == "user").before is None


def test_a_known_failure_survives_being_written_down() -> None:
    before = of_verdict(LOST, "2026-11-28T11:00:00+00:00")
    assert (before.outcome, before.finding, before.key) == (
        Outcome.FAIL,
        Finding.REFUSED,
        key_of(LOST),
    )


@pytest.mark.parametrize("seen", [PASSES, LOST, UNDECIDED])
def test_a_release_as_json_says_what_became_of_each_look(seen: Verdict) -> None:
    """Also where it is unknown: whoever reads it must not take what is missing for a pass."""
    found = msgspec.to_builtins(released([seen]))
    assert all(one["standing"] and one["because"] for one in found["looks"])


@pytest.mark.parametrize("rounds", [3, 5, 10])
def test_a_round_that_hangs_within_the_window_leaves_it_undecided(rounds: int) -> None:
    """What passed until then may have been answered by what was there before."""
    clock, taken = Clock(), 0

    def take(_: Round) -> Taken:
        nonlocal taken
        taken += 1
        if taken > rounds:
            clock.wait(400)
            raise OverdueError("a round has not ended by the deadline")
        return Taken(verdicts=(PASSES, REFUSED), requests=2)

    known = of_verdicts((PASSES, REFUSED), "before", None)
    found = verify(config(ONE), take, known, clock, clock.wait)
    assert found.decision is Decision.UNDECIDED
    assert all("has not ended" in one.because for one in found.looks)


def test_a_round_that_takes_long_at_the_windows_end_is_followed_by_another() -> None:
    """It began before the end, and says nothing of it."""
    clock, rounds = Clock(), 0

    def take(_: Round) -> Taken:
        nonlocal rounds
        rounds += 1
        clock.wait(8 if rounds == 17 else 1)
        return Taken(verdicts=(PASSES, REFUSED), requests=2)

    baseline = of_verdicts([PASSES, REFUSED], "a run", "2026-11-28T11:00:00+00:00")
    made = config(ONE, "")
    quick = replace(made, verify=replace(made.verification, for_seconds=87.0))
    release = verify(quick, take, baseline, clock, clock.wait)
    assert (release.decision, rounds) == (Decision.PASSED, 18)

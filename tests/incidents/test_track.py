"""A route's memory, walked through time: just before, at, and after each threshold."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from gatewatch.incidents.track import (
    Patience,
    RouteState,
    Transition,
    Turn,
    retire,
    track,
)
from gatewatch.model import (
    EXPOSURES,
    Candidate,
    Confidence,
    Finding,
    NextProbe,
    Outcome,
    Owner,
    Severity,
    Verdict,
)
from tests.builders import candidates, verdict

START = datetime(2026, 11, 22, tzinfo=UTC)
PASS, FAIL = verdict(Outcome.PASS), verdict()
UNKNOWN = verdict(Outcome.UNKNOWN, finding=None, confidence=Confidence.AMBIGUOUS)
SKIPPED = verdict(Outcome.SKIPPED)
EXPOSED = verdict(finding=Finding.PROTECTED_ROUTE_OPEN, caller="anonymous", candidates=())
DENIED = verdict(cause="authorizer_denied", candidates=candidates("authorizer_denied"))


def walk(
    *verdicts: Verdict, patience: Patience | None = None
) -> tuple[RouteState, list[Turn | None]]:
    state: RouteState | None = None
    turns: list[Turn | None] = []
    for minute, one in enumerate(verdicts):
        at = (START + timedelta(minutes=minute)).isoformat()
        state, transition = track(state, one, patience or Patience(3, 2), at)
        turns.append(transition.turn if transition else None)
    assert state is not None
    return state, turns


@pytest.mark.parametrize(
    ("verdicts", "turns"),
    [
        ([FAIL, FAIL], [None, None]),
        ([FAIL, FAIL, FAIL], [None, None, "opened"]),
        ([FAIL, FAIL, FAIL, FAIL], [None, None, "opened", None]),
        ([FAIL, FAIL, PASS, FAIL], [None] * 4),
        ([FAIL, FAIL, PASS, FAIL, FAIL], [None] * 4 + ["opened"]),
        ([FAIL, FAIL, FAIL, PASS], [None, None, "opened", None]),
        ([FAIL, FAIL, FAIL, PASS, PASS], [None, None, "opened", None, "recovered"]),
        ([FAIL, FAIL, FAIL, PASS, FAIL, PASS], [None, None, "opened", None, None, None]),
        ([FAIL, UNKNOWN, FAIL, SKIPPED, FAIL], [None, None, None, None, "opened"]),
        ([FAIL] * 3 + [PASS, UNKNOWN, PASS], [None, None, "opened", None, None, "recovered"]),
        ([PASS, EXPOSED], [None, "opened"]),
        ([FAIL] * 3 + [DENIED], [None, None, "opened", "changed"]),
        ([PASS, PASS], [None, None]),
    ],
)
def test_when_it_turns(verdicts: list[Verdict], turns: list[str | None]) -> None:
    assert walk(*verdicts)[1] == turns


def test_a_failure_began_with_the_first_of_its_run() -> None:
    state, _ = walk(PASS, FAIL, PASS, FAIL, FAIL, FAIL, patience=Patience(3, 2, share=(6, 6)))
    assert state.since == (START + timedelta(minutes=3)).isoformat()


def test_a_failure_that_comes_and_goes_began_with_the_oldest_that_counts() -> None:
    state, turns = walk(FAIL, PASS, FAIL, PASS, FAIL, patience=Patience(2, 2))
    assert (state.since, turns[-1]) == (START.isoformat(), Turn.OPENED)


def regular(period: int, looks: int) -> list[Verdict]:
    """One look in so many fails, for ever."""
    return [FAIL if at % period == 0 else PASS for at in range(looks)]


@pytest.mark.parametrize("period", [2, 3, 4])
def test_what_fails_now_and_then_is_told_once_and_never_as_recovered(period: int) -> None:
    state, turns = walk(*regular(period, 400), patience=Patience(2, 2))
    assert [turn for turn in turns if turn] == [Turn.OPENED]
    assert state.is_flapping


@pytest.mark.parametrize(("passes", "turn"), [(19, None), (20, Turn.RECOVERED)])
def test_what_came_and_went_is_believed_after_twice_the_window(
    passes: int, turn: Turn | None
) -> None:
    assert walk(*regular(3, 31), *[PASS] * passes, patience=Patience(2, 2))[1][-1] is turn


@pytest.mark.parametrize(("passes", "turn"), [(8, None), (9, Turn.RECOVERED)])
def test_after_one_comeback_recovery_waits_until_that_is_long_ago(
    passes: int, turn: Turn | None
) -> None:
    looks = [FAIL, FAIL, PASS, FAIL, *[PASS] * passes]
    assert walk(*looks, patience=Patience(2, 2))[1][-1] is turn


def test_a_failure_that_begins_to_come_and_go_is_said_once() -> None:
    turns = walk(FAIL, FAIL, *regular(2, 60)[1:], patience=Patience(2, 2))[1]
    assert [turn for turn in turns if turn] == [Turn.OPENED, Turn.FLAPPING]


@pytest.mark.parametrize(
    ("share", "looks", "turn"),
    [
        ((3, 10), [FAIL, *[PASS] * 7, FAIL, FAIL], Turn.OPENED),
        ((3, 10), [FAIL, *[PASS] * 8, FAIL, FAIL], None),
        ((3, 10), [FAIL, FAIL], None),
    ],
)
def test_so_many_of_the_last_looks(
    share: tuple[int, int], looks: list[Verdict], turn: Turn | None
) -> None:
    assert walk(*looks, patience=Patience(share[0], 2, share))[1][-1] is turn


@pytest.mark.parametrize("finding", sorted(EXPOSURES))
def test_an_exposure_counts_at_once_and_two_refusals_do_not_end_it(finding: Finding) -> None:
    exposed = verdict(finding=finding, caller="anonymous", candidates=())
    turns = walk(PASS, exposed, *[PASS] * 10, patience=Patience(2, 2))[1]
    assert turns == [None, Turn.OPENED, *[None] * 9, Turn.RECOVERED]


def test_an_exposure_to_an_invalid_credential_ends_as_other_failures_do() -> None:
    exposed = verdict(finding=Finding.PROTECTED_ROUTE_OPEN, caller="invalid token", candidates=())
    refused = verdict(Outcome.PASS, caller="invalid token")
    turns = walk(exposed, refused, refused, patience=Patience(2, 2))[1]
    assert turns == [Turn.OPENED, None, Turn.RECOVERED]


def test_what_holds_a_write_back_counts_at_once_and_stays() -> None:
    weakened = verdict(finding=Finding.GUARD_WEAKENED, caller="anonymous")
    held = verdict(Outcome.SKIPPED, finding=Finding.GUARD_WEAKENED, caller="anonymous")
    writes = Patience(2, 2, holds_writes=True)
    state, turns = walk(PASS, weakened, *[held] * 20, patience=writes)
    assert turns == [None, Turn.OPENED, *[None] * 20]
    assert state.is_failing
    assert walk(PASS, weakened, patience=Patience(2, 2))[1] == [None, None]


def test_a_write_that_is_held_back_is_told_even_if_its_state_was_lost() -> None:
    held = verdict(Outcome.SKIPPED, finding=Finding.PROTECTED_ROUTE_OPEN, caller="anonymous")
    assert walk(held)[1] == [Turn.OPENED]


def test_a_credential_that_cannot_be_read_counts_at_once() -> None:
    unread = verdict(Outcome.UNKNOWN, finding=Finding.CREDENTIAL_UNREADABLE)
    assert walk(PASS, unread)[1] == [None, Turn.OPENED]


def test_a_look_that_was_not_taken_and_has_a_finding_counts_as_a_failure() -> None:
    unreachable = verdict(Outcome.UNKNOWN, finding=Finding.REFUSED)
    assert walk(FAIL, unreachable, FAIL)[1] == [None, None, Turn.OPENED]


BROAD, NARROW = (candidates(*names) for names in (("a", "b", "c"), ("a", "b")))


@pytest.mark.parametrize(
    ("shown", "left", "confidence"),
    [
        ([NARROW, BROAD], "ab", Confidence.AMBIGUOUS),
        ([BROAD, NARROW, BROAD], "ab", Confidence.AMBIGUOUS),
        ([candidates("a", "b"), candidates("b", "c")], "b", Confidence.LIKELY),
        ([NARROW, candidates("d")], "d", Confidence.CERTAIN),
    ],
)
def test_what_was_ruled_out_stays_out_until_a_look_contradicts_it(
    shown: list[tuple[Candidate, ...]], left: str, confidence: Confidence
) -> None:
    looks = [
        verdict(
            cause=one[0].cause,
            candidates=one,
            confidence=Confidence.CERTAIN if len(one) == 1 else Confidence.AMBIGUOUS,
        )
        for one in shown
    ]
    for open_after in (1, len(looks)):
        problem = walk(*looks, patience=Patience(open_after, 1))[0].problem
        assert problem is not None
        assert "".join(one.cause for one in problem.candidates) == left
        assert (problem.cause, problem.confidence) == (left[0], confidence)


def test_what_fails_again_began_after_what_was_told_as_over() -> None:
    looks = [PASS, FAIL, FAIL, FAIL, PASS, PASS, FAIL]
    state, turns = walk(*looks, patience=Patience(2, 2))
    assert turns[-2:] == [Turn.RECOVERED, Turn.OPENED]
    assert state.since == (START + timedelta(minutes=6)).isoformat()


def test_when_it_was_last_good() -> None:
    state, _ = walk(PASS, PASS, FAIL, UNKNOWN)
    assert state.last_good == (START + timedelta(minutes=1)).isoformat()


def test_another_cause_among_the_same_look_alikes_is_no_change() -> None:
    narrower = verdict(candidates=candidates("wrong_method"))
    assert walk(FAIL, FAIL, FAIL, narrower)[1][-1] is None


def test_five_unknowns_in_a_row_are_a_finding_for_the_monitors_owner_that_wakes_nobody() -> None:
    state, turns = walk(PASS, *[UNKNOWN] * 5)
    assert turns == [None, None, None, None, None, Turn.OPENED]
    problem = state.problem
    assert problem is not None
    told = (problem.finding, problem.owner, problem.severity)
    assert told == (Finding.UNDECIDED, Owner.CALLER, Severity.LOW)


def test_an_undecided_route_learns_what_fits_and_keeps_its_story() -> None:
    def unknown(*names: str) -> Verdict:
        changes = {"cause": names[0], "candidates": candidates(*names)}
        return verdict(Outcome.UNKNOWN, finding=None, **changes)

    before = [unknown("a", "b")] * 5
    for last, expected in ((("b",), "b"), (("c",), "a")):
        state, turns = walk(*before, unknown(*last))
        assert state.problem is not None
        assert (state.problem.cause, state.problem.finding) == (expected, Finding.UNDECIDED)
        assert turns[-1] is None


def test_a_failing_route_shows_what_its_last_failure_showed() -> None:
    probe = NextProbe(credential="none", method="GET", url="u", why="w")
    state, _ = walk(FAIL, FAIL, FAIL, verdict(candidates=candidates("wrong_method")))
    assert state.problem is not None
    assert [one.cause for one in state.problem.candidates] == ["wrong_method"]
    state, _ = walk(FAIL, FAIL, FAIL, verdict(next_probe=probe))
    assert state.problem is not None
    assert state.problem.next_probe == probe


def test_an_undecided_route_needs_as_many_failures_as_any_other_to_change() -> None:
    undecided = [UNKNOWN] * 5
    _, turns = walk(*undecided, FAIL, FAIL, FAIL)
    assert turns[-3:] == [None, None, Turn.CHANGED]


def test_an_undecided_route_recovers() -> None:
    _, turns = walk(*[UNKNOWN] * 5, PASS, PASS)
    assert turns[-1] is Turn.RECOVERED


def test_an_older_look_changes_nothing() -> None:
    state, _ = walk(PASS, PASS)
    same, transition = track(state, EXPOSED, Patience(1, 1), START.isoformat())
    assert (same, transition) == (state, None)


def test_the_same_look_told_twice_counts_once() -> None:
    state, _ = walk(FAIL)
    same, transition = track(state, FAIL, Patience(2, 1), START.isoformat())
    assert (same, transition) == (state, None)


@pytest.mark.parametrize("between", [FAIL, PASS])
def test_only_unknowns_in_a_row_make_a_finding(between: Verdict) -> None:
    looks = [*[UNKNOWN] * 4, between, UNKNOWN]
    assert walk(*looks)[1] == [None] * len(looks)
    assert walk(*[UNKNOWN] * 5, between)[0].unknowns == 0


def test_a_route_remembers_whether_it_ever_let_anybody_in() -> None:
    assert not walk(FAIL, FAIL)[0].has_passed
    assert walk(PASS, FAIL)[0].has_passed
    refused = verdict(Outcome.PASS, layer="auth", cause="iam_unsigned")
    assert not walk(refused)[0].was_let_in
    assert walk(PASS)[0].was_let_in


def test_a_route_that_left_the_configuration_is_retired_once() -> None:
    failing, _ = walk(FAIL, FAIL, FAIL)
    kept, gone = retire([failing], [], "t")
    assert kept == []
    assert gone == [Transition(Turn.RETIRED, failing, "t")]
    assert retire([failing], [failing.key], "t") == ([failing], [])

"""Whether a route has changed: the memory of one caller at one entrance of one route.

A failure counts after some in a row, a recovery too; an exposure counts at once. `unknown`
neither advances nor resets: after several in a row it is a finding for the monitor's owner.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import msgspec
from msgspec.structs import replace

from gatewatch.model import (
    OK,
    Candidate,
    Confidence,
    Exchange,
    Finding,
    Layer,
    NextProbe,
    Outcome,
    Owner,
    RuledOut,
    Severity,
    Verdict,
)

UNDECIDED_AFTER = 5

Key = tuple[str, str, str]
"""(route, entrance, caller) within one API."""


def story(finding: Finding, candidates: Iterable[Candidate]) -> frozenset[str]:
    """What two problems must share to be one: a possible cause, or else the finding itself."""
    causes = frozenset(one.cause for one in candidates if one.cause != OK)
    by_cause = finding in (Finding.REFUSED, Finding.UNDECIDED)
    return causes if by_cause and causes else frozenset({finding.value})


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is wrong with a route, as last seen."""

    finding: Finding
    layer: Layer
    layer_confidence: Confidence
    cause: str
    confidence: Confidence
    owner: Owner
    severity: Severity
    because: str
    scope: str | None = None
    candidates: tuple[Candidate, ...] = ()
    ruled_out: tuple[RuledOut, ...] = ()
    next_probe: NextProbe | None = None
    evidence: tuple[Exchange, ...] = ()

    @property
    def story(self) -> frozenset[str]:
        return story(self.finding, self.candidates)


class RouteState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`is_failing` once failures count; then `problem` is what the last of them showed.

    `was_let_in`: some look got through here, so the entrance itself is right. `since` is when
    the present run of failures began, `seen_at` the last look that counted here.
    """

    route: str
    entrance: str
    caller: str = msgspec.field(name="as")
    seen_at: str = ""
    has_passed: bool = False
    was_let_in: bool = False
    is_failing: bool = False
    fails: int = 0
    passes: int = 0
    unknowns: int = 0
    since: str | None = None
    problem: Problem | None = None

    @property
    def key(self) -> Key:
        return (self.route, self.entrance, self.caller)


class Turn(StrEnum):
    OPENED = "opened"
    CHANGED = "changed"
    RECOVERED = "recovered"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class Transition:
    """A change of one route's state. `state` is the state after it."""

    turn: Turn
    state: RouteState
    at: str
    stage: str | None = None


@dataclass(frozen=True, slots=True)
class Patience:
    """How many looks in a row make a failure count, and a recovery."""

    open_after: int
    resolve_after: int


def track(
    state: RouteState | None, verdict: Verdict, patience: Patience, at: str
) -> tuple[RouteState, Transition | None]:
    """The next state, and the transition if there is one. An older look changes nothing."""
    before = state or RouteState(
        route=verdict.route, entrance=verdict.entrance, caller=verdict.caller
    )
    if verdict.outcome is Outcome.SKIPPED or at <= before.seen_at:
        return before, None
    after, turn = _next(replace(before, seen_at=at), verdict, patience, at)
    return after, Transition(turn, after, at, verdict.stage) if turn else None


def _next(
    state: RouteState, verdict: Verdict, patience: Patience, at: str
) -> tuple[RouteState, Turn | None]:
    match verdict.outcome:
        case Outcome.PASS:
            return _passed(_let_in(state, verdict), patience)
        case Outcome.FAIL:
            return _failed(state, _problem(verdict), patience, at)
        case _:
            return _undecided(state, verdict, at)


def _let_in(state: RouteState, verdict: Verdict) -> RouteState:
    return replace(state, was_let_in=state.was_let_in or verdict.layer is Layer.OK)


def _passed(state: RouteState, patience: Patience) -> tuple[RouteState, Turn | None]:
    passes = state.passes + 1
    if state.is_failing and passes < patience.resolve_after:
        return replace(state, passes=passes, fails=0, unknowns=0), None
    turn = Turn.RECOVERED if state.is_failing else None
    healthy = replace(
        state,
        passes=passes,
        fails=0,
        unknowns=0,
        has_passed=True,
        is_failing=False,
        since=None,
        problem=None,
    )
    return healthy, turn


def _failed(
    state: RouteState, problem: Problem, patience: Patience, at: str
) -> tuple[RouteState, Turn | None]:
    fails = state.fails + 1
    counting = replace(state, fails=fails, passes=0, unknowns=0, since=state.since or at)
    if not _is_known_to_fail(state):
        if fails < _needed(problem, patience):
            return counting, None
        turn = Turn.CHANGED if state.is_failing else Turn.OPENED
        return replace(counting, is_failing=True, problem=problem), turn
    changed = state.problem is None or not state.problem.story & problem.story
    return replace(counting, problem=problem), Turn.CHANGED if changed else None


def _is_known_to_fail(state: RouteState) -> bool:
    undecided = state.problem is not None and state.problem.finding is Finding.UNDECIDED
    return state.is_failing and not undecided


def _needed(problem: Problem, patience: Patience) -> int:
    return 1 if problem.finding is Finding.PROTECTED_ROUTE_OPEN else patience.open_after


def _undecided(state: RouteState, verdict: Verdict, at: str) -> tuple[RouteState, Turn | None]:
    unknowns = state.unknowns + 1
    counting = replace(state, unknowns=unknowns)
    if _is_known_to_fail(state) or unknowns < UNDECIDED_AFTER:
        return counting, None
    problem = replace(
        _problem(verdict),
        finding=Finding.UNDECIDED,
        owner=Owner.CALLER,
        severity=Severity.LOW,
    )
    if state.problem is None:
        return replace(counting, is_failing=True, problem=problem, since=at), Turn.OPENED
    same = bool(state.problem.story & problem.story)
    return replace(counting, problem=problem if same else state.problem), None


def _problem(verdict: Verdict) -> Problem:
    return Problem(
        finding=verdict.finding or Finding.UNDECIDED,
        layer=verdict.layer,
        layer_confidence=verdict.layer_confidence,
        cause=verdict.cause,
        confidence=verdict.confidence,
        owner=verdict.owner or Owner.API,
        severity=verdict.severity,
        because=verdict.because,
        scope=verdict.scope,
        candidates=verdict.candidates,
        ruled_out=verdict.ruled_out,
        next_probe=verdict.next_probe,
        evidence=verdict.evidence,
    )


def retire(
    states: Sequence[RouteState], configured: Iterable[Key], at: str
) -> tuple[list[RouteState], list[Transition]]:
    """The states still configured, and a transition for each failing one that is not."""
    known = frozenset(configured)
    kept = [state for state in states if state.key in known]
    gone = [state for state in states if state.key not in known and state.is_failing]
    return kept, [Transition(Turn.RETIRED, state, at) for state in gone]

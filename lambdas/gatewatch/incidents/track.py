"""Whether a route has changed: the state of one caller at one entrance of one route.

A failure counts after several in a row, or after a share of the last looks; an exposure counts at
once. A recovery counts after several passes in a row, and after more if the route came and went.
`unknown` neither advances nor resets; several in a row are a finding for the monitor's owner.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

import msgspec
from msgspec.structs import replace

from gatewatch.model import (
    EXPOSURES,
    GOT_THROUGH,
    INVALID_CALLERS,
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


def story(
    finding: Finding, candidates: Iterable[Candidate], scope: str | None = None
) -> frozenset[str]:
    """What makes two symptoms one story: a shared possible cause, or else the finding itself.

    An undecided route shares nothing with a failing one. Each unreadable credential is a story of
    its own.
    """
    causes = frozenset(one.cause for one in candidates if one.cause != OK)
    if finding is Finding.REFUSED and causes:
        return causes
    if finding is Finding.UNDECIDED and causes:
        return frozenset(f"{finding}: {cause}" for cause in causes)
    if finding is Finding.CREDENTIAL_UNREADABLE:
        return frozenset({f"{finding}: {scope or ''}"})
    return frozenset({finding.value})


class Symptom(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is wrong with a route, as far as the looks of the present failure show."""

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
        return story(self.finding, self.candidates, self.scope)

    @property
    def causes(self) -> frozenset[str]:
        return frozenset(one.cause for one in self.candidates)


class RouteState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`is_failing` once failures count; then `problem` is what they show, before that `suspect`.

    `was_let_in`: some look got through here, so the entrance itself is right. `since`: when the
    present run of failures began, and `otherwise_since`: when they last came to show something
    else, if they did; `seen_at`: the last look that counted; `last_good`: the last one
    that passed, and `good_or_later`: it may have passed after that, unwritten. `recent` holds the
    last looks from the oldest failure on: the time of each failure, `-` for one that has recovered
    since, empty for a pass. `is_flapping`: the route comes and goes, and a transition has reported
    that.
    """

    route: str
    entrance: str
    caller: str = msgspec.field(name="as")
    seen_at: str = ""
    has_passed: bool = False
    was_let_in: bool = False
    is_failing: bool = False
    is_flapping: bool = False
    fails: int = 0
    passes: int = 0
    unknowns: int = 0
    since: str | None = None
    otherwise_since: str | None = None
    last_good: str | None = None
    good_or_later: bool = False
    recent: tuple[str, ...] = ()
    problem: Symptom | None = None
    suspect: Symptom | None = None

    @property
    def key(self) -> Key:
        return (self.route, self.entrance, self.caller)


class Turn(StrEnum):
    OPENED = "opened"
    CHANGED = "changed"
    FLAPPING = "flapping"
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
    """How many looks make a failure count, and a recovery.

    A failure counts after `open_after` in a row, or after X of the last Y looks, where `share` is
    (X, Y). `holds_writes`: a call that got through is not repeated, so it counts at once.
    """

    open_after: int
    resolve_after: int
    share: tuple[int, int] | None = None
    holds_writes: bool = False

    @property
    def failing_share(self) -> tuple[int, int]:
        """By default one more than in a row, of five times as many looks, so a third is enough."""
        return self.share or (self.open_after + 1, 5 * self.open_after)


def track(
    state: RouteState | None, verdict: Verdict, patience: Patience, at: str
) -> tuple[RouteState, Transition | None]:
    """The next state, and the transition if there is one. An older look changes nothing."""
    before = state or RouteState(
        route=verdict.route, entrance=verdict.entrance, caller=verdict.caller
    )
    if is_overtaken(before, at) or _says_nothing(before, verdict):
        return before, None
    after, turn = _next(replace(before, seen_at=at), verdict, patience, at)
    return after, Transition(turn, after, at, verdict.stage) if turn else None


def is_overtaken(state: RouteState, at: str) -> bool:
    """Whether a look of this moment comes too late, since a later one has counted already.

    `ahead` corrects what a clock ahead of ours stored before this is asked.
    """
    return at <= state.seen_at


def _says_nothing(before: RouteState, verdict: Verdict) -> bool:
    """Whether the look was skipped; one that a finding holds back still opens that finding."""
    return verdict.outcome is Outcome.SKIPPED and (verdict.finding is None or before.is_failing)


def _next(
    state: RouteState, verdict: Verdict, patience: Patience, at: str
) -> tuple[RouteState, Turn | None]:
    if verdict.outcome is Outcome.PASS:
        return _passed(_let_in(state, verdict), patience, at)
    if _is_our_own(state, verdict):
        return replace(state, unknowns=state.unknowns + 1), None
    if verdict.finding is not None:
        return _failed(state, verdict, patience, at)
    return _undecided(state, verdict, at)


def _is_our_own(state: RouteState, verdict: Verdict) -> bool:
    """Whether an unreadable credential kept us from looking at a route that is known to fail: its
    state does not change then."""
    return (
        verdict.finding is Finding.CREDENTIAL_UNREADABLE
        and _is_known_to_fail(state)
        and state.problem is not None
        and state.problem.finding is not Finding.CREDENTIAL_UNREADABLE
    )


def _let_in(state: RouteState, verdict: Verdict) -> RouteState:
    return replace(state, was_let_in=state.was_let_in or verdict.layer is Layer.OK)


def _passed(state: RouteState, patience: Patience, at: str) -> tuple[RouteState, Turn | None]:
    passing = replace(
        state,
        passes=state.passes + 1,
        fails=0,
        unknowns=0,
        has_passed=True,
        last_good=at,
        good_or_later=False,
        recent=_recent(state, "", patience),
        suspect=None,
    )
    if state.is_failing and passing.passes < _passes_needed(state, patience):
        return passing, None
    healthy = replace(
        passing,
        is_failing=False,
        is_flapping=False,
        since=None,
        otherwise_since=None,
        problem=None,
    )
    if not state.is_failing:
        return healthy, None
    over = tuple(one and _OVER for one in healthy.recent)
    return replace(healthy, recent=over), Turn.RECOVERED


_OVER = "-"
NO_MOMENTS = ("", _OVER)
"""The marks in `recent` for a pass, and for a failure of an earlier, announced story."""


_EXPOSURE_PASSES = 10
"""A guard may be open at only some of several nodes, so a few refusals do not prove it closed. Not
required of invalid credentials, which are tried only hourly."""


def _passes_needed(state: RouteState, patience: Patience) -> int:
    """How many passes in a row count as recovered: more for a route that came and went."""
    _, window = patience.failing_share
    if state.is_flapping:
        return max(patience.resolve_after, 2 * window)
    if _comebacks(state.recent):
        return max(patience.resolve_after, window)
    exposed = (
        state.problem is not None
        and state.problem.finding in EXPOSURES
        and state.caller not in INVALID_CALLERS.values()
    )
    return max(patience.resolve_after, _EXPOSURE_PASSES) if exposed else patience.resolve_after


def _recent(state: RouteState, failed_at: str, patience: Patience) -> tuple[str, ...]:
    """The last looks with one more, from the oldest failure among them on."""
    _, window = patience.failing_share
    looks = (*state.recent, failed_at)[-window:]
    first = next((at for at, one in enumerate(looks) if one), len(looks))
    return looks[first:]


def _comebacks(recent: Sequence[str]) -> int:
    """How often a failure followed a pass."""
    return sum(bool(one) and not before for before, one in pairwise(recent))


def _failed(
    state: RouteState, verdict: Verdict, patience: Patience, at: str
) -> tuple[RouteState, Turn | None]:
    symptom = _symptom(verdict)
    counting = replace(
        state,
        fails=state.fails + 1,
        passes=0,
        unknowns=0,
        since=state.since or at,
        recent=_recent(state, at, patience),
    )
    if not _is_known_to_fail(state):
        suspect = _understood(state.suspect, symptom)
        if state.suspect is not None and not _is_alike(state.suspect, symptom):
            counting = replace(counting, otherwise_since=at)
        return _opening(replace(counting, suspect=suspect), suspect, patience)
    failing = replace(counting, problem=_understood(state.problem, symptom))
    if state.problem is None or not _is_alike(state.problem, symptom):
        failing = replace(failing, otherwise_since=at)
    if state.problem is None or not state.problem.story & symptom.story:
        return failing, Turn.CHANGED
    if not state.is_flapping and _comebacks(counting.recent) > 1:
        return replace(failing, is_flapping=True), Turn.FLAPPING
    return failing, None


def _opening(
    counting: RouteState, problem: Symptom, patience: Patience
) -> tuple[RouteState, Turn | None]:
    """Opens a failure once enough looks failed in a row, or of the last ones."""
    many, _ = patience.failing_share
    times = [one for one in counting.recent if one]
    in_a_row = counting.fails >= _fails_needed(problem, patience)
    if not in_a_row and len(times) < many:
        return counting, None
    failing = replace(
        counting,
        is_failing=True,
        is_flapping=_comebacks(counting.recent) > 1,
        since=counting.since if in_a_row else next(one for one in times if one != _OVER),
        otherwise_since=_otherwise_since(counting, in_a_row=in_a_row),
        problem=problem,
        suspect=None,
    )
    return failing, Turn.CHANGED if counting.is_failing else Turn.OPENED


def _otherwise_since(counting: RouteState, *, in_a_row: bool) -> str | None:
    """What an undecided route showed before is another matter; of failures with passes between
    them, only the last ones are known to be alike."""
    if counting.is_failing:
        return counting.seen_at
    return counting.otherwise_since if in_a_row else counting.since


def _is_alike(before: Symptom, now: Symptom) -> bool:
    """Whether one cause may explain both."""
    causes_differ = before.causes and now.causes and not before.causes & now.causes
    return bool(before.story & now.story) and not causes_differ


def _is_known_to_fail(state: RouteState) -> bool:
    undecided = state.problem is not None and state.problem.finding is Finding.UNDECIDED
    return state.is_failing and not undecided


def _fails_needed(problem: Symptom, patience: Patience) -> int:
    counts_at_once = problem.finding in EXPOSURES | {Finding.CREDENTIAL_UNREADABLE}
    is_held = patience.holds_writes and problem.finding in GOT_THROUGH
    return 1 if counts_at_once or is_held else patience.open_after


def _understood(before: Symptom | None, now: Symptom) -> Symptom:
    """The symptom after one more failing look; causes stay ruled out until one contradicts it."""
    if before is None or before.finding is not now.finding:
        return now
    shared = before.causes & now.causes
    if not shared or now.causes == shared:
        return now
    if before.causes == shared:
        return replace(before, severity=now.severity)
    return _narrowed(before, now, shared)


def _narrowed(before: Symptom, now: Symptom, shared: frozenset[str]) -> Symptom:
    """The causes that two looks share: an inference, never certain, as neither shows it alone."""
    left = tuple(one for one in before.candidates if one.cause in shared)
    layers = {one.layer for one in left}
    out = {one.cause: one for one in (*before.ruled_out, *now.ruled_out)}
    new = tuple(one for one in now.evidence if one not in before.evidence)
    return replace(
        before,
        candidates=left,
        cause=left[0].cause,
        confidence=_inferred(left),
        layer=left[0].layer if len(layers) == 1 else Layer.AMBIGUOUS,
        layer_confidence=_inferred(layers),
        ruled_out=tuple(one for cause, one in out.items() if cause not in shared),
        next_probe=now.next_probe if len(left) > 1 else None,
        evidence=(*before.evidence, *new)[:_MOST_EVIDENCE],
        severity=now.severity,
    )


_MOST_EVIDENCE = 8


def _inferred(left: Collection[object]) -> Confidence:
    return Confidence.LIKELY if len(left) == 1 else Confidence.AMBIGUOUS


def _undecided(state: RouteState, verdict: Verdict, at: str) -> tuple[RouteState, Turn | None]:
    unknowns = state.unknowns + 1
    counting = replace(state, unknowns=unknowns)
    if _is_known_to_fail(state) or unknowns < UNDECIDED_AFTER:
        return counting, None
    problem = replace(
        _symptom(verdict),
        finding=Finding.UNDECIDED,
        owner=Owner.CALLER,
        severity=Severity.LOW,
    )
    if not state.is_failing:
        return replace(counting, is_failing=True, problem=problem, since=at), Turn.OPENED
    same = state.problem is not None and bool(state.problem.story & problem.story)
    return replace(counting, problem=problem if same else state.problem), None


def _symptom(verdict: Verdict) -> Symptom:
    return Symptom(
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
    """The states that are still configured, and a transition for each failing one that is not."""
    known = frozenset(configured)
    kept = [state for state in states if state.key in known]
    gone = [state for state in states if state.key not in known and state.is_failing]
    return kept, [Transition(Turn.RETIRED, state, at) for state in gone]

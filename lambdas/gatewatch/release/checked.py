"""What became of one look of a release, by its last answers and by what was known before."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import msgspec
from msgspec.structs import replace

from gatewatch.incidents.correlate import moment
from gatewatch.model import Action, Concern, Layer, Outcome, Verdict
from gatewatch.release.baseline import Before, Key, is_same_failure
from gatewatch.release.policy import Policy, concerns, gravest, is_exposure
from gatewatch.release.series import LEAST_LOOKS, Seen, Series, has_failed, outcomes


class Standing(StrEnum):
    """The gravest first. A first failure has nothing to be compared with."""

    NEW_FAILURE = "new_failure"
    FIRST_FAILURE = "first_failure"
    OLDER_FAILURE = "older_failure"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"
    FIXED = "fixed"
    PASSED = "passed"


FAILURES = frozenset({Standing.NEW_FAILURE, Standing.FIRST_FAILURE, Standing.OLDER_FAILURE})


class Checked(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One look of a release.

    `verdict`: the one that counts, with its evidence; None where it was never looked at. `action`:
    what the policy wants done about a failure, or about not knowing; `stops`: whether it keeps the
    release from passing. `is_settled`: its last looks agree. `because`: the standing in one
    sentence. `before`: what was known of it, and `renamed` under which other name. `began_after`:
    seconds after the first look at which its present outcome began. `answers`: the outcome of each
    look by its first letter, oldest first, such as `ppfff`.
    """

    api: str
    route: str
    entrance: str
    caller: str = msgspec.field(name="as")
    standing: Standing
    because: str
    stops: bool = False
    action: Action | None = None
    concerns: tuple[Concern, ...] = ()
    is_settled: bool = False
    answers: str = ""
    looks: int = 0
    passed: int = 0
    failed: int = 0
    began_after: float | None = None
    verdict: Verdict | None = None
    before: Before | None = None
    renamed: str | None = None

    @property
    def key(self) -> Key:
        return Key(self.api, self.route, self.entrance, self.caller)

    @property
    def has_failed(self) -> bool:
        return self.standing in FAILURES

    @property
    def has_only_passed(self) -> bool:
        """Whether nothing is held against it, though it may not have settled."""
        return 0 < self.looks == self.passed


_GRAVEST_FIRST = tuple(Standing)


def rank(checked: Checked) -> tuple[bool, bool, int, str, str, str, str]:
    """What stops a release comes first, exposures before all."""
    is_open = Concern.EXPOSURE in checked.concerns
    return (not checked.stops, not is_open, _GRAVEST_FIRST.index(checked.standing), *checked.key)


def is_proven(series: Series, before: Before | None, renamed: str | None) -> bool:
    """Whether no later look can change it: somebody gets in where strangers were refused before, so
    this is no answer of an earlier release."""
    return (
        series.exposure() is not None
        and before is not None
        and renamed is None
        and before.outcome is Outcome.PASS
        and before.layer is not Layer.OK
    )


def check(
    base: Checked, series: Series, until: float, tail_seconds: float, policy: Policy
) -> Checked:
    """`base` names the look, and has what was known of it. `until`: the second until which it must
    have been looked at, unless it stops the release."""
    if not series.seen:
        return _unknown(base, base.because, policy)
    tail = series.tail(tail_seconds)
    proof = series.exposure() if is_proven(series, base.before, base.renamed) else None
    counted = tail if proof is None else [proof, *tail]
    base = replace(
        base,
        answers=series.answers(),
        looks=len(series.seen),
        passed=series.count(Outcome.PASS),
        failed=series.count(Outcome.FAIL),
        is_settled=proof is not None or series.agrees(tail_seconds),
        began_after=series.began() if proof is None else proof.after,
        verdict=series.last.verdict,
    )
    is_seen_out = series.reaches() >= until
    if any(has_failed(one.verdict) for one in counted):
        failed = _failed(base, counted, policy)
        return failed if is_seen_out or failed.stops else _unknown(base, _so_far(series), policy)
    seen, because = outcomes(tail), series.last.verdict.because
    if seen == {Outcome.SKIPPED}:
        return replace(base, standing=Standing.SKIPPED, because=because)
    if seen != {Outcome.PASS}:
        return _unknown(base, _why_unknown(series), policy)
    if len(tail) < LEAST_LOOKS:
        return _unknown(base, f"only {_looks(len(tail))}, so nothing has settled yet", policy)
    return _passed(base, series) if is_seen_out else _unknown(base, _so_far(series), policy)


def _so_far(series: Series) -> str:
    last = f"its last look was at +{series.last.after:.0f} s"
    return f"{last}, and its answers may have been those before the release"


def _failed(base: Checked, counted: Sequence[Seen], policy: Policy) -> Checked:
    failing = [one.verdict for one in counted if has_failed(one.verdict)]
    told = _worst(failing, policy)
    before = base.before
    is_new = before is None or not all(is_same_failure(before, one) for one in failing)
    standing = _standing_of_failure(before, is_new=is_new)
    action = policy.action(told)
    is_older = standing is Standing.OLDER_FAILURE
    return replace(
        base,
        standing=standing,
        action=action,
        stops=is_exposure(told) or (action is Action.FAIL and not is_older),
        concerns=concerns(told),
        because=_why_failed(base, standing, counted),
        verdict=told,
    )


def _worst(failing: Sequence[Verdict], policy: Policy) -> Verdict:
    """The last of the gravest, an exposure before all."""
    exposed = [one for one in failing if is_exposure(one)]
    action = gravest(policy.action(one) for one in failing)
    return (exposed or [one for one in failing if policy.action(one) is action])[-1]


def _standing_of_failure(before: Before | None, *, is_new: bool) -> Standing:
    if before is None or before.outcome is Outcome.UNKNOWN:
        return Standing.FIRST_FAILURE
    return Standing.NEW_FAILURE if is_new else Standing.OLDER_FAILURE


def _why_failed(base: Checked, standing: Standing, counted: Sequence[Seen]) -> str:
    return f"{_compared(base.before, standing)}; {_how_often(base, counted)}"


def _compared(before: Before | None, standing: Standing) -> str:
    if standing is Standing.FIRST_FAILURE or before is None:
        return "nothing is known of it before this release"
    if standing is Standing.OLDER_FAILURE:
        return f"it failed before this release{_since(before.since)}"
    if before.outcome is Outcome.FAIL and before.finding is None:
        return f"it failed before this release, nobody knows how{_since(before.since)}"
    if before.outcome is Outcome.FAIL:
        cause = before.cause or before.finding or "otherwise"
        return f"it failed otherwise before this release ({cause}){_since(before.since)}"
    last = f" (last at {moment(before.last_good)})" if before.last_good else ""
    return f"it passed before this release{last}"


def _since(at: str | None) -> str:
    return f", since {moment(at)}" if at else ""


def _how_often(base: Checked, counted: Sequence[Seen]) -> str:
    failing = sum(has_failed(one.verdict) for one in counted)
    if base.failed == base.looks == 1:
        return "its only look failed"
    if base.failed == base.looks:
        return f"all of {_looks(base.looks)} failed"
    told = f"{base.failed} of {_looks(base.looks)} failed"
    if failing == len(counted):
        return f"{told}, all since +{base.began_after or 0:.0f} s"
    return f"{told}, and its last answers differ still"


def _why_unknown(series: Series) -> str:
    last = next(
        one.verdict for one in reversed(series.seen) if one.verdict.outcome is not Outcome.PASS
    )
    return last.because or "nothing was decided"


def _unknown(base: Checked, because: str, policy: Policy) -> Checked:
    action = policy.of_unknown(base.api, base.route)
    return replace(
        base,
        standing=Standing.UNKNOWN,
        action=action,
        stops=action is Action.FAIL,
        because=because,
    )


def _passed(base: Checked, series: Series) -> Checked:
    """Failures of the window that nothing repeats are told, not counted: nodes were changing."""
    is_fixed = base.before is not None and base.before.outcome is Outcome.FAIL
    is_clean = base.passed == base.looks
    told = f"{'all' if is_clean else 'the last'} of {_looks(base.looks)} passed"
    if base.failed:
        last = max(one.after for one in series.seen if has_failed(one.verdict))
        told = f"{told}; {base.failed} failed, the last at +{last:.0f} s"
    if nothing := base.looks - base.passed - base.failed:
        told = f"{told}; {nothing} decided nothing"
    if is_fixed and base.before is not None:
        told = f"{told}; it failed before this release{_since(base.before.since)}"
    return replace(base, standing=Standing.FIXED if is_fixed else Standing.PASSED, because=told)


def _looks(number: int) -> str:
    return "1 look" if number == 1 else f"{number} looks"

"""Whether a release passes, is stopped, or stays undecided.

A new failure stops it where the policy says so, and an exposure always; an older failure does not,
and is listed. What was not seen, or did not come to agree, is unknown, and that is never a pass.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum

import msgspec

from gatewatch.release.baseline import Baseline, Before
from gatewatch.release.checked import Checked, Standing
from gatewatch.release.doubts import doubts
from gatewatch.release.sightings import Sightings


class Decision(StrEnum):
    PASSED = "passed"
    STOPPED = "stopped"
    UNDECIDED = "undecided"


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """`because`: the decision in one sentence. `at`: when the first look was taken; `seconds`: how
    long all took. `baseline`: where what was known before comes from; empty: nothing was known.
    `looks`: the gravest first; `gone`: what was known and is no longer configured. `doubts`: what
    makes the baseline worth less than it looks."""

    decision: Decision
    because: str
    at: str
    seconds: float
    rounds: int
    requests: int
    baseline: str
    baseline_at: str | None
    looks: tuple[Checked, ...]
    gone: tuple[Before, ...] = ()
    doubts: tuple[str, ...] = ()

    @property
    def stopping(self) -> tuple[Checked, ...]:
        return tuple(one for one in self.looks if one.stops)

    def count(self, *standings: Standing) -> int:
        return sum(one.standing in standings for one in self.looks)


def decide(
    sightings: Sightings,
    baseline: Baseline,
    *,
    at: str,
    seconds: float,
    rounds: int,
    requests: int,
) -> Release:
    looks = sightings.checked(seconds)
    decision = _decision(looks)
    return Release(
        decision=decision,
        because=_because(decision, looks),
        at=at,
        seconds=seconds,
        rounds=rounds,
        requests=requests,
        baseline=baseline.source,
        baseline_at=baseline.at,
        looks=looks,
        gone=sightings.gone(),
        doubts=doubts(baseline, [one.before for one in looks], at),
    )


def _decision(looks: Sequence[Checked]) -> Decision:
    stopping = [one for one in looks if one.stops]
    if any(one.has_failed for one in stopping):
        return Decision.STOPPED
    has_passed = any(one.standing in (Standing.PASSED, Standing.FIXED) for one in looks)
    is_decided = has_passed or any(one.has_failed for one in looks)
    return Decision.PASSED if is_decided and not stopping else Decision.UNDECIDED


def _because(decision: Decision, looks: Sequence[Checked]) -> str:
    counts = Counter(one.standing for one in looks)
    parts = [f"{counts[one]} {told}" for one, told in _WORDS.items() if counts[one]]
    told = ", ".join(parts) or "no look was due"
    return f"{decision}: {told}"


_WORDS = {
    Standing.NEW_FAILURE: "newly failing",
    Standing.FIRST_FAILURE: "failing with nothing to compare",
    Standing.OLDER_FAILURE: "failing as before",
    Standing.UNKNOWN: "unknown",
    Standing.SKIPPED: "skipped",
    Standing.FIXED: "fixed",
    Standing.PASSED: "passed",
}

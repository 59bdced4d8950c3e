"""What one look showed, round by round, and whether its answers agree by now.

After a deployment, nodes answer differently for a while (13 to 33 s were measured after a REST
deployment, up to 62 s after other changes), and a few equal answers may all be old ones. So only
the last ones count, after a window that is longer than that.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass, field

from msgspec.structs import replace

from gatewatch.model import Outcome, Verdict
from gatewatch.release.policy import is_exposure

LEAST_LOOKS = 3
"""So many must agree: two may have met the same node."""


@dataclass(frozen=True, slots=True)
class Seen:
    """`after`: seconds since the first look of the release. `is_void`: no answer came, or what came
    decided nothing."""

    after: float
    verdict: Verdict
    is_void: bool = False


@dataclass(slots=True)
class Series:
    """The verdicts of one look, oldest first; grows with each round. `_shown`: the last failing one
    of which the evidence is kept."""

    seen: list[Seen] = field(default_factory=list)
    _shown: int | None = None

    def add(self, after: float, verdict: Verdict) -> None:
        """Of earlier looks only the last failing one keeps its evidence: there may be many routes,
        and many looks at each."""
        if self.seen and has_failed(self.last.verdict) and not has_failed(verdict):
            self._strip(self._shown)
            self._shown = len(self.seen) - 1
        elif self.seen:
            self._strip(len(self.seen) - 1)
        self.seen.append(Seen(after, verdict, _is_void(verdict)))

    def _strip(self, at: int | None) -> None:
        """Without evidence, it is often the same as the one before."""
        if at is None:
            return
        bare = _bare(self.seen[at].verdict)
        before = self.seen[at - 1].verdict if at > 0 else None
        verdict = before if before is not None and before == bare else bare
        self.seen[at] = dataclasses.replace(self.seen[at], verdict=verdict)

    @property
    def last(self) -> Seen:
        return self.seen[-1]

    def tail(self, seconds: float) -> list[Seen]:
        """The looks that count: those of the seconds before the last one, and never fewer than
        LEAST_LOOKS. One that decided nothing does not count where later ones did: of many looks,
        some get no answer on a healthy way, too."""
        recent = [one for one in self.seen if one.after >= self.last.after - seconds]
        if len(recent) < LEAST_LOOKS:
            recent = self.seen[-LEAST_LOOKS:]
        decided = [one for one in recent if not one.is_void]
        is_one_void = len(decided) == len(recent) - 1 and not self.last.is_void
        return decided if is_one_void and len(decided) >= LEAST_LOOKS else recent

    def agrees(self, seconds: float) -> bool:
        """Whether enough of the last looks have had the same outcome, and all or none were
        answered."""
        tail = self.tail(seconds)
        found = {(_outcome(one.verdict), one.is_void) for one in tail}
        return len(tail) >= LEAST_LOOKS and len(found) == 1

    def reaches(self) -> float:
        """Until when it was looked at regularly: until the next look would have been due."""
        between = self.last.after - self.seen[-2].after if len(self.seen) > 1 else 0.0
        return self.last.after + between

    def exposure(self) -> Seen | None:
        """The first look at which somebody got in who must not."""
        return next((one for one in self.seen if is_exposure(one.verdict)), None)

    def count(self, outcome: Outcome) -> int:
        return sum(_outcome(one.verdict) is outcome for one in self.seen)

    def answers(self) -> str:
        """The outcome of each look by its first letter, oldest first: `ppfpff`."""
        return "".join(_outcome(one.verdict)[0] for one in self.seen)

    def began(self) -> float:
        """When its present outcome began."""
        present = _outcome(self.last.verdict)
        since = self.last.after
        for one in reversed(self.seen):
            if _outcome(one.verdict) is not present:
                break
            since = one.after
        return since


def _is_void(verdict: Verdict) -> bool:
    """The look's own exchange is the first of its evidence."""
    answer = verdict.evidence[0].response if verdict.evidence else None
    is_lost = answer is not None and answer.status == 0 and answer.status_told
    return verdict.outcome is Outcome.UNKNOWN or (verdict.outcome is Outcome.FAIL and is_lost)


def _bare(verdict: Verdict) -> Verdict:
    return replace(verdict, evidence=(), ruled_out=(), next_probe=None)


def has_failed(verdict: Verdict) -> bool:
    """Also of what is not sent again, since a finding holds it back."""
    return _outcome(verdict) is Outcome.FAIL


def _outcome(verdict: Verdict) -> Outcome:
    is_held = verdict.outcome is Outcome.SKIPPED and verdict.finding is not None
    return Outcome.FAIL if is_held else verdict.outcome


def outcomes(seen: Iterable[Seen]) -> frozenset[Outcome]:
    return frozenset(_outcome(one.verdict) for one in seen)

"""All that was seen of a release so far, and whether there is anything left to wait for."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from gatewatch.model import Outcome, Verdict
from gatewatch.release.baseline import Baseline, Before, Key, key_of, matched
from gatewatch.release.checked import Checked, Standing, check, is_proven, rank
from gatewatch.release.policy import Policy
from gatewatch.release.series import Series, outcomes


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """In seconds after the first look: what is seen counts once `settles` is over and the looks of
    its last third agree; at the `deadline`, it counts as it is."""

    settles: float
    deadline: float

    @property
    def tail(self) -> float:
        return self.settles / 3

    def is_settling(self, now: float) -> bool:
        """Whether answers may still be mixed, so that no look of now counts by itself."""
        return now < self.settles - self.tail


class Sightings:
    """`keys`: every look that is due; others that come, as with invalid credentials, count too."""

    def __init__(
        self, keys: Iterable[Key], baseline: Baseline, policy: Policy, window: Window
    ) -> None:
        self.window = window
        self._series = {key: Series() for key in keys}
        self._baseline, self._policy = baseline, policy
        self._known = matched(baseline, self._series)
        self._reaches = 0.0
        self._last_round = 0.0

    def add(self, after: float, verdicts: Iterable[Verdict]) -> None:
        """The verdicts of a round that began so many seconds after the first."""
        self._reaches = after + (after - self._last_round)
        self._last_round = after
        before = len(self._series)
        for one in verdicts:
            self._series.setdefault(key_of(one), Series()).add(after, one)
        if len(self._series) > before:
            self._known = matched(self._baseline, self._series)

    def is_over(self, now: float) -> bool:
        if now >= self.window.deadline or self._has_proof():
            return True
        # A round that began long before the window's end says nothing of the end.
        until = min(now, self._reaches)
        return until >= self.window.settles and all(
            _has_settled(one, self.window.tail) for one in self._series.values()
        )

    def _has_proof(self) -> bool:
        found, renamed = self._known.found, self._known.renamed
        return any(
            is_proven(series, found.get(key), renamed.get(key))
            for key, series in self._series.items()
        )

    def checked(self, now: float) -> tuple[Checked, ...]:
        """Each look as of now, the gravest first."""
        return tuple(sorted((self._check(key, now) for key in self._series), key=rank))

    def gone(self) -> tuple[Before, ...]:
        return self._known.gone

    def _check(self, key: Key, now: float) -> Checked:
        base = Checked(
            api=key.api,
            route=key.route,
            entrance=key.entrance,
            caller=key.caller,
            standing=Standing.UNKNOWN,
            because="it was not looked at",
            before=self._known.found.get(key),
            renamed=self._known.renamed.get(key),
        )
        until = min(now, self.window.settles)
        return check(base, self._series[key], until, self.window.tail, self._policy)


def _has_settled(series: Series, tail: float) -> bool:
    return series.agrees(tail) or outcomes(series.seen) == {Outcome.SKIPPED}

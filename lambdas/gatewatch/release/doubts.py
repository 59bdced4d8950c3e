"""What makes a baseline worth less than it looks, in words. It changes no decision: whoever reads a
release that passed must know what that was compared with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from gatewatch.incidents.correlate import moment
from gatewatch.model import Outcome
from gatewatch.release.baseline import Baseline, Before

_SKEW = timedelta(minutes=5)
"""Clocks of two machines may differ so much."""
_OLD = timedelta(days=30)
_UNSEEN = timedelta(days=1)
"""So long without a pass, a monitor was paused or lost; it writes passes every half hour."""


def doubts(baseline: Baseline, found: Sequence[Before | None], at: str) -> tuple[str, ...]:
    """`found`: what was known of each look; `at`: when the release was looked at."""
    if not baseline.source or not found:
        return ()
    known = [one for one in found if one is not None and one.outcome is not Outcome.UNKNOWN]
    if not known:
        return ("the baseline knows none of these looks: is it of another configuration?",)
    return (*_of_time(baseline.at, known, _read(at)), *_of_failures(known))


def _of_time(known_at: str | None, known: Sequence[Before], now: datetime) -> Iterator[str]:
    good = max((_read(one.last_good) for one in known if one.last_good), default=None)
    if known_at is None:
        return
    at = _read(known_at)
    if at > now + _SKEW:
        yield f"the baseline is of {moment(known_at)}, which has not come yet: is a clock wrong?"
    elif now - at > _OLD:
        yield f"the baseline is {(now - at).days} days old"
    if good is not None and at - good > _UNSEEN:
        yield (
            f"the last pass in the baseline was at {moment(good.isoformat())}: "
            "was the monitor paused since?"
        )


def _of_failures(known: Sequence[Before]) -> Iterator[str]:
    failed = sum(one.outcome is Outcome.FAIL for one in known)
    if 2 * failed > len(known):
        yield (
            f"{failed} of {len(known)} looks failed in the baseline already: "
            "failing as before stops no release"
        )


def _read(at: str) -> datetime:
    read = datetime.fromisoformat(at)
    return read if read.tzinfo else read.replace(tzinfo=UTC)

"""What the gateway keeps between requests: authorizer answers, and used quota."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock

from gatewatch.sandbox.authorizers import Decision
from gatewatch.sandbox.plans import Quota, Rate


@dataclass(frozen=True, slots=True)
class Remembered:
    """An authorizer's answer, and the method whose call brought it (such as `GET/orders`)."""

    decision: Decision
    asked_for: str


@dataclass(slots=True)
class Memory:
    """It outlives a change of the world, as the gateway's caches do."""

    _answers: dict[tuple[str, ...], tuple[datetime, Remembered]] = field(default_factory=dict)
    _used: dict[tuple[str, str, str], int] = field(default_factory=dict)
    _buckets: dict[str, tuple[float, datetime]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def recall(self, key: tuple[str, ...], now: datetime) -> Remembered | None:
        ends, remembered = self._answers.get(key, (now, None))
        return remembered if now < ends else None

    def keep(self, key: tuple[str, ...], what: Remembered, now: datetime, seconds: int) -> None:
        self._answers[key] = (now + timedelta(seconds=seconds), what)

    def takes_from_quota(self, plan: str, key: str, quota: Quota, now: datetime) -> bool:
        """Whether one more request of today is left; a refused one does not count."""
        day = (plan, key, now.date().isoformat())
        with self._lock:
            used = self._used.get(day, 0)
            if quota.offset + used >= quota.limit:
                return False
            self._used[day] = used + 1
            return True

    def takes_from_bucket(self, name: str, rate: Rate, now: datetime) -> bool:
        with self._lock:
            left, since = self._buckets.get(name, (float(rate.burst), now))
            refilled = left + (now - since).total_seconds() * rate.per_second
            left = min(float(rate.burst), refilled)
            self._buckets[name] = (left - 1 if left >= 1 else left, now)
            return left >= 1

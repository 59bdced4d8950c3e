"""A value that is fetched when it is first wanted, and kept for as long as it is good."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock
from typing import Generic, TypeVar

from gatewatch.ports import SecretError

T = TypeVar("T")
Fetch = Callable[[], tuple[T, datetime | None]]

_RETRY_AFTER = timedelta(seconds=30)
_SHORTEST_LIFE = timedelta(seconds=1)
_SHARE_OF_LIFE = 0.9


class Kept(Generic[T]):
    """Fetched anew when nine tenths of its life are over, or when a target refused it.

    `young`: a value of this age is not fetched again for a refusal, so that a credential that
    stays refused does not strain the store that it comes from. A failure is remembered for half
    a minute, for the same reason. One thread fetches; the others wait for it. An age below zero
    means that the clock was set back: then nothing that hangs on it is believed.
    """

    def __init__(self, fetch: Fetch[T], now: Callable[[], datetime], young: timedelta) -> None:
        self._fetch = fetch
        self._now = now
        self._young = young
        self._value: T | None = None
        self._fetched_at: datetime | None = None
        self._since: datetime | None = None
        self._ends: datetime | None = None
        self._failure = SecretError("")
        self._failed_at: datetime | None = None
        self._lock = Lock()

    def get(self) -> T:
        """Raises SecretError."""
        with self._lock:
            now = self._now()
            if self._value is None or self._is_due(now):
                self._refresh(now)
            if self._value is None:
                raise self._failure.again()
            return self._value

    def renew(self, *, even_young: bool = False) -> None:
        """Fetches again what was refused; a failure keeps the old value."""
        with self._lock:
            now = self._now()
            young = _is_within(self._fetched_at, now, self._young)
            if self._value is not None and (even_young or not young):
                self._refresh(now)

    def is_older_than(self, part: Kept[T]) -> bool:
        """Whether `part`, of which this was made, has become another since."""
        if self._fetched_at is None or part._since is None:
            return False
        return self._fetched_at < part._since

    def _is_due(self, now: datetime) -> bool:
        if self._ends is None or self._fetched_at is None:
            return False
        good_for = (self._ends - self._fetched_at) * _SHARE_OF_LIFE
        return not _is_within(self._fetched_at, now, good_for)

    def _refresh(self, now: datetime) -> None:
        """A failure keeps the old value for the rest of its life."""
        if not _is_within(self._failed_at, now, _RETRY_AFTER):
            try:
                fetched = self._fetch()
            except SecretError as error:
                self._failure, self._failed_at = error.again(), self._now()
            else:
                self._take(fetched, now)
                return
        if self._ends is not None and now >= self._ends:
            self._value = None

    def _take(self, fetched: tuple[T, datetime | None], now: datetime) -> None:
        """An end that has passed already is a clock's fault: it must not mean a fetch per use."""
        value, ends = fetched
        if value != self._value:
            self._since = now
        self._value, self._fetched_at, self._failed_at = value, now, None
        self._ends = None if ends is None else max(ends, now + _SHORTEST_LIFE)


def _is_within(start: datetime | None, now: datetime, span: timedelta) -> bool:
    return start is not None and timedelta(0) <= now - start < span

"""A value that is fetched at its first use, and kept as long as it is valid."""

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
    """Fetched again after nine tenths of its life, or when a target refused it.

    `young`: a value of at most this age is not fetched again for a refusal, so that a credential
    that stays refused does not strain its store. A failure is kept for half a minute, for the same
    reason. One thread fetches; the others wait for it. A negative age means that the clock was set
    back: then no decision relies on it.
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
        """Fetch a refused value again; a failure keeps the old value."""
        with self._lock:
            now = self._now()
            young = _is_within(self._fetched_at, now, self._young)
            if self._value is not None and (even_young or not young):
                self._refresh(now)

    def is_older_than(self, part: Kept[T]) -> bool:
        """Whether `part`, from which this was made, has changed since."""
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
        """An end in the past is a clock's fault, and must not cause a fetch per use."""
        value, ends = fetched
        if value != self._value:
            self._since = now
        self._value, self._fetched_at, self._failed_at = value, now, None
        self._ends = None if ends is None else max(ends, now + _SHORTEST_LIFE)


def _is_within(start: datetime | None, now: datetime, span: timedelta) -> bool:
    return start is not None and timedelta(0) <= now - start < span

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
_SHARE_OF_LIFE = 0.9


class Kept(Generic[T]):
    """Fetched anew when nine tenths of its life are over, or when a target refused it.

    `young`: a value of this age is not fetched again for a refusal, so that a credential that
    stays refused does not strain the store that it comes from. A failure is remembered for half
    a minute, for the same reason. One thread fetches; the others wait for it.
    """

    def __init__(self, fetch: Fetch[T], now: Callable[[], datetime], young: timedelta) -> None:
        self._fetch = fetch
        self._now = now
        self._young = young
        self._value: T | None = None
        self._fetched_at: datetime | None = None
        self._ends: datetime | None = None
        self._failure = ""
        self._retry_at: datetime | None = None
        self._lock = Lock()

    def get(self) -> T:
        """Raises SecretError."""
        with self._lock:
            now = self._now()
            if self._value is None or self._is_stale(now):
                self._refresh(now)
            if self._value is None:
                raise SecretError(self._failure)
            return self._value

    def renew(self, *, even_young: bool = False) -> bool:
        """Fetches again what was refused; True when there is another value now."""
        with self._lock:
            before, now = self._value, self._now()
            if self._fetched_at is None:
                return False
            if now - self._fetched_at < self._young and not even_young:
                return False
            self._refresh(now)
            return self._value is not None and self._value != before

    def _is_stale(self, now: datetime) -> bool:
        if self._ends is None or self._fetched_at is None:
            return False
        return now >= self._fetched_at + (self._ends - self._fetched_at) * _SHARE_OF_LIFE

    def _refresh(self, now: datetime) -> None:
        """A failure keeps the old value for the rest of its life."""
        if self._retry_at is not None and now < self._retry_at:
            return
        try:
            self._value, self._ends = self._fetch()
            self._fetched_at, self._retry_at = now, None
        except SecretError as error:
            self._failure, self._retry_at = str(error), now + _RETRY_AFTER
            if self._ends is not None and now >= self._ends:
                self._value = None

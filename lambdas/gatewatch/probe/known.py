"""The secrets that the redactor must know: those in use, and those replaced a short while ago."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from datetime import datetime, timedelta
from threading import Lock

from gatewatch.redaction.redactor import Redactor

# Longer than any answer to a request that carried it can take.
FORGOTTEN_AFTER = timedelta(minutes=10)


class KnownSecrets:
    """The values from each place of secrets. One redactor knows all of them; a change makes a new
    one, under a lock, so that no thread gets an older one."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._held: dict[Hashable, frozenset[str]] = {}
        self._replaced: dict[str, datetime] = {}
        self._known: frozenset[str] = frozenset()
        self._redactor = Redactor()
        self._lock = Lock()

    def hold(self, place: Hashable, *values: str) -> None:
        """Set the current values of a place; its previous values are forgotten after a while."""
        with self._lock:
            before = self._held.get(place, frozenset())
            self._held[place] = frozenset(values)
            now = self._now()
            self._replaced.update((value, now) for value in before.difference(values))

    def redactor(self) -> Redactor:
        with self._lock:
            now = self._now()
            self._replaced = {
                value: at for value, at in self._replaced.items() if now - at < FORGOTTEN_AFTER
            }
            known = frozenset(self._replaced).union(*self._held.values())
            if known != self._known:
                self._known, self._redactor = known, Redactor(known)
            return self._redactor

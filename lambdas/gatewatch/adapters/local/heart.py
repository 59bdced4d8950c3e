"""A sign of life from this machine, beside the looks."""

from __future__ import annotations

from datetime import datetime
from threading import Thread

from gatewatch import __version__
from gatewatch.adapters.local.courier import LAST_SECONDS, Carry, Tell
from gatewatch.adapters.local.sqlite import SqliteStore
from gatewatch.config.canonical import HEARTBEAT, Heartbeat
from gatewatch.delivery.outcome import Outcome, Taken
from gatewatch.delivery.parcel import Beat, Parcel
from gatewatch.delivery.standing import Standing, after
from gatewatch.ports import Clock, StateError


class Heart:
    """Beats once in each interval. A beat that was not taken is tried again with the next tick of
    the same interval; in the next one it is worth nothing."""

    def __init__(
        self, to: Heartbeat, store: SqliteStore, carry: Carry, clock: Clock, tell: Tell
    ) -> None:
        self._to = to
        self._store = store
        self._carry = carry
        self._clock = clock
        self._tell = tell
        self._beaten: int | None = None
        self._standing = Standing(channel=HEARTBEAT)
        self._thread: Thread | None = None

    def beat(self) -> None:
        """After a good tick."""
        now = self._clock.now()
        if self._interval(now) == self._beaten or (self._thread and self._thread.is_alive()):
            return
        self._thread = Thread(target=self._try, args=(now,), name="heartbeat", daemon=True)
        self._thread.start()

    def _interval(self, at: datetime) -> int:
        return int(at.timestamp() // self._to.every_seconds)

    def _try(self, now: datetime) -> None:
        beat = Beat(at=now.isoformat(timespec="minutes"), to=self._to, version=__version__)
        outcome = self._carry(Parcel(beat=beat))
        if isinstance(outcome, Taken):
            self._beaten = self._interval(now)
        self._note(outcome)

    def _note(self, outcome: Outcome) -> None:
        """For `gatewatch notify`. Where the state cannot be written, the looks say so."""
        before, at = self._standing, self._clock.now().isoformat()
        self._standing = after(before, outcome, at)
        self._tell(before, self._standing)
        try:
            with self._store.outbox() as box:
                box.save(self._standing, None)
        except StateError:
            return

    def finish(self) -> None:
        """What is on its way may arrive."""
        if self._thread is not None:
            self._thread.join(LAST_SECONDS)

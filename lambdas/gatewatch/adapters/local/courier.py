"""Brings what waits in the state file to its channels, each in a thread of its own: a channel that
hangs holds up no look and no other channel."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from time import monotonic

from msgspec.structs import replace

from gatewatch.adapters.local.alone import Alone
from gatewatch.adapters.local.outbox import Outbox
from gatewatch.adapters.local.sqlite import SqliteStore
from gatewatch.config.canonical import HEARTBEAT, Channel
from gatewatch.delivery.backoff import asked_seconds, wait_seconds
from gatewatch.delivery.outcome import Later, Outcome
from gatewatch.delivery.parcel import Parcel
from gatewatch.delivery.standing import Standing, after
from gatewatch.notices.notice import Notice
from gatewatch.ports import Clock, StateError

Carry = Callable[[Parcel], Outcome]
"""Sends it once; never raises."""
Tell = Callable[[Standing, Standing], None]
"""Gets how a channel fared before a try and after it, in any thread."""
Trouble = Callable[[str], None]
"""Gets why the state could not be used, in any thread."""

_IDLE_SECONDS = 2.0
"""Another process may store a message at any time."""
_GLANCE_SECONDS = 0.1
LAST_SECONDS = 25.0
"""A try takes two requests at most."""
_LONGEST_REST = timedelta(minutes=15)
"""A lane that should rest for longer was put to rest by a clock ahead of ours."""


class Courier:
    """Of all the processes at one state, one delivers; the others wait until it ends.

    A message is removed once its channel has taken it, so a kill between the two sends it again,
    with the same id.
    """

    def __init__(
        self,
        store: SqliteStore,
        channels: Iterable[Channel],
        carry: Carry,
        clock: Clock,
        tell: Tell,
        trouble: Trouble,
    ) -> None:
        self._store = store
        self._clock = clock
        self._alone = Alone(Path(f"{store.name}-notify"))
        by_key = {one.key: one for one in channels}
        self._lanes = {
            key: _Lane(one, store, self._is_ours, carry, clock, tell, trouble)
            for key, one in by_key.items()
        }

    def start(self) -> dict[str, int]:
        """Returns how many messages are dropped, by channel: of those that left the
        configuration. Raises StateError."""
        for lane in self._lanes.values():
            lane.start()
        return self._forget_others() if self._is_ours() else {}

    def _is_ours(self) -> bool:
        """Whether this process delivers. Raises StateError."""
        try:
            return self._alone.is_ours()
        except (OSError, sqlite3.Error) as error:
            raise StateError(f"{self._store.name}-notify cannot be used: {error}") from None

    def _forget_others(self) -> dict[str, int]:
        with self._store.outbox() as box:
            others = {
                lane: one.waiting
                for lane, one in box.standings().items()
                if lane not in self._lanes and lane != HEARTBEAT
            }
            for lane in others:
                box.forget(lane)
        return {lane: count for lane, count in others.items() if count}

    def wake(self) -> None:
        """Something was stored."""
        for lane in self._lanes.values():
            lane.wake()

    def finish(self, seconds: float) -> None:
        """Ends once nothing is left that can be delivered in so many seconds."""
        until = monotonic() + seconds
        self.wake()
        while (left := until - monotonic()) > 0 and self._is_busy(left):
            Event().wait(min(left, _GLANCE_SECONDS))
        self.stop()

    def _is_busy(self, left: float) -> bool:
        try:
            is_ours = self._is_ours()
            with self._store.outbox_now() as box:
                rests = [self._next_at(lane, box, is_ours=is_ours) for lane in box.lanes()]
        except StateError:
            return True
        return any(_rest_seconds(one, self._clock.now()) < left for one in rests)

    def _next_at(self, lane: str, box: Outbox, *, is_ours: bool) -> str | None:
        """When this process tries next, or the other that delivers."""
        ours = self._lanes.get(lane) if is_ours else None
        return ours.next_at(box) if ours else box.standing(lane)[1]

    def stop(self) -> None:
        """Nothing more is begun. What is on its way may arrive."""
        for lane in self._lanes.values():
            lane.stop()
        until = monotonic() + LAST_SECONDS
        for lane in self._lanes.values():
            lane.join(max(0.0, until - monotonic()))
        self._alone.release()


class _Lane:
    """The messages to one channel, one after the other.

    The first try of a process is at once, unless the channel asked to wait: whoever began it may
    have mended what failed.
    """

    def __init__(
        self,
        channel: Channel,
        store: SqliteStore,
        is_ours: Callable[[], bool],
        carry: Carry,
        clock: Clock,
        tell: Tell,
        trouble: Trouble,
    ) -> None:
        self._channel = channel
        self._store = store
        self._is_ours = is_ours
        self._carry = carry
        self._clock = clock
        self._tell = tell
        self._trouble = trouble
        self._has_tried = False
        self._unmarked: tuple[Notice, Outcome] | None = None
        self._woken, self._stopped = Event(), Event()
        self._thread = Thread(target=self._run, name=f"notify {channel.called}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        self._woken.set()

    def stop(self) -> None:
        self._stopped.set()
        self._woken.set()

    def join(self, seconds: float) -> None:
        self._thread.join(seconds)

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._woken.clear()
            if rest := self._rest_after_step():
                # Another process may have ended the rest.
                self._woken.wait(min(rest, _IDLE_SECONDS))

    def _rest_after_step(self) -> float:
        try:
            return self._step() if self._is_ours() else _IDLE_SECONDS
        except StateError as error:
            self._trouble(str(error))
            return _IDLE_SECONDS

    def _step(self) -> float:
        """Does what is next; returns how many seconds there is nothing to do.

        An outcome that could not be stored is stored first: its message is not sent again."""
        if self._unmarked is None:
            with self._store.outbox_now() as box:
                notice = box.first(self._channel.key)
                next_at = self.next_at(box)
            if notice is None:
                return _IDLE_SECONDS
            if rest := _rest_seconds(next_at, self._clock.now()):
                return rest
            self._unmarked = notice, self._carry(Parcel(to=self._channel, notice=notice))
        self._mark(*self._unmarked)
        self._unmarked, self._has_tried = None, True
        return 0.0

    def next_at(self, box: Outbox) -> str | None:
        """Until when this lane rests."""
        standing, next_at = box.standing(self._channel.key)
        return next_at if self._has_tried else standing.asked_until

    def _mark(self, notice: Notice, outcome: Outcome) -> None:
        lane, now = self._channel.key, self._clock.now()
        with self._store.outbox() as box:
            before, _ = box.standing(lane)
            standing = after(before, outcome, now.isoformat())
            if isinstance(outcome, Later):
                wait = timedelta(seconds=wait_seconds(standing.tries, outcome.after_seconds))
                standing = replace(standing, asked_until=_asked_until(outcome, now))
                box.save(standing, (now + wait).isoformat())
            else:
                box.save(standing, None)
                box.remove(lane, notice.message_id)
        self._tell(before, standing)


def _asked_until(outcome: Later, now: datetime) -> str | None:
    if outcome.after_seconds is None:
        return None
    return (now + timedelta(seconds=asked_seconds(outcome.after_seconds))).isoformat()


def _rest_seconds(next_at: str | None, now: datetime) -> float:
    if next_at is None:
        return 0.0
    try:
        rest = datetime.fromisoformat(next_at) - now
    except (ValueError, TypeError):
        # Of another hand than ours.
        return 0.0
    return 0.0 if rest > _LONGEST_REST else max(0.0, rest.total_seconds())

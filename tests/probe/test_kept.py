"""What is kept of a store's values, when clocks and stores misbehave."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest

from gatewatch.ports import SecretError
from gatewatch.probe.kept import Kept
from tests.callers import HandClock


class Store:
    """Gives a number that counts its fetches, good for a while; or fails."""

    def __init__(self, clock: HandClock, lives: timedelta | None = None) -> None:
        self._clock = clock
        self._lives = lives
        self.fetches = 0
        self.down = False

    def __call__(self) -> tuple[int, datetime | None]:
        self.fetches += 1
        if self.down:
            raise SecretError("down")
        return self.fetches, self._clock.now() + self._lives if self._lives is not None else None


def kept(lives: timedelta | None = None) -> tuple[Kept[int], Store, HandClock]:
    clock = HandClock()
    store = Store(clock, lives)
    return Kept(store, clock.now, timedelta(minutes=1)), store, clock


def test_a_value_without_an_end_is_kept_for_good() -> None:
    one, store, clock = kept()
    one.get()
    clock.move(days=300)
    assert (one.get(), store.fetches) == (1, 1)


def test_a_store_that_fails_near_the_end_leaves_the_value_to_its_end_and_not_beyond() -> None:
    one, store, clock = kept(timedelta(seconds=100))
    one.get()
    store.down = True
    clock.move(seconds=91)
    assert one.get() == 1
    clock.move(seconds=9)
    with pytest.raises(SecretError, match="down"):
        one.get()
    store.down = False
    clock.move(seconds=22)
    assert one.get() == 3


def test_an_end_in_the_past_does_not_mean_a_fetch_per_use() -> None:
    one, store, clock = kept(timedelta(hours=-2))
    assert [one.get() for _ in range(500)] == [1] * 500
    clock.move(seconds=1)
    assert (one.get(), store.fetches) == (2, 2)


def test_a_clock_set_back_makes_a_value_with_an_end_doubtful() -> None:
    one, _, clock = kept(timedelta(hours=1))
    one.get()
    clock.move(hours=-5)
    assert one.get() == 2
    assert [one.get() for _ in range(5)] == [2] * 5


def test_a_clock_set_back_forgets_a_failure() -> None:
    one, store, clock = kept()
    store.down = True
    with pytest.raises(SecretError):
        one.get()
    store.down = False
    clock.move(hours=-5)
    assert one.get() == 2


def test_a_clock_set_back_does_not_stop_renewal() -> None:
    one, _, clock = kept()
    one.get()
    clock.move(hours=-5)
    one.renew()
    assert one.get() == 2


def test_a_clock_set_forward_costs_one_fetch() -> None:
    one, _, clock = kept(timedelta(hours=1))
    one.get()
    clock.move(days=5)
    assert [one.get() for _ in range(5)] == [2] * 5


def test_threads_wait_for_one_fetch_also_when_it_fails() -> None:
    one, store, _ = kept()
    store.down = True
    together = threading.Barrier(20)
    failures: list[str] = []

    def get() -> None:
        together.wait()
        try:
            one.get()
        except SecretError as error:
            failures.append(str(error))

    crew = [threading.Thread(target=get) for _ in range(20)]
    for thread in crew:
        thread.start()
    for thread in crew:
        thread.join()
    assert failures == ["down"] * 20
    assert store.fetches == 1

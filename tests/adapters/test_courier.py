"""Channels are told one message after the other, each channel by itself; nothing is lost, whatever
a channel does, and however the process ends."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gatewatch.adapters.local.clock import SystemClock
from gatewatch.adapters.local.courier import Courier
from gatewatch.adapters.local.heart import Heart
from gatewatch.adapters.local.sqlite import SqliteStore
from gatewatch.config.canonical import HEARTBEAT, Channel, Heartbeat
from gatewatch.delivery.outcome import Later, Outcome, Refused, Taken
from gatewatch.delivery.parcel import Parcel
from gatewatch.delivery.standing import Standing
from gatewatch.notices.audience import Told
from gatewatch.notices.notice import Notice
from gatewatch.ports import Clock, StateError
from tests.adapters.test_outbox import INCIDENT, notice
from tests.servers import RawServer, answering, serving

PAGER, CHAT = Channel(name="pager"), Channel(name="chat")
LONG = 20.0


@pytest.fixture
def store(tmp_path: Path) -> SqliteStore:
    return SqliteStore(tmp_path / "state.sqlite3")


class Fast:
    """A clock on which each look takes a minute, so that no lane rests for long."""

    def __init__(self) -> None:
        self._now = datetime(2026, 11, 22, tzinfo=UTC)
        self._lock = threading.Lock()

    def now(self) -> datetime:
        with self._lock:
            self._now += timedelta(minutes=1)
            return self._now


class Outside:
    """The channels: each takes what it is given, or answers as `plan` says, in its order."""

    def __init__(self, **plan: list[Outcome]) -> None:
        self.plan = plan
        self.tried: list[tuple[str, str]] = []
        self.taken: list[tuple[str, str]] = []
        self._lock = threading.Lock()

    def carry(self, parcel: Parcel) -> Outcome:
        with self._lock:
            planned = self.plan.get(parcel.lane)
            outcome: Outcome = planned.pop(0) if planned else Taken()
            self.tried.append((parcel.lane, parcel.id))
            if isinstance(outcome, Taken):
                self.taken.append((parcel.lane, parcel.id))
        return outcome


def keep(store: SqliteStore, *notices: Notice) -> None:
    with store.open("orders") as memory:
        memory.keep([], [INCIDENT], {}, Told(outbox=(*memory.told.outbox, *notices), audiences={}))


def courier(
    store: SqliteStore,
    carry: Callable[[Parcel], Outcome],
    *channels: Channel,
    clock: Clock | None = None,
    trouble: Callable[[str], None] = lambda _: None,
) -> Courier:
    told = channels or (PAGER, CHAT)
    return Courier(store, told, carry, clock or Fast(), lambda *_: None, trouble)


def delivered(store: SqliteStore, carry: Callable[[Parcel], Outcome], *channels: Channel) -> None:
    """Until nothing can be delivered any more."""
    one = courier(store, carry, *channels)
    one.start()
    one.finish(LONG)


def standings(store: SqliteStore) -> dict[str, Standing]:
    with store.outbox_now() as box:
        return box.standings()


LATER, REFUSED = Later(because="HTTP 503"), Refused(because="HTTP 400")


@pytest.mark.parametrize(
    ("plan", "tried", "taken"),
    [
        pytest.param([], "m1 m2 m3", "m1 m2 m3", id="taken"),
        pytest.param([LATER, LATER], "m1 m1 m1 m2 m3", "m1 m2 m3", id="later, at the first"),
        pytest.param([Taken(), LATER], "m1 m2 m2 m3", "m1 m2 m3", id="later, in the middle"),
        pytest.param([REFUSED], "m1 m2 m3", "m2 m3", id="refused, and none behind it"),
        pytest.param([LATER, REFUSED], "m1 m1 m2 m3", "m2 m3", id="refused at last"),
    ],
)
def test_a_channel_is_told_in_order(
    store: SqliteStore, plan: list[Outcome], tried: str, taken: str
) -> None:
    outside = Outside(pager=list(plan))
    keep(store, notice(1), notice(2), notice(3))
    delivered(store, outside.carry)
    assert [one for _, one in outside.tried] == tried.split()
    assert [one for _, one in outside.taken] == taken.split()
    assert standings(store)["pager"].waiting == 0


def test_a_channel_that_hangs_holds_up_no_other(store: SqliteStore) -> None:
    hangs, goes_on = threading.Event(), threading.Event()

    def carry(parcel: Parcel) -> Outcome:
        if parcel.lane == "pager":
            hangs.wait(LONG)
        elif parcel.id == "m9":
            goes_on.set()
        return Taken()

    keep(store, notice(1), *(notice(n, "chat") for n in range(5, 10)))
    one = courier(store, carry)
    one.start()
    assert goes_on.wait(LONG)
    hangs.set()
    one.finish(LONG)
    assert {name: each.waiting for name, each in standings(store).items()} == {
        "pager": 0,
        "chat": 0,
    }


def test_what_is_stored_later_is_told_too(store: SqliteStore) -> None:
    outside, told = Outside(), threading.Event()

    def carry(parcel: Parcel) -> Outcome:
        told.set()
        return outside.carry(parcel)

    one = courier(store, carry)
    one.start()
    keep(store, notice())
    one.wake()
    assert told.wait(LONG)
    one.finish(LONG)
    assert outside.taken == [("pager", "m1")]


def test_what_a_channel_does_not_take_waits_for_the_next_process(store: SqliteStore) -> None:
    def never(_: Parcel) -> Outcome:
        return LATER

    keep(store, notice(1), notice(2))
    one = courier(store, never, clock=SystemClock())
    one.start()
    one.finish(1.0)
    stands = standings(store)["pager"]
    assert (stands.waiting, stands.because, stands.tries) == (2, "HTTP 503", 1)
    outside = Outside()
    delivered(store, outside.carry)
    assert outside.taken == [("pager", "m1"), ("pager", "m2")]


def test_what_ends_a_rest_in_another_process_is_heeded_soon(store: SqliteStore) -> None:
    """As a test message does that was taken, while a watch is at rest."""
    outside = Outside(pager=[Later(because="HTTP 429", after_seconds=600.0)])
    rests, told = threading.Event(), threading.Event()

    def tell(_: Standing, after: Standing) -> None:
        (rests if after.tries else told).set()

    keep(store, notice())
    one = Courier(store, (PAGER,), outside.carry, SystemClock(), tell, lambda _: None)
    one.start()
    assert rests.wait(LONG)
    with store.outbox() as box:
        box.save(Standing(channel="pager"), None)
    assert told.wait(LONG)
    one.finish(LONG)
    assert outside.taken == [("pager", "m1")]


@pytest.mark.parametrize(
    ("asked", "tried"),
    [
        pytest.param(None, ["m1", "m1"], id="its own wait"),
        pytest.param(1e-3, ["m1", "m1"], id="asked for less than its own wait"),
        pytest.param(600.0, ["m1"], id="asked for more"),
        pytest.param(1e30, ["m1"], id="asked for ever"),
    ],
)
def test_the_next_process_tries_at_once_unless_the_channel_asked_to_wait(
    store: SqliteStore, asked: float | None, tried: list[str]
) -> None:
    outside = Outside(pager=[Later(because="HTTP 503", after_seconds=asked)])
    keep(store, notice())
    for _ in range(2):
        one = courier(store, outside.carry, clock=SystemClock())
        one.start()
        one.finish(1.0)
    assert [one for _, one in outside.tried] == tried


def test_a_lane_that_a_clock_ahead_put_to_rest_goes_on(store: SqliteStore) -> None:
    keep(store, notice())
    with store.outbox() as box:
        box.save(Standing(channel="pager"), "2099-01-01T00:00:00+00:00")
    outside = Outside()
    delivered(store, outside.carry)
    assert outside.taken == [("pager", "m1")]


def test_what_waits_for_a_channel_that_left_is_dropped_and_named(store: SqliteStore) -> None:
    keep(store, notice(1, "gone"), notice(2, "gone"), notice(3))
    outside = Outside()
    one = courier(store, outside.carry)
    assert one.start() == {"gone": 2}
    one.finish(LONG)
    assert outside.tried == [("pager", "m3")]
    assert "gone" not in standings(store)


def test_two_couriers_tell_everything_once(tmp_path: Path) -> None:
    """One waits for the other, and takes over."""
    file, outside = tmp_path / "state.sqlite3", Outside()
    keep(SqliteStore(file), *(notice(number) for number in range(30)))
    couriers = [courier(SqliteStore(file), outside.carry) for _ in range(4)]
    for one in couriers:
        one.start()
    for one in couriers:
        one.finish(LONG)
    assert [one for _, one in outside.taken] == [f"m{number}" for number in range(30)]


def test_what_was_taken_and_could_not_be_marked_is_not_sent_again(tmp_path: Path) -> None:
    file, outside, was_told = tmp_path / "state.sqlite3", Outside(), threading.Event()
    store = SqliteStore(file)
    keep(store, notice(1), notice(2))
    with sqlite3.connect(file) as raw:
        raw.execute(
            "CREATE TRIGGER full BEFORE DELETE ON outbox BEGIN SELECT RAISE (FAIL, 'full'); END"
        )
    raw.close()
    troubles: list[str] = []

    def trouble(text: str) -> None:
        troubles.append(text)
        if len(troubles) == 1:
            with sqlite3.connect(file) as raw:
                raw.execute("DROP TRIGGER full")
            raw.close()
            was_told.set()

    one = courier(store, outside.carry, trouble=trouble)
    one.start()
    one.finish(LONG)
    assert was_told.is_set()
    assert "full" in troubles[0]
    assert outside.tried == [("pager", "m1"), ("pager", "m2")]


# Death at any moment

SENDS = """
import http.client, sys
from pathlib import Path
from gatewatch.adapters.local.clock import SystemClock
from gatewatch.adapters.local.courier import Courier
from gatewatch.adapters.local.sqlite import SqliteStore
from gatewatch.config.canonical import Channel
from gatewatch.delivery.outcome import Later, Taken

def carry(parcel):
    try:
        connection = http.client.HTTPConnection(sys.argv[2], timeout=10)
        connection.request("POST", f"/{parcel.lane}/{parcel.id}")
        connection.getresponse().read()
    except OSError as error:
        return Later(because=type(error).__name__)
    return Taken()

channels = Channel(name="pager"), Channel(name="chat")
store = SqliteStore(Path(sys.argv[1]))
courier = Courier(store, channels, carry, SystemClock(), lambda *_: None, lambda _: None)
courier.start()
print("ready", flush=True)
courier.finish(600.0)
"""


@contextmanager
def sending(file: Path, place: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", SENDS, str(file), place]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


def _ids(server: RawServer, lane: str) -> list[str]:
    paths = [head.split(b" ")[1].decode() for head in server.requests]
    return [path.rpartition("/")[2] for path in paths if path.startswith(f"/{lane}/")]


def test_couriers_killed_at_any_moment_lose_nothing_and_double_only_what_was_on_its_way(
    tmp_path: Path,
) -> None:
    """Ten are killed while a request is answered; each doubles one message of a lane at most."""
    file, count, kills = tmp_path / "state.sqlite3", 40, 10
    store = SqliteStore(file)
    keep(store, *(notice(n, lane) for n in range(count) for lane in ("pager", "chat")))
    dice = random.Random(20261122)  # noqa: S311 - moments, not secrets
    due = threading.Event()
    answer = answering(keep=False)
    with serving(lambda connection, head: (due.set(), answer(connection, head))[1]) as server:
        for _ in range(kills):
            due.clear()
            with sending(file, server.place) as process:
                # One that comes after all is told has nothing to send, and ends.
                while not due.wait(0.05) and process.poll() is None:
                    pass
                threading.Event().wait(dice.uniform(0, 0.05))
                process.kill()
        with sending(file, server.place) as process:
            process.wait(60)
        assert process.returncode == 0
    for lane in ("pager", "chat"):
        told = _ids(server, lane)
        assert list(dict.fromkeys(told)) == [f"m{number}" for number in range(count)]
        doubles = Counter(told)
        assert max(doubles.values()) <= kills + 1
        assert sum(doubles.values()) - count <= kills
        assert told == sorted(told, key=lambda one: int(one[1:]))


# The heartbeat


class At:
    def __init__(self) -> None:
        self.now_is = datetime(2026, 11, 22, 8, 0, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.now_is


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        pytest.param([], ["08:00", "08:05"], id="once in each interval"),
        pytest.param([LATER], ["08:00", "08:01", "08:05"], id="again while it is worth something"),
        pytest.param([LATER] * 9, [f"08:0{n}" for n in range(7)], id="with each tick"),
    ],
)
def test_a_heart_beats_once_in_each_interval(
    store: SqliteStore, plan: list[Outcome], expected: list[str]
) -> None:
    clock, planned, beats = At(), list(plan), []

    def carry(parcel: Parcel) -> Outcome:
        assert parcel.beat is not None
        beats.append(parcel.beat.at[11:16])
        return planned.pop(0) if planned else Taken()

    heart = Heart(Heartbeat(every_seconds=300.0), store, carry, clock, lambda *_: None)
    for _ in range(7):
        heart.beat()
        heart.finish()
        clock.now_is += timedelta(minutes=1)
    assert beats == expected
    stands = standings(store)[HEARTBEAT]
    assert (stands.failing_since is not None) is (len(plan) > 7)


def test_a_beat_that_hangs_holds_up_no_tick(store: SqliteStore) -> None:
    clock, goes_on, beats = At(), threading.Event(), []

    def carry(parcel: Parcel) -> Outcome:
        beats.append(parcel.id)
        goes_on.wait(LONG)
        return Taken()

    heart = Heart(Heartbeat(every_seconds=60.0), store, carry, clock, lambda *_: None)
    for _ in range(5):
        heart.beat()
        clock.now_is += timedelta(minutes=1)
    assert len(beats) == 1
    goes_on.set()
    heart.finish()


def test_a_state_that_cannot_be_written_stops_no_heart(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "state.sqlite3")
    store.close()
    with pytest.raises(StateError):
        standings(store)
    told: list[Standing] = []
    heart = Heart(
        Heartbeat(every_seconds=60.0),
        store,
        lambda _: Taken(),
        At(),
        lambda _, now: told.append(now),
    )
    heart.beat()
    heart.finish()
    assert [one.delivered_at is not None for one in told] == [True]

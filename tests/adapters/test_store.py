"""The state file: whole transactions, two processes, and death at any moment."""

from __future__ import annotations

import random
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from gatewatch.adapters.local.sqlite import SqliteStore, StateError
from gatewatch.incidents.correlate import OPEN, correlate
from gatewatch.incidents.track import RouteState, Turn
from gatewatch.model import Finding
from gatewatch.sandbox import orders
from gatewatch.sandbox.faults import FAULTS
from gatewatch.sandbox.server import Running, Sandbox, running
from tests.incidents.test_correlate import T0, T1, opened, problem, state, turn

WEAKENED = Finding.GUARD_WEAKENED


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "state.sqlite3"


def test_states_and_incidents_come_back_as_they_were(file: Path) -> None:
    one = RouteState(route="GET /a", entrance="e", caller="user", fails=2, problem=problem("x"))
    incidents = opened(state("GET /a", problem("x")))
    with SqliteStore(file).open("orders") as memory:
        memory.keep([one], incidents, {})
    with SqliteStore(file).open("orders") as memory:
        assert memory.states == (one,)
        assert list(memory.incidents) == incidents


def test_apis_do_not_see_each_other(file: Path) -> None:
    store = SqliteStore(file)
    with store.open("a") as memory:
        memory.keep([RouteState(route="r", entrance="e", caller="c")], [], {})
    with store.open("b") as memory:
        assert memory.states == ()


def test_what_fails_half_way_leaves_everything_as_it_was(file: Path) -> None:
    store = SqliteStore(file)

    def die_half_way() -> None:
        with store.open("a") as memory:
            memory.keep([RouteState(route="r", entrance="e", caller="c")], [], {})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        die_half_way()
    with store.open("a") as memory:
        assert memory.states == ()


def test_resolved_incidents_are_kept_for_reading_but_not_for_joining(file: Path) -> None:
    store = SqliteStore(file)
    [incident] = opened(state("GET /a", problem("x")))
    resolved = correlate("orders", [], [incident], [turn(Turn.RECOVERED, state("GET /a"), T1)])
    with store.open("orders") as memory:
        memory.keep([], resolved, {})
    with store.open("orders") as memory:
        assert memory.incidents == ()
    assert [one.id for one in store.incidents()] == [incident.id]


def test_the_file_is_for_its_owner_only(file: Path) -> None:
    SqliteStore(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_file_that_is_no_database_is_named(file: Path) -> None:
    file.parent.mkdir()
    file.write_text("this is no database, whatever its name says\n" * 50)
    with pytest.raises(StateError, match=r"state\.sqlite3 cannot be used"):
        SqliteStore(file)


def test_a_file_of_a_newer_version_is_left_alone(file: Path) -> None:
    SqliteStore(file).close()
    with sqlite3.connect(file) as raw:
        raw.execute("PRAGMA user_version = 99")
    raw.close()
    with pytest.raises(StateError, match="newer version"):
        SqliteStore(file)


def _undecodable(file: Path) -> None:
    with sqlite3.connect(file) as raw:
        raw.execute("INSERT INTO state VALUES ('a', 'r', 'e', 'c', 'xx')")
        raw.execute("INSERT INTO incident VALUES ('1', 'a', 'open', '{}')")
        raw.execute("DROP TABLE latch")
    raw.close()


def _tables_missing(file: Path) -> None:
    with sqlite3.connect(file) as raw:
        for name in ("state", "incident", "latch"):
            raw.execute(f"DROP TABLE {name}")
    raw.close()


def _damaged(file: Path) -> None:
    store = SqliteStore(file)
    states = [RouteState(route=f"r{n}", entrance="e", caller="c") for n in range(200)]
    incidents = [
        msgspec.structs.replace(one, id=str(n))
        for one in opened(state("GET /a", problem("x")))
        for n in range(50)
    ]
    with store.open("a") as memory:
        memory.keep(states, incidents, {})
    store.close()
    with file.open("r+b") as raw:
        size = file.stat().st_size
        raw.seek(4096)
        raw.write(b"\xa5" * (size - 4096))


@pytest.mark.parametrize("harm", [_undecodable, _tables_missing, _damaged])
@pytest.mark.parametrize(
    "use",
    [
        lambda store: store.incidents(),
        lambda store: store.let_in(),
        lambda store: store.latched(),
        lambda store: store.latch("a", "r", "e", WEAKENED),
        lambda store: store.release("a", "r"),
        lambda store: store.open("a").__enter__(),
    ],
    ids=["incidents", "let_in", "latched", "latch", "release", "open"],
)
def test_a_file_that_was_harmed_is_named_whatever_is_asked(
    file: Path, harm: Callable[[Path], None], use: Callable[[SqliteStore], object]
) -> None:
    SqliteStore(file).close()
    harm(file)
    with pytest.raises(StateError, match=r"state\.sqlite3 cannot be used"):
        use(SqliteStore(file))


def test_two_writers_take_turns_and_lose_nothing(file: Path) -> None:
    def add(number: int) -> None:
        store = SqliteStore(file)
        for count in range(20):
            with store.open("a") as memory:
                one = RouteState(route=f"{number}-{count}", entrance="e", caller="c")
                memory.keep([*memory.states, one], [], {})
        store.close()

    threads = [threading.Thread(target=add, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with SqliteStore(file).open("a") as memory:
        assert len(memory.states) == 80


def test_a_file_of_the_version_before_is_taken_over(file: Path) -> None:
    """It knew of latches only that they are, and of nothing that was said."""
    file.parent.mkdir()
    with sqlite3.connect(file) as raw:
        raw.executescript(
            "CREATE TABLE latch (api TEXT, route TEXT, entrance TEXT, at TEXT NOT NULL,"
            " PRIMARY KEY (api, route, entrance)) WITHOUT ROWID;"
            "INSERT INTO latch VALUES ('a', 'POST /x', 'e', 't'); PRAGMA user_version = 1;"
        )
    raw.close()
    store = SqliteStore(file)
    assert store.latched() == {("a", "POST /x", "e"): Finding.PROTECTED_ROUTE_OPEN}
    with store.open("a") as memory:
        assert memory.said == {}


def test_latches_are_kept_until_released(file: Path) -> None:
    store = SqliteStore(file)
    store.latch("a", "POST /x", "e", WEAKENED)
    store.latch("a", "POST /x", "e", WEAKENED)
    assert SqliteStore(file).latched() == {("a", "POST /x", "e"): WEAKENED}
    assert store.release("a", "POST /x") == 1
    assert store.release("a", "POST /x") == 0


def test_only_an_entrance_that_let_somebody_in_counts_as_working(file: Path) -> None:
    store = SqliteStore(file)
    with store.open("a") as memory:
        memory.keep(
            [
                RouteState(route="r", entrance="works", caller="c", was_let_in=True),
                RouteState(route="r", entrance="never", caller="c"),
            ],
            [],
            {},
        )
    assert store.let_in() == {("a", "works")}


# Death at any moment

LOOP = """
import sys
from pathlib import Path
from gatewatch.adapters.local.clock import SystemClock
from gatewatch.adapters.local.sqlite import SqliteStore
from gatewatch.cli.setting import read_config
from gatewatch.probe.credentials import Keyring
from gatewatch.probe.prober import Prober
from gatewatch.probe.vault import Vault
from gatewatch.run import run
from gatewatch.sandbox import orders

config = read_config(Path(sys.argv[1]))
store = SqliteStore(Path(sys.argv[2]))
print("ready", flush=True)
while True:
    vault = Vault(lambda ref: orders.SECRETS[ref.name], SystemClock())
    prober = Prober(Keyring(config.credentials, vault), SystemClock())
    run(config, prober, store, SystemClock())
    prober.close()
"""


@pytest.fixture
def broken_api(tmp_path: Path) -> Iterator[tuple[Sandbox, Running]]:
    sandbox = Sandbox(orders.world())
    with running(sandbox, tmp_path) as place:
        yield sandbox, place


def test_runs_killed_at_random_moments_lose_and_double_nothing(
    broken_api: tuple[Sandbox, Running], tmp_path: Path, file: Path
) -> None:
    sandbox, place = broken_api
    config = tmp_path / "gatewatch.yaml"
    config.write_text(orders.configuration(*place))
    sandbox.change(FAULTS["route_deleted"].apply)
    dice = random.Random(20261122)  # noqa: S311 - moments, not secrets
    seen: set[str] = set()
    for _ in range(12):
        # Two at once, as an impatient person or a doubled schedule would have it.
        pair = [_start(config, file) for _ in range(2)]
        time.sleep(dice.uniform(0.0, 0.5))
        for process in pair:
            process.kill()
            process.wait()
        found = SqliteStore(file).incidents()
        assert len(found) <= 1, "one story was opened twice"
        assert all(one.state == OPEN for one in found)
        assert seen <= {one.id for one in found}, "an incident was lost"
        seen |= {one.id for one in found}
    assert len(seen) == 1


def _start(config: Path, file: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", LOOP, str(config), str(file)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process.stdout as out:
        out.readline()
    return process


def test_incidents_are_the_same_however_often_a_tick_is_told() -> None:
    one = state("GET /a", problem("x"))
    first = correlate("orders", [one], [], [turn(Turn.OPENED, one, T0)])
    again = correlate("orders", [one], first, [turn(Turn.OPENED, one, T0)])
    assert [incident.id for incident in again] == [incident.id for incident in first]
    assert len(again[0].members) == 1

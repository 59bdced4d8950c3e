"""An open write and a kill, a full disk or a locked state while a slow route is waited for: nothing
that was found is lost, and no write is sent twice. The processes are real, and so is the state.
"""

from __future__ import annotations

import json
import resource
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gatewatch.adapters.aws.dynamodb import DynamoTable
from gatewatch.adapters.local.clock import SystemClock
from gatewatch.adapters.local.sqlite import SqliteStore
from gatewatch.config.author import load
from gatewatch.model import Finding, Held, Verdict
from gatewatch.plan import plan
from gatewatch.ports import StateError
from gatewatch.probe.credentials import Keyring
from gatewatch.probe.prober import Prober
from gatewatch.probe.vault import Vault
from gatewatch.service.ledger import WriterContext
from gatewatch.service.ports import Message, OvertakenError
from gatewatch.service.probe import probe
from gatewatch.service.shards import Shard, shards
from gatewatch.service.state_slices import Slice
from tests.deployed import table
from tests.servers import RawServer, serving

from .test_sent import NOWHERE, answer

PATIENCE = 30.0
OPENED = answer(b'{"id": 1}')

# The command itself, with a state that is waited for less long, and room for files or none.
# Who runs the tests in the background may have told their children to ignore an interrupt.
COMMAND = """
import resource, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from gatewatch.adapters.local import sqlite
from gatewatch.cli.main import main
sqlite._WAIT_SECONDS = 0.3
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY))
main(sys.argv[2:])
"""


class Api:
    """`POST /write` is open to strangers; `GET /slow` is answered when it is let go."""

    def __init__(self, server: RawServer) -> None:
        self._server = server
        self.place = server.place

    @property
    def writes(self) -> int:
        return sum(one.startswith(b"POST ") for one in self._server.requests)

    @property
    def requests(self) -> int:
        return len(self._server.requests)


@contextmanager
def api(
    on_slow: Callable[[], None] = lambda: None, on_write: Callable[[], None] = lambda: None
) -> Iterator[Api]:
    """Each is called once its route was asked, before it is answered."""

    def handle(to: socket.socket, head: bytes) -> None:
        method, path, _ = head.split(maxsplit=2)
        if path == b"/prod/slow":
            on_slow()
        if method == b"POST":
            on_write()
        to.sendall(OPENED if path == b"/prod/write" and method == b"POST" else NOWHERE)

    with serving(handle) as server:
        yield Api(server)


CONFIG = """
defaults: {every: 1m, anonymous_every: 1m, timeout: 60s}
apis:
  a:
    url: http://%s/prod
    routes:
      - POST /write: {access: protected}
      - GET /slow: {access: protected}
"""


class Place:
    """A configuration and its state, and commands that are run there."""

    def __init__(self, folder: Path) -> None:
        self.file, self.state = folder / "gatewatch.yaml", folder / "state.sqlite3"

    def watches(self, one: Api) -> None:
        self.file.write_text(CONFIG % one.place)

    def start(self, *words: str, room: int = resource.RLIM_INFINITY) -> subprocess.Popen[str]:
        """`room`: how many bytes any file may have, as on a disk that is full."""
        command, *options = words
        given = ("--config", str(self.file), "--state", str(self.state), "--format")
        return subprocess.Popen(
            [sys.executable, "-c", COMMAND, str(room), command, *given, *(options or ["json"])],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: str, room: int = resource.RLIM_INFINITY) -> tuple[int, str, str]:
        process = self.start(*words, room=room)
        out, err = process.communicate(timeout=PATIENCE)
        return process.returncode, out, err

    def is_latched(self) -> bool:
        if not self.state.exists():
            return False
        with closing(sqlite3.connect(self.state, timeout=PATIENCE)) as connection:
            try:
                return bool(connection.execute("SELECT * FROM latch").fetchall())
            except sqlite3.OperationalError:
                return False

    @contextmanager
    def locked(self) -> Iterator[None]:
        with closing(sqlite3.connect(self.state, isolation_level=None)) as connection:
            connection.execute("BEGIN EXCLUSIVE")
            yield

    def makes_state(self) -> None:
        SqliteStore(self.state).close()


@pytest.fixture
def here(tmp_path: Path) -> Place:
    return Place(tmp_path)


def until(what: Callable[[], bool]) -> None:
    ends = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < ends
        time.sleep(0.02)


EXPOSED = {("POST /write", Finding.PROTECTED_ROUTE_OPEN)}


def told(output: str) -> set[tuple[str, str]]:
    """What the last of these reports tells of open incidents."""
    report = json.loads(output.splitlines()[-1])
    return {
        (member["route"], one["finding"])
        for one in report["incidents"]
        for member in one["members"]
        if one["finding"] != "refused"
    }


def is_told_and_not_sent_again(here: Place, one: Api) -> None:
    """A run after the trouble."""
    _, output, _ = here.run("run")
    assert told(output) == EXPOSED
    assert one.writes == 1


@pytest.mark.parametrize("command", ["run", "watch"])
def test_a_kill_while_a_slow_route_is_waited_for(command: str, here: Place) -> None:
    let_go = threading.Event()
    with api(on_slow=lambda: let_go.wait(PATIENCE) and None) as one:
        here.watches(one)
        process = here.start(command)
        until(here.is_latched)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        let_go.set()
        is_told_and_not_sent_again(here, one)


def test_a_run_on_a_full_disk_sends_nothing(here: Place) -> None:
    with api() as one:
        here.watches(one)
        here.makes_state()
        for _ in range(2):
            code, output, errors = here.run("run", room=0)
            assert (code, output) == (3, "")
            assert "the state file" in errors
        assert one.requests == 0
        is_told_and_not_sent_again(here, one)


def test_a_run_of_a_locked_state_sends_nothing(here: Place) -> None:
    with api() as one:
        here.watches(one)
        here.makes_state()
        with here.locked():
            code, output, errors = here.run("run")
            assert (code, output) == (3, "")
            assert "database is locked" in errors
        assert one.requests == 0
        is_told_and_not_sent_again(here, one)


class Trouble(ABC):
    """Comes over a process once, while it waits for answers."""

    def __init__(self, here: Place) -> None:
        self._here = here
        self._process: subprocess.Popen[str] | None = None
        self.is_there, self.started = threading.Event(), threading.Event()

    def comes(self) -> None:
        """Later, once the write is latched."""
        self.started.wait(PATIENCE)
        if not self.is_there.is_set():
            until(self._here.is_latched)
            self.comes_now()

    def comes_now(self) -> None:
        self.started.wait(PATIENCE)
        if not self.is_there.is_set():
            self.begin()
            self.is_there.set()

    def over(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.started.set()

    @abstractmethod
    def begin(self) -> None: ...

    @abstractmethod
    def end(self) -> None: ...


class FullDisk(Trouble):
    def begin(self) -> None:
        assert self._process is not None
        resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))

    def end(self) -> None:
        assert self._process is not None
        none = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE, none)


class Lock(Trouble):
    def begin(self) -> None:
        self._connection = sqlite3.connect(
            self._here.state, isolation_level=None, timeout=PATIENCE, check_same_thread=False
        )
        self._connection.execute("BEGIN EXCLUSIVE")

    def end(self) -> None:
        self._connection.close()


TROUBLES = {"a full disk": FullDisk, "a lock": Lock}


class NoGrowth(FullDisk):
    """A disk that has become full: what files have, they may use."""

    def begin(self) -> None:
        assert self._process is not None
        most = self._here.state.stat().st_size
        resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))


@pytest.mark.parametrize("trouble", [NoGrowth, Lock], ids=["a full disk", "a lock"])
def test_trouble_in_the_very_moment_of_the_write(trouble: type[Trouble], here: Place) -> None:
    comes = trouble(here)
    with api(on_write=comes.comes_now) as one:
        here.watches(one)
        process = here.start("run", "text")
        comes.over(process)
        output, _ = process.communicate(timeout=PATIENCE)
        assert "POST /write" in output
        if trouble is Lock:
            comes.end()
        is_told_and_not_sent_again(here, one)


@pytest.mark.parametrize("name", TROUBLES)
def test_what_a_run_found_is_printed_though_it_cannot_be_stored(name: str, here: Place) -> None:
    trouble = TROUBLES[name](here)
    with api(on_slow=trouble.comes) as one:
        here.watches(one)
        process = here.start("run", "text")
        trouble.over(process)
        output, errors = process.communicate(timeout=PATIENCE)
        assert process.returncode == 3
        assert "POST /write" in output
        assert "1 failed" in output
        assert "not all of this is remembered" in errors
        if name == "a lock":
            trouble.end()
        is_told_and_not_sent_again(here, one)


@pytest.mark.parametrize("name", TROUBLES)
def test_a_watch_goes_on_and_tells_when_it_can(name: str, here: Place) -> None:
    trouble = TROUBLES[name](here)
    with api(on_slow=trouble.comes) as one:
        here.watches(one)
        process = here.start("watch", "json", "--tick", "0.2")
        trouble.over(process)
        assert process.stdout is not None
        first = process.stdout.readline()
        assert json.loads(first)["unsaved"]
        trouble.end()
        line = first
        while not told(line):
            line = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE)
        assert told(line) == EXPOSED
        assert one.writes == 1


def test_a_watch_that_begins_on_a_full_disk_waits_for_room(here: Place) -> None:
    with api() as one:
        here.watches(one)
        here.makes_state()
        process = here.start("watch", "json", "--tick", "0.2", room=0)
        assert process.stdout is not None
        assert process.stderr is not None
        assert "nothing was sent in this tick" in process.stderr.readline()
        assert one.requests == 0
        none = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, none)
        assert told(process.stdout.readline()) == EXPOSED
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=PATIENCE)
        assert errors.count("\n") == 1
        assert "the state can be used again" in errors
        assert one.writes == 1


def test_there_is_room_for_latches_though_the_file_may_not_grow(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "state.sqlite3")
    store.ready()
    [(pages,)] = store._connection.execute("PRAGMA page_count")
    store._connection.execute(f"PRAGMA max_page_count = {pages}")
    store.ready()
    for number in range(200):
        store.latch("a", f"POST /{number}", "https://a", Finding.GUARD_WEAKENED)
    assert len(SqliteStore(tmp_path / "state.sqlite3").latched()) == 200


def test_a_file_that_may_not_grow_is_not_ready(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "state.sqlite3")
    [(pages,)] = store._connection.execute("PRAGMA page_count")
    store._connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StateError, match="full"):
        store.ready()


def test_a_latch_that_cannot_be_written_is_known_until_it_can(tmp_path: Path) -> None:
    file, write = tmp_path / "state.sqlite3", ("a", "POST /x", "https://a")
    store = SqliteStore(file)
    beside = tmp_path / "state.sqlite3-held"
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        beside.mkdir()
        with pytest.raises(StateError):
            store.latch(*write, Finding.GUARD_WEAKENED)
    beside.rmdir()
    assert store.latched() == {write: Finding.GUARD_WEAKENED}
    assert SqliteStore(file).latched() == {}
    store.ready()
    assert SqliteStore(file).latched() == {write: Finding.GUARD_WEAKENED}


def test_a_latch_is_noted_beside_a_locked_state_and_taken_up_by_whoever_comes(
    tmp_path: Path,
) -> None:
    file, write = tmp_path / "state.sqlite3", ("a", "POST /x", "https://a")
    store = SqliteStore(file)
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StateError):
            store.latch(*write, Finding.PROTECTED_ROUTE_OPEN)
    beside = tmp_path / "state.sqlite3-held"
    beside.write_bytes(beside.read_bytes() + b'["a", "POST /cut')
    another = SqliteStore(file)
    assert another.latched() == {write: Finding.PROTECTED_ROUTE_OPEN}
    another.ready()
    assert not beside.exists()
    assert another.latched() == {write: Finding.PROTECTED_ROUTE_OPEN}
    assert another.release("a", "POST /x") == 1
    assert SqliteStore(file).latched() == {}


def test_an_acknowledgement_releases_what_was_noted(tmp_path: Path) -> None:
    file, write = tmp_path / "state.sqlite3", ("a", "POST /x", "https://a")
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        store = SqliteStore(file)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StateError):
            store.latch(*write, Finding.PROTECTED_ROUTE_OPEN)
    assert SqliteStore(file).release("a", "POST /x") == 1
    assert SqliteStore(file).latched() == {}


def test_latches_can_be_set_in_many_threads_at_once(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "state.sqlite3")

    def latches(number: int) -> None:
        for at in range(20):
            store.latch("a", f"POST /{number}/{at}", "https://a", Finding.GUARD_WEAKENED)

    crew = [threading.Thread(target=latches, args=(number,)) for number in range(8)]
    for one in crew:
        one.start()
    for one in crew:
        one.join()
    assert len(store.latched()) == 160


# The same in the account: a shard that is worked at, and one that comes again.

PROBE = """
import sys
import msgspec
from gatewatch.adapters.aws.dynamodb import DynamoTable
from gatewatch.service.shards import Shard
from tests.attack.test_held import Calls, worked_at
worked_at(msgspec.json.decode(sys.argv[2], type=Shard), DynamoTable(sys.argv[1]), Calls())
"""


class Calls:
    def __init__(self) -> None:
        self.messages: list[Message] = []

    def send(self, messages: list[Message]) -> None:  # type: ignore[override]
        self.messages += messages


class Untold:
    def __init__(self) -> None:
        self.found: list[Verdict] = []

    def hear(self, verdicts: Any) -> None:
        self.found += verdicts


def worked_at(
    shard: Shard, stored: DynamoTable, calls: Calls, tell: Callable[[Any], None] = lambda _: None
) -> None:
    clock = SystemClock()
    probe(shard, clock, Prober(Keyring((), Vault(lambda _: "", clock)), clock), stored, calls, tell)


def shard_of(one: Api) -> Shard:
    config = load(CONFIG % one.place, "test")
    found = plan(config)
    [shard] = shards(config, found, SystemClock().now(), {"a": WriterContext()}, {"a": 1})
    return shard


def exposed(verdicts: list[Verdict]) -> set[tuple[str, Finding | None]]:
    return {(one.route, one.finding) for one in verdicts if one.route == "POST /write"}


def states(stored: DynamoTable) -> set[tuple[str, Finding]]:
    found = [state for one in stored.all("a") for state in one.states]
    return {
        (one.route, one.problem.finding)
        for one in found
        if one.is_failing and one.problem is not None and one.route == "POST /write"
    }


def comes_again(shard: Shard, stored: DynamoTable, one: Api) -> None:
    calls = Calls()
    worked_at(shard, stored, calls)
    assert one.writes == 1
    assert states(stored) == EXPOSED
    assert calls.messages


def test_a_probe_that_is_killed_while_a_slow_route_is_waited_for(aws: None) -> None:
    let_go, stored = threading.Event(), table()
    with api(on_slow=lambda: let_go.wait(PATIENCE) and None) as one:
        shard = shard_of(one)
        text = msgspec.json.encode(shard).decode()
        process = subprocess.Popen([sys.executable, "-c", PROBE, stored._name, text])
        until(lambda: any(record.latched for record in stored.records().values()))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        let_go.set()
        comes_again(shard, stored, one)


def test_a_probe_without_its_table_sends_nothing(aws: None) -> None:
    with api() as one:
        with pytest.raises(Exception, match="ResourceNotFound"):
            worked_at(shard_of(one), DynamoTable("there-is-none"), Calls())
        assert one.requests == 0


class Overtaken(DynamoTable):
    """Whatever is saved was overtaken: nothing of a shard can be stored but latches."""

    def save(self, after: Slice) -> None:
        raise OvertakenError(after.name)


def test_what_a_probe_found_is_told_though_it_cannot_be_stored(aws: None) -> None:
    stored, heard = table(), Untold()
    with api() as one:
        shard = shard_of(one)
        with pytest.raises(OvertakenError):
            worked_at(shard, Overtaken(stored._name), Calls(), heard.hear)
        assert exposed(heard.found) == EXPOSED
        comes_again(shard, stored, one)


class OvertakenAt(DynamoTable):
    """Nothing of one API can be stored."""

    api = "a"

    def save(self, after: Slice) -> None:
        if after.api == self.api:
            raise OvertakenError(after.name)
        super().save(after)


def test_what_cannot_be_stored_of_one_api_keeps_no_other_from_being_told(aws: None) -> None:
    stored, calls = table(), Calls()
    with api() as one:
        text = CONFIG % one.place
        config = load(text + text.partition("apis:\n")[2].replace("  a:", "  b:", 1), "test")
        about, counts = {"a": WriterContext(), "b": WriterContext()}, {"a": 1, "b": 1}
        [shard] = shards(config, plan(config), SystemClock().now(), about, counts)
        with pytest.raises(OvertakenError):
            worked_at(shard, OvertakenAt(stored._name), calls)
        assert [msgspec.json.decode(sent.body)["api"] for sent in calls.messages] == ["b"]
        assert one.writes == 2
        worked_at(shard, stored, calls)
        assert {msgspec.json.decode(sent.body)["api"] for sent in calls.messages} == {"a", "b"}
        assert one.writes == 2


def test_latches_are_taken_back_and_changed_in_both_worlds(aws: None, tmp_path: Path) -> None:
    write = ("a", "POST /x", "https://a")
    for store in (SqliteStore(tmp_path / "state.sqlite3"), table()):
        store.latch(*write, Finding.GUARD_WEAKENED)
        store.latch(*write, Finding.PROTECTED_ROUTE_OPEN)
        store.unlatch(*write, Finding.GUARD_WEAKENED)
        assert _latched(store) == {write[1:]: Finding.PROTECTED_ROUTE_OPEN}
        store.unlatch(*write, Finding.PROTECTED_ROUTE_OPEN)
        assert _latched(store) == {}


def test_a_finding_counts_more_than_a_doubt_in_both_worlds(aws: None, tmp_path: Path) -> None:
    write = ("a", "POST /x", "https://a")
    for store in (SqliteStore(tmp_path / "state.sqlite3"), table()):
        store.latch(*write, None)
        assert _latched(store) == {write[1:]: None}
        store.latch(*write, Finding.GUARD_WEAKENED)
        assert _latched(store) == {write[1:]: Finding.GUARD_WEAKENED}
        store.unlatch(*write, None)
        assert _latched(store) == {write[1:]: Finding.GUARD_WEAKENED}
        assert store.release("a", "POST /x") == 1
        assert _latched(store) == {}


def _latched(store: SqliteStore | DynamoTable) -> dict[tuple[str, str], Held]:
    if isinstance(store, DynamoTable):
        return dict(store.held("a"))
    return {(route, entrance): held for (_, route, entrance), held in store.latched().items()}

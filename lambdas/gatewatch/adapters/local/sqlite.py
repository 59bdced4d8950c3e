"""Route states and incidents in one SQLite file.

Every change of an API's memory is one transaction, so a kill at any moment leaves the state
before it or the state after it, and two processes take turns.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import RLock

import msgspec

from gatewatch.adapters.local.noted import Noted, Write
from gatewatch.adapters.local.outbox import OUTBOX_TABLES, Outbox
from gatewatch.incidents.announce import Announced
from gatewatch.incidents.correlate import OPEN
from gatewatch.incidents.links import Claim, Link, link_of
from gatewatch.incidents.mute import Mute
from gatewatch.incidents.track import RouteState
from gatewatch.model import Finding, Held, Incident
from gatewatch.notices.audience import Told
from gatewatch.notices.visible import visible_line
from gatewatch.plan import Latches
from gatewatch.ports import StateError

_VERSION = 5
_WAIT_SECONDS = 30.0
_MOMENT_MS = 1_000
_ROOM = 131_072
KEPT_RESOLVED = 500
"""Of each API; open ones are always kept."""
_TABLES = """
CREATE TABLE IF NOT EXISTS state (
    api TEXT, route TEXT, entrance TEXT, caller TEXT, document BLOB NOT NULL,
    PRIMARY KEY (api, route, entrance, caller)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS incident (
    id TEXT PRIMARY KEY, api TEXT NOT NULL, state TEXT NOT NULL, document BLOB NOT NULL)
    WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS incident_by_api ON incident (api, state);
CREATE TABLE IF NOT EXISTS latch (
    api TEXT, route TEXT, entrance TEXT, at TEXT NOT NULL,
    finding TEXT NOT NULL DEFAULT 'protected_route_open',
    PRIMARY KEY (api, route, entrance)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS said (
    incident TEXT PRIMARY KEY, api TEXT NOT NULL, document BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS claim (
    scope TEXT PRIMARY KEY, incident TEXT NOT NULL, document BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS owner (config TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS mute (
    id TEXT PRIMARY KEY, api TEXT NOT NULL, document BLOB NOT NULL) WITHOUT ROWID;
"""
_LATCHED_AS = "ALTER TABLE latch ADD COLUMN finding TEXT NOT NULL DEFAULT 'protected_route_open'"


class _Connection(sqlite3.Connection):
    """Closed at the latest when nothing refers to it; Python 3.13 and later would warn."""

    def __del__(self) -> None:
        self.close()


class SqliteMemory:
    """One API's rows inside a transaction."""

    def __init__(self, connection: sqlite3.Connection, api: str) -> None:
        self._connection = connection
        self._api = api
        self.states = tuple(self._states())
        self.incidents = tuple(self._incidents())
        self.said: Mapping[str, Announced] = dict(self._said())
        outbox = Outbox(connection)
        self.told = Told(outbox=outbox.of(api), audiences=outbox.audiences(api))
        self.ended = tuple(self._ended())
        self.mutes = _mutes(connection, api)

    def _states(self) -> Iterator[RouteState]:
        rows = self._connection.execute("SELECT document FROM state WHERE api = ?", (self._api,))
        return (msgspec.json.decode(document, type=RouteState) for (document,) in rows)

    def _incidents(self) -> Iterator[Incident]:
        rows = self._connection.execute(
            "SELECT document FROM incident WHERE api = ? AND state = ?", (self._api, OPEN)
        )
        return (msgspec.json.decode(document, type=Incident) for (document,) in rows)

    def _ended(self) -> Iterator[Incident]:
        rows = self._connection.execute(
            "SELECT incident.document FROM incident"
            " JOIN audience ON audience.incident = incident.id"
            " WHERE incident.api = ? AND incident.state <> ?",
            (self._api, OPEN),
        )
        return (msgspec.json.decode(document, type=Incident) for (document,) in rows)

    def _said(self) -> Iterator[tuple[str, Announced]]:
        rows = self._connection.execute(
            "SELECT incident, document FROM said WHERE api = ?", (self._api,)
        )
        return ((name, msgspec.json.decode(document, type=Announced)) for name, document in rows)

    def links(self, scope: str) -> list[Link]:
        """The links are read off the other APIs' open incidents, so none can get lost."""
        rows = self._connection.execute(
            "SELECT document FROM incident WHERE api <> ? AND state = ?", (self._api, OPEN)
        )
        found = (link_of(msgspec.json.decode(document, type=Incident)) for (document,) in rows)
        return [one for one in found if one is not None and one.scope == scope]

    def claimed(self, scope: str) -> Claim | None:
        rows = self._connection.execute("SELECT document FROM claim WHERE scope = ?", (scope,))
        return next((msgspec.json.decode(document, type=Claim) for (document,) in rows), None)

    def claim(self, wanted: Claim, before: Claim | None) -> Claim:
        """As in the account: `before` stands for whoever holds it since then, and may know more."""
        held = None if before is None else (before.incident, before.at)
        if (now := self.claimed(wanted.scope)) and (now.incident, now.at) != held:
            return now
        self._connection.execute(
            "INSERT OR REPLACE INTO claim VALUES (?, ?, ?)",
            (wanted.scope, wanted.incident, msgspec.json.encode(wanted)),
        )
        return wanted

    def announced(self, api: str, incident: str) -> Incident | None:
        rows = self._connection.execute(
            "SELECT incident.document FROM incident JOIN said ON said.incident = incident.id"
            " WHERE incident.id = ? AND incident.api = ? AND incident.state = ?",
            (incident, api, OPEN),
        )
        found = (msgspec.json.decode(document, type=Incident) for (document,) in rows)
        return next((one for one in found if one.muted is None), None)

    def keep(
        self,
        states: Sequence[RouteState],
        incidents: Sequence[Incident],
        said: Mapping[str, Announced],
        told: Told | None = None,
    ) -> None:
        if told is not None:
            outbox = Outbox(self._connection)
            outbox.keep(self._api, told.outbox)
            outbox.keep_audiences(self._api, told.audiences)
        self._connection.execute("DELETE FROM state WHERE api = ?", (self._api,))
        self._connection.executemany(
            "INSERT INTO state VALUES (?, ?, ?, ?, ?)",
            [(self._api, *one.key, msgspec.json.encode(one)) for one in states],
        )
        self._connection.executemany(
            "INSERT OR REPLACE INTO incident VALUES (?, ?, ?, ?)",
            [(one.id, one.api, one.state, msgspec.json.encode(one)) for one in incidents],
        )
        over = {one.id for one in incidents if one.state != OPEN}
        self._connection.executemany(
            "DELETE FROM claim WHERE incident = ?", [(name,) for name in over]
        )
        self._connection.execute("DELETE FROM said WHERE api = ?", (self._api,))
        self._connection.executemany(
            "INSERT INTO said VALUES (?, ?, ?)",
            [
                (name, self._api, msgspec.json.encode(what))
                for name, what in said.items()
                if name not in over
            ],
        )
        self._connection.execute(
            "DELETE FROM incident WHERE api = :api AND state <> :open AND id NOT IN (SELECT id "
            "FROM incident WHERE api = :api AND state <> :open ORDER BY id DESC LIMIT :kept)",
            {"api": self._api, "open": OPEN, "kept": KEPT_RESOLVED},
        )


def _mutes(connection: sqlite3.Connection, api: str | None = None) -> tuple[Mute, ...]:
    """Those that nobody has ended; of all APIs where none is named."""
    rows = connection.execute(
        "SELECT document FROM mute WHERE api = coalesce(?, api) ORDER BY api, id", (api,)
    )
    return tuple(msgspec.json.decode(document, type=Mute) for (document,) in rows)


Watched = frozenset[tuple[str, str, str]]
"""The (api, route, entrance)s of a configuration."""


@dataclass(frozen=True, slots=True)
class Owner:
    """The configuration that owns a state: its file, and what it watches.

    What a configuration does not name has left it, and its open incidents end. So a state serves
    one configuration, whose file may be edited and moved. Another configuration is accepted only
    if it watches everything in the state, or replaces a file that is gone and shares an API with
    it, by name or by entrance. A state that `is_beside` its file moves with it, also in a copy.
    """

    config: str
    watched: Watched
    is_beside: bool = False

    def refused(self, before: str, known: Watched) -> str | None:
        """Why this owner may not use the state of another file."""
        if self.is_beside or before == self.config or known <= self.watched:
            return None
        told, apart = visible_line(before), "each of two would end the other's incidents"
        if _is_there(Path(before)):
            remedy = f"name another --state, or remove {told} if this one takes its place"
            return f"it is kept for {told}, and {apart}: {remedy}"
        if _places(known) & _places(self.watched):
            return None
        remedy = "name another --state, or remove it to begin anew"
        return f"it is kept for {told}, which shares no API with this one, and {apart}: {remedy}"


def _is_there(file: Path) -> bool:
    try:
        return file.exists()
    except OSError:
        return False


def _places(watched: Watched) -> frozenset[str]:
    return frozenset(one for api, _, entrance in watched for one in (api, entrance))


class SqliteStore:
    """The file is created at first use, readable by its owner only. `:memory:` keeps nothing.

    Every method raises StateError where the file cannot be used. `owner`: the configuration that it
    belongs to; None for readers.
    """

    def __init__(self, file: Path | None, owner: Owner | None = None) -> None:
        self.name = str(file) if file is not None else ":memory:"
        self._file = file
        self._owner = owner
        self._lock = RLock()
        self._unwritten: dict[Write, Held] = {}
        self._noted = None if file is None else Noted(Path(f"{file}-held"))
        with self._guarded():
            self._connect()
            self._refuse_others()

    def _connect(self) -> None:
        if self._file is not None:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(self._file, os.O_CREAT | os.O_RDWR, 0o600))
        self._connection = sqlite3.connect(
            self.name,
            timeout=_WAIT_SECONDS,
            isolation_level=None,
            check_same_thread=False,
            factory=_Connection,
        )
        # The journal stays there, empty, and with it the room for the next one.
        self._connection.execute("PRAGMA journal_mode = PERSIST")
        self._prepare()
        self._opened = self._there()

    def _there(self) -> tuple[int, int] | None:
        """The file that has the name now; None if there is none."""
        if self._file is None or not self._file.exists():
            return None
        found = self._file.stat()
        return found.st_dev, found.st_ino

    def _refuse_others(self) -> None:
        """An accepted owner takes the state over with its first run."""
        found = self._connection.execute("SELECT config FROM owner").fetchone()
        if self._owner is None or found is None:
            return
        rows = self._connection.execute("SELECT api, route, entrance FROM state")
        known = frozenset((api, route, entrance) for api, route, entrance in rows)
        if refused := self._owner.refused(str(found[0]), known):
            raise StateError(f"the state file {self.name} cannot be used: {refused}")

    def _take_over(self) -> None:
        self._refuse_others()
        if self._owner is not None:
            self._connection.execute("DELETE FROM owner")
            self._connection.execute("INSERT INTO owner VALUES (?)", (self._owner.config,))

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """One thread at a time. Every failure of the file, and unreadable content, raises
        StateError."""
        try:
            with self._lock:
                yield
        except (OSError, sqlite3.Error) as error:
            raise StateError(f"the state file {self.name} cannot be used: {error}") from None
        except (msgspec.MsgspecError, UnicodeDecodeError):
            reason = "it holds what cannot be read; move it away to begin anew"
            raise StateError(f"the state file {self.name} cannot be used: {reason}") from None

    def _prepare(self) -> None:
        [(version,)] = self._connection.execute("PRAGMA user_version")
        if version > _VERSION:
            raise sqlite3.DatabaseError(f"it was written by a newer version ({version})")
        if version < _VERSION:
            with self._transaction():
                for statement in (_TABLES + OUTBOX_TABLES).split(";\n"):
                    self._connection.execute(statement)
                if version == 1:
                    self._connection.execute(_LATCHED_AS)
                self._connection.execute(f"PRAGMA user_version = {_VERSION}")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            raise

    @contextmanager
    def open(self, api: str) -> Iterator[SqliteMemory]:
        """One API's memory; other processes wait until the block ends."""
        with self._guarded(), self._transaction():
            yield SqliteMemory(self._connection, api)

    @contextmanager
    def outbox(self) -> Iterator[Outbox]:
        """What waits for channels; other processes wait until the block ends."""
        with self._guarded(), self._transaction():
            yield Outbox(self._connection)

    @contextmanager
    def outbox_now(self) -> Iterator[Outbox]:
        """The same for those who only read, and keep nobody waiting."""
        with self._guarded():
            yield Outbox(self._connection)

    def apis(self) -> list[str]:
        """The APIs with any stored state."""
        with self._guarded():
            rows = self._connection.execute(
                "SELECT api FROM state UNION SELECT api FROM incident ORDER BY api"
            )
            return [api for (api,) in rows]

    def incidents(self) -> list[Incident]:
        """Every stored incident, newest first."""
        with self._guarded():
            rows = self._connection.execute("SELECT document FROM incident ORDER BY id DESC")
            return [msgspec.json.decode(document, type=Incident) for (document,) in rows]

    def open_incidents(self) -> list[Incident]:
        with self._guarded():
            rows = self._connection.execute(
                "SELECT document FROM incident WHERE state = ?", (OPEN,)
            )
            return [msgspec.json.decode(document, type=Incident) for (document,) in rows]

    def mutes(self, now: datetime) -> tuple[Mute, ...]:
        """Those in force."""
        with self._guarded():
            return tuple(one for one in _mutes(self._connection) if one.is_in_force(now))

    def add_mute(self, wanted: Mute, now: datetime) -> None:
        """Those that are over are forgotten."""
        with self._guarded(), self._transaction():
            over = [one.id for one in _mutes(self._connection) if not one.is_in_force(now)]
            self._unmute(over)
            self._connection.execute(
                "INSERT INTO mute VALUES (?, ?, ?)",
                (wanted.id, wanted.api, msgspec.json.encode(wanted)),
            )

    def end_mutes(self, names: Iterable[str]) -> None:
        with self._guarded(), self._transaction():
            self._unmute(names)

    def _unmute(self, names: Iterable[str]) -> None:
        self._connection.executemany("DELETE FROM mute WHERE id = ?", [(one,) for one in names])

    def let_in(self) -> frozenset[tuple[str, str]]:
        with self._guarded():
            rows = self._connection.execute("SELECT api, document FROM state")
            states = [(api, msgspec.json.decode(one, type=RouteState)) for api, one in rows]
            return frozenset((api, state.entrance) for api, state in states if state.was_let_in)

    def states(self) -> dict[str, list[RouteState]]:
        """The states of all APIs, by the API's name."""
        found: dict[str, list[RouteState]] = {}
        with self._guarded():
            rows = self._connection.execute("SELECT api, document FROM state")
            for api, document in rows:
                found.setdefault(api, []).append(msgspec.json.decode(document, type=RouteState))
        return found

    def ready(self) -> None:
        """Reserve room in the file and, by changing its content, as much in the journal; then free
        it within both, so that no latch fails when the disk fills up meanwhile. A file that
        vanished is created again."""
        with self._guarded():
            if self._there() != self._opened:
                self._connection.close()
                self._connect()
        with self._guarded(), self._transaction():
            self._take_over()
            self._connection.execute("DROP TABLE IF EXISTS room")
            self._connection.execute("CREATE TABLE room (taken BLOB)")
            self._connection.execute("INSERT INTO room VALUES (zeroblob(?))", (_ROOM,))
        with self._guarded(), self._transaction():
            self._connection.execute("UPDATE room SET taken = randomblob(?)", (_ROOM,))
        with self._guarded(), self._transaction():
            self._connection.execute("DROP TABLE room")
        self._take_up()

    def _take_up(self) -> None:
        """Store what was latched while the file could not be written."""
        with self._guarded(), self._transaction():
            for write, held in self._wanting().items():
                self._latch(write, held)
            if self._noted is not None:
                self._noted.clear()
        self._unwritten.clear()

    def _wanting(self) -> dict[Write, Held]:
        """The latches that the file does not have yet."""
        noted = {} if self._noted is None else self._noted.all()
        return {**noted, **self._unwritten}

    def latched(self) -> Latches:
        with self._guarded():
            rows = self._connection.execute("SELECT api, route, entrance, finding FROM latch")
            written = {
                (one, route, place): Finding(held) if held else None
                for one, route, place, held in rows
            }
            return {**written, **self._wanting()}

    def latch(self, api: str, route: str, entrance: str, held: Held) -> None:
        """A latch that cannot be written soon raises, and is still kept: beside the file, or else
        as long as this store lives."""
        write = (api, route, entrance)
        self._unwritten[write] = held
        try:
            with self._guarded(), self._hurried():
                self._latch(write, held)
        except StateError:
            if self._noted is not None:
                with self._guarded():
                    self._noted.add(write, held)
            raise
        self._unwritten.pop(write, None)

    @contextmanager
    def _hurried(self) -> Iterator[None]:
        """Wait only a moment for others: more writes may have to be latched."""
        self._connection.execute(f"PRAGMA busy_timeout = {_MOMENT_MS}")
        try:
            yield
        finally:
            self._connection.execute(f"PRAGMA busy_timeout = {int(_WAIT_SECONDS * 1000)}")

    def _latch(self, write: Write, held: Held) -> None:
        self._connection.execute(
            "INSERT INTO latch (api, route, entrance, at, finding) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET finding = excluded.finding",
            (*write, datetime.now(UTC).isoformat(), held or ""),
        )

    def unlatch(self, api: str, route: str, entrance: str, held: Held) -> None:
        self._take_up()
        with self._guarded():
            self._connection.execute(
                "DELETE FROM latch WHERE api = ? AND route = ? AND entrance = ? AND finding = ?",
                (api, route, entrance, held or ""),
            )

    def release(self, api: str, route: str) -> int:
        """Release a latched write; return at how many entrances."""
        self._take_up()
        with self._guarded():
            cursor = self._connection.execute(
                "DELETE FROM latch WHERE api = ? AND route = ?", (api, route)
            )
            return cursor.rowcount

    def close(self) -> None:
        self._connection.close()

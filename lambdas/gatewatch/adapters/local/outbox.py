"""The notices that wait for channels outside, and how each channel fares: tables of the state file,
so that a notice is stored with the incident that it tells of."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence

import msgspec
from msgspec.structs import replace

from gatewatch.delivery.standing import Standing
from gatewatch.notices.audience import Audience
from gatewatch.notices.notice import Notice

OUTBOX_TABLES = """
CREATE TABLE IF NOT EXISTS outbox (
    number INTEGER PRIMARY KEY AUTOINCREMENT, api TEXT NOT NULL, lane TEXT NOT NULL,
    message TEXT NOT NULL, document BLOB NOT NULL, waits_until TEXT, UNIQUE (lane, message));
CREATE TABLE IF NOT EXISTS audience (
    incident TEXT PRIMARY KEY, api TEXT NOT NULL, document BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS channel (
    lane TEXT PRIMARY KEY, next_at TEXT, document BLOB NOT NULL) WITHOUT ROWID;
"""


class Outbox:
    """These tables within a transaction. A lane, the key of a channel, is emptied from its first
    notice on that does not wait for the end of quiet hours; `next_at`: until when it rests, as its
    channel takes nothing. Where a channel leads is not stored: the configuration says it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def of(self, api: str) -> tuple[Notice, ...]:
        """What waits of one API, the oldest first."""
        rows = self._connection.execute(
            "SELECT document FROM outbox WHERE api = ? ORDER BY number", (api,)
        )
        return tuple(msgspec.json.decode(document, type=Notice) for (document,) in rows)

    def keep(self, api: str, notices: Sequence[Notice]) -> None:
        """These, and no others of the API. Those that are left out were given up, and are
        counted."""
        for lane, message in _places(self.of(api)) - _places(notices):
            self.remove(lane, message)
            standing, next_at = self.standing(lane)
            self.save(replace(standing, dropped=standing.dropped + 1), next_at)
        self._connection.executemany(
            "INSERT INTO outbox (api, lane, message, document, waits_until) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE"
            " SET document = excluded.document, waits_until = excluded.waits_until",
            [(api, one.channel, one.message_id, _stored(one), _waits(one)) for one in notices],
        )

    def audiences(self, api: str) -> dict[str, Audience]:
        """What each channel knows of the API's incidents, by incident."""
        rows = self._connection.execute(
            "SELECT incident, document FROM audience WHERE api = ?", (api,)
        )
        return {name: msgspec.json.decode(document, type=Audience) for name, document in rows}

    def keep_audiences(self, api: str, audiences: Mapping[str, Audience]) -> None:
        """These, and no others of the API."""
        self._connection.execute("DELETE FROM audience WHERE api = ?", (api,))
        self._connection.executemany(
            "INSERT INTO audience VALUES (?, ?, ?)",
            [(name, api, msgspec.json.encode(one)) for name, one in audiences.items()],
        )

    def lanes(self) -> list[str]:
        """Those for which something waits."""
        return [
            lane
            for (lane,) in self._connection.execute(
                "SELECT DISTINCT lane FROM outbox WHERE waits_until IS NULL"
            )
        ]

    def first(self, lane: str) -> Notice | None:
        rows = self._connection.execute(
            "SELECT document FROM outbox WHERE lane = ? AND waits_until IS NULL"
            " ORDER BY number LIMIT 1",
            (lane,),
        )
        return next((msgspec.json.decode(document, type=Notice) for (document,) in rows), None)

    def remove(self, lane: str, message: str) -> None:
        self._connection.execute(
            "DELETE FROM outbox WHERE lane = ? AND message = ?", (lane, message)
        )

    def forget(self, lane: str) -> None:
        """All of a channel that left the configuration."""
        self._connection.execute("DELETE FROM outbox WHERE lane = ?", (lane,))
        self._connection.execute("DELETE FROM channel WHERE lane = ?", (lane,))

    def standing(self, lane: str) -> tuple[Standing, str | None]:
        """How the channel fares, and until when its lane rests."""
        rows = self._connection.execute(
            "SELECT document, next_at FROM channel WHERE lane = ?", (lane,)
        )
        known = ((msgspec.json.decode(document, type=Standing), at) for document, at in rows)
        found, next_at = next(known, (Standing(channel=lane), None))
        return replace(found, waiting=self._waiting(lane)), next_at

    def _waiting(self, lane: str) -> int:
        [(count,)] = self._connection.execute(
            "SELECT count(*) FROM outbox WHERE lane = ? AND waits_until IS NULL", (lane,)
        )
        return int(count)

    def save(self, standing: Standing, next_at: str | None) -> None:
        self._connection.execute(
            "INSERT OR REPLACE INTO channel VALUES (?, ?, ?)",
            (standing.channel, next_at, msgspec.json.encode(replace(standing, waiting=0))),
        )

    def standings(self) -> dict[str, Standing]:
        """Of every channel that has been sent anything, or that something waits for; by its key."""
        known = [lane for (lane,) in self._connection.execute("SELECT lane FROM channel")]
        return {lane: self.standing(lane)[0] for lane in sorted({*known, *self.lanes()})}


def _places(notices: Iterable[Notice]) -> frozenset[tuple[str, str]]:
    return frozenset((one.channel, one.message_id) for one in notices)


def _waits(notice: Notice) -> str | None:
    return None if isinstance(notice.waits_until, msgspec.UnsetType) else notice.waits_until


def _stored(notice: Notice) -> bytes:
    return msgspec.json.encode(replace(notice, via=msgspec.UNSET))

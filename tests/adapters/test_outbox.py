"""What waits for channels in the state file: with its incident or not at all, in order, and
delivered by one process at a time."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from gatewatch.adapters.local.alone import Alone
from gatewatch.adapters.local.sqlite import SqliteStore
from gatewatch.config.canonical import Channel, Hook, HookKind
from gatewatch.delivery.standing import Standing
from gatewatch.incidents.announce import AnnouncementKind
from gatewatch.model import Incident
from gatewatch.notices.audience import Audience, Ear, Told
from gatewatch.notices.notice import Notice
from tests.incidents.test_correlate import T0, opened, problem, state

PAGER = Channel(name="pager")
[INCIDENT] = opened(state("GET /a", problem("x")))


def notice(number: int = 1, channel: str = "pager", incident: Incident = INCIDENT) -> Notice:
    return Notice(
        message_id=f"m{number}",
        kind=AnnouncementKind.OPENED,
        at=T0,
        channel=channel,
        incident=incident,
    )


@pytest.fixture
def store(tmp_path: Path) -> SqliteStore:
    return SqliteStore(tmp_path / "state.sqlite3")


def keep(store: SqliteStore, *notices: Notice, api: str = "orders") -> None:
    with store.open(api) as memory:
        memory.keep([], [INCIDENT], {}, Told(outbox=notices, audiences={}))


def waiting(store: SqliteStore, api: str = "orders") -> list[str]:
    with store.open(api) as memory:
        return [one.message_id for one in memory.told.outbox]


def test_messages_come_back_in_their_order(store: SqliteStore) -> None:
    keep(store, notice(2), notice(1))
    keep(store, notice(2), notice(1), notice(3))
    assert waiting(store) == ["m2", "m1", "m3"]
    with store.outbox_now() as box:
        first = box.first("pager")
    assert first is not None
    assert first.message_id == "m2"


def test_a_message_is_stored_with_its_incident_or_not_at_all(store: SqliteStore) -> None:
    def die_half_way() -> None:
        with store.open("orders") as memory:
            memory.keep([], [INCIDENT], {}, Told(outbox=(notice(),), audiences={}))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        die_half_way()
    assert (waiting(store), store.incidents()) == ([], [])


def test_who_does_not_speak_of_messages_leaves_them(store: SqliteStore) -> None:
    keep(store, notice())
    with store.open("orders") as memory:
        memory.keep([], [INCIDENT], {})
    assert waiting(store) == ["m1"]


def test_each_api_has_its_own_and_a_lane_has_those_of_all(store: SqliteStore) -> None:
    keep(store, notice(1))
    keep(store, notice(2), api="users")
    keep(store, api="orders")
    assert (waiting(store, "orders"), waiting(store, "users")) == ([], ["m2"])


def test_what_waits_for_the_end_of_quiet_hours_holds_up_nothing_and_is_not_late(
    store: SqliteStore,
) -> None:
    keep(store, replace(notice(1), waits_until=T0), notice(2))
    with store.outbox_now() as box:
        first, standing = box.first("pager"), box.standing("pager")[0]
    assert first is not None
    assert (first.message_id, standing.waiting) == ("m2", 1)
    keep(store, replace(notice(1), waits_until=T0))
    with store.outbox_now() as box:
        assert (box.lanes(), box.first("pager")) == ([], None)
    keep(store, notice(1))
    with store.outbox_now() as box:
        assert box.lanes() == ["pager"]


def test_who_was_told_is_kept_and_an_end_that_nobody_was_told_is_found(store: SqliteStore) -> None:
    audience = Audience(since=T0, ears={"pager": Ear()})
    told = Told(audiences={INCIDENT.id: audience})
    over = replace(INCIDENT, state="resolved")
    with store.open("orders") as memory:
        memory.keep([], [INCIDENT], {}, told)
    with store.open("orders") as memory:
        assert (memory.told, memory.ended) == (told, ())
        memory.keep([], [over], {})
    with store.open("orders") as memory:
        assert (memory.told, memory.ended) == (told, (over,))


def test_what_is_given_up_is_counted(store: SqliteStore) -> None:
    keep(store, notice(1), notice(2), notice(3))
    keep(store, notice(3))
    with store.outbox_now() as box:
        assert box.standings() == {"pager": Standing(channel="pager", waiting=1, dropped=2)}


def test_where_a_channel_leads_is_not_stored(store: SqliteStore, tmp_path: Path) -> None:
    hook = Hook(kind=HookKind.SLACK, url="https://h.example.com/private", hosts=("h:443",))
    keep(store, replace(notice(), via=Channel(name="pager", hook=hook)))
    store.close()
    assert b"h.example.com" not in (tmp_path / "state.sqlite3").read_bytes()


def test_a_file_of_the_version_before_gets_an_outbox(tmp_path: Path) -> None:
    file = tmp_path / "state.sqlite3"
    SqliteStore(file).close()
    with sqlite3.connect(file) as raw:
        raw.execute("DROP TABLE outbox")
        raw.execute("DROP TABLE channel")
        raw.execute("DROP TABLE audience")
        raw.execute("DROP TABLE mute")
        raw.execute("INSERT INTO incident VALUES (?, ?, ?, ?)", ("1", "orders", "open", _OLD))
        raw.execute("PRAGMA user_version = 4")
    raw.close()
    store = SqliteStore(file)
    with store.open("orders") as memory:
        assert (len(memory.incidents), memory.told.outbox, memory.mutes) == (1, (), ())
    keep(store, notice())
    assert waiting(store) == ["m1"]


_OLD = msgspec.json.encode(INCIDENT)


def test_one_process_at_a_time_holds_the_lock(tmp_path: Path) -> None:
    one, other = Alone(tmp_path / "lock"), Alone(tmp_path / "lock")
    assert (one.is_ours(), other.is_ours(), one.is_ours()) == (True, False, True)
    one.release()
    assert (other.is_ours(), one.is_ours()) == (True, False)
    other.release()

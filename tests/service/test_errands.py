"""What people ask of the service: what is in order, when a pause is over, what is sent of it."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from msgspec.structs import replace

from gatewatch.model import Incident
from gatewatch.service.desk_load import carried
from gatewatch.service.errands import (
    DeskCall,
    Errand,
    ErrandKind,
    Waiting,
    in_order,
    is_in_order,
    pauses,
)
from gatewatch.service.ledger import WriterContext
from gatewatch.service.shards import Shard
from gatewatch.service.wake_up import WakeUp, desk_message, read_call
from tests.builders import verdict
from tests.deployed import START, tick
from tests.service.test_ledger import heard, looked

PAUSE = Errand(id="a" * 32, kind=ErrandKind.PAUSE, at=tick(0), by="user/alice", until=tick(60))
RESUME = Errand(id="b" * 32, kind=ErrandKind.RESUME, at=tick(1), by="user/bob", ends=(PAUSE.id,))


@pytest.mark.parametrize(
    ("minutes", "is_paused"), [(0, True), (59, True), (60, False), (61, False)]
)
def test_a_pause_is_over_when_its_time_is(minutes: int, is_paused: bool) -> None:
    assert bool(pauses([PAUSE], START + timedelta(minutes=minutes))) is is_paused


def test_a_resumption_ends_the_pauses_that_it_names_whatever_the_clocks_say() -> None:
    early = replace(RESUME, at=tick(-600))
    other = replace(PAUSE, id="c" * 32)
    assert [one.id for one in pauses([early, PAUSE, other], START)] == [other.id]


CHANGES = {
    "a name that is no id": {"id": "../x"},
    "no time": {"at": "yesterday"},
    "a time without a zone": {"at": "2026-11-22T09:00:00"},
    "a beginning much later": {"at": (START + timedelta(minutes=61)).isoformat()},
    "no end": {"until": None},
    "an end that is no time": {"until": "never"},
    "an end beyond any": {"until": (START + timedelta(days=7, minutes=11)).isoformat()},
    "a line end in a name": {"apis": ("a\nb",)},
    "too many names": {"apis": ("a",) * 101},
    "a pause that ends another": {"ends": ("b" * 32,)},
    "a long reason": {"why": "x" * 501},
    "too large": {"apis": tuple(f"{number:0500}" for number in range(30))},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_is_not_in_order(change: dict[str, object]) -> None:
    assert is_in_order(PAUSE, START)
    assert not is_in_order(replace(PAUSE, **change), START)  # type: ignore[arg-type]


def test_only_a_pause_has_an_end() -> None:
    assert not is_in_order(replace(RESUME, until=tick(60)), START)


def test_whatever_waits_fits_into_a_message() -> None:
    large = tuple(f"{number:0400}" for number in range(20))
    waiting = Waiting(
        errands=tuple(replace(PAUSE, id=f"{number:032x}", apis=large) for number in range(100)),
        spoilt=("x" * 1024,) * 100,
    )
    taken = carried(in_order(waiting, START), START)
    assert taken.errands
    call = DeskCall(at=tick(0), errands=taken.errands, spoilt=taken.spoilt, channels=())
    assert len(desk_message(call).body) < 250_000


@pytest.mark.parametrize(
    "call",
    [
        WakeUp(api="orders", at=tick(0), about=WriterContext()),
        DeskCall(at=tick(0), errands=(PAUSE,), channels=()),
        DeskCall(at=tick(0), errands=(), spoilt=("x",), channels=()),
    ],
    ids=["a writer's", "the desk's", "without errands"],
)
def test_a_call_is_read_as_it_was_sent(call: WakeUp | DeskCall) -> None:
    assert read_call(msgspec.json.encode(call).decode()) == call


def test_a_shard_that_nobody_asked_for_is_sent_as_the_version_of_before_reads_it() -> None:
    shard = Shard(at=tick(0), lane="l", due=(), credentials=(), slices={}, about={}, signers={})
    assert b"is_asked" not in msgspec.json.encode(shard)
    assert b"is_asked" in msgspec.json.encode(replace(shard, is_asked=True))


def test_an_incident_of_the_version_of_before_is_not_paused() -> None:
    [incident] = heard(looked(verdict())).incidents
    stored = msgspec.to_builtins(incident)
    del stored["paused"]
    assert msgspec.convert(stored, Incident) == incident

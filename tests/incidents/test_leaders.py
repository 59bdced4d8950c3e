"""One credential at several APIs, and what befalls the incident that tells of it: whoever it spoke
for is told of all the same. In both worlds."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Protocol

import pytest
from bench.scale.memory import Inbox

from gatewatch.adapters.local.sqlite import SqliteStore
from gatewatch.config.author import load
from gatewatch.config.canonical import Config
from gatewatch.incidents import links
from gatewatch.incidents.acknowledge import Ack, acknowledge
from gatewatch.incidents.announce import AnnouncementKind
from gatewatch.model import ANONYMOUS, Acknowledgement, Finding, Incident, Severity
from gatewatch.notices.notice import Notice
from gatewatch.remember import Remembered, remember
from gatewatch.service.incidents import handle_wake_up
from gatewatch.service.ledger import WriterContext
from gatewatch.service.ports import UnacceptableError, UndeliveredError
from gatewatch.service.wake_up import WakeUp
from tests.builders import URL
from tests.deployed import tick
from tests.incidents.test_links import FAIL, LIGHT, PASS, ROUTES, Look, Writers, _verdict

ALICE = Acknowledgement(by="alice", at=tick(3))


class World(Protocol):
    apis: tuple[str, ...]

    def pass_minute(self, **looks: Look) -> list[str]: ...

    def minutes(self, count: int) -> list[str]: ...

    def open(self, api: str) -> Incident: ...

    def acknowledge(self, api: str) -> None: ...

    def leave(self, api: str) -> None:
        """It stands in the configuration no more."""


def configured(apis: Iterable[str]) -> Config:
    """APIs at which `user` calls the routes that are looked at."""
    routes = ", ".join(f"{one}: {{access: protected, as: [user]}}" for one in ROUTES)
    named = ", ".join(f"{api}: {{url: '{URL}', routes: [{routes}]}}" for api in apis)
    user = "credentials: {user: {bearer: {env: TOKEN}}}"
    once = "defaults: {open_after: 1, resolve_after: 1}"
    return load(f"{user}\n{once}\napis: {{{named}}}", "test")


class Account(Writers):
    """As Writers, with what people and deployments do."""

    def __init__(self) -> None:
        super().__init__()
        self.gone: set[str] = set()

    def acknowledge(self, api: str) -> None:
        self.table._acks.append(Ack(api=api, who=ALICE, incidents=(self.open(api).id,)))
        [own] = configured([api]).apis
        call = WakeUp(
            api=api, at=tick(self.minute), about=WriterContext(), compare="key", digest="same"
        )
        handle_wake_up(call, self.table, self.inbox, lambda *_: own)

    def pass_minute(self, **looks: Look) -> list[str]:
        before = len(self.inbox.notices)
        super().pass_minute(**looks)
        for api in self.table.records().keys() & self.gone:
            self.sweep(api, compare="key")
        return self.heard(before)

    def leave(self, api: str) -> None:
        self.apis = tuple(one for one in self.apis if one != api)
        self.gone.add(api)


class Machine:
    """The same on one machine: a run each minute, with one memory."""

    def __init__(self, file: Path, *apis: str) -> None:
        self.apis = apis or ("orders", "carts", "billing")
        self._store = SqliteStore(file)
        self._minute = 0

    def now(self) -> datetime:
        return datetime.fromisoformat(tick(self._minute))

    def pass_minute(self, **looks: Look) -> list[str]:
        self._minute += 1
        shown = [_verdict(api, route, one) for api, one in looks.items() for route in ROUTES]
        found = Remembered(tick(self._minute))
        remember(configured(self.apis), shown, self._store, found, self)
        told = found.announcements
        return [f"{one.kind} {one.incident.api}: {'; '.join(one.news)}" for one in told]

    def minutes(self, count: int) -> list[str]:
        return [one for _ in range(count) for one in self.pass_minute()]

    def open(self, api: str) -> Incident:
        [one] = [each for each in self._store.open_incidents() if each.api == api]
        return one

    def acknowledge(self, api: str) -> None:
        one = self.open(api)
        with self._store.open(api) as memory:
            known = [
                acknowledge(each, ALICE) if each.id == one.id else each for each in memory.incidents
            ]
            memory.keep(list(memory.states), known, memory.said)

    def leave(self, api: str) -> None:
        self.apis = tuple(one for one in self.apis if one != api)


@pytest.fixture(params=["account", "machine"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    if request.param == "account":
        return Account()
    return Machine(tmp_path / "state.sqlite3")


def kinds(told: list[str]) -> list[str]:
    return [one.partition(":")[0] for one in told]


def named_by(world: World, api: str) -> set[str]:
    return {one.api for one in world.open(api).related if one.said and one.until is None}


def led(world: World) -> None:
    """Orders tells of the credential, and has named the others."""
    assert kinds(world.pass_minute(orders=FAIL, carts=FAIL, billing=FAIL)) == ["opened orders"]
    assert kinds(world.minutes(4)) == ["changed orders"]
    assert world.open("carts").part_of == world.open("orders").id


def test_one_that_is_taken_care_of_speaks_for_the_others_still(world: World) -> None:
    led(world)
    world.acknowledge("orders")
    assert world.minutes(8) == []
    told = world.pass_minute(orders=PASS)
    told += world.minutes(8)
    assert kinds(told)[:2] == ["resolved orders", "opened carts"]
    assert world.open("billing").part_of == world.open("carts").id


def test_one_that_is_named_and_taken_care_of_is_told_once_it_stands_alone(world: World) -> None:
    led(world)
    world.acknowledge("carts")
    assert world.minutes(8) == []
    acknowledged = world.open("carts").acknowledged
    assert (acknowledged and acknowledged.by) == "alice"
    told = world.pass_minute(orders=PASS, billing=PASS) + world.minutes(8)
    assert kinds(told) == ["resolved orders", "opened carts"]
    told = world.pass_minute(carts=PASS) + world.minutes(3)
    assert kinds(told) == ["resolved carts"]


def test_one_that_would_be_less_grave_by_now_speaks_as_it_began(world: World) -> None:
    """An open incident keeps the gravest that it was, so whoever hears of it goes on to."""
    led(world)
    assert world.pass_minute(orders=LIGHT, carts=FAIL) + world.minutes(8) == []
    assert world.open("orders").severity is Severity.HIGH
    assert world.open("carts").part_of == world.open("orders").id
    told = world.pass_minute(orders=PASS) + world.minutes(8)
    assert kinds(told)[:2] == ["resolved orders", "opened carts"]


def test_whose_api_leaves_while_others_are_silent(world: World) -> None:
    led(world)
    world.leave("orders")
    told = world.minutes(8)
    assert "opened carts" in kinds(told)
    assert world.open("billing").part_of == world.open("carts").id


def test_whose_api_bears_another_name_from_now_on(world: World) -> None:
    led(world)
    world.leave("orders")
    world.apis = ("shop", *world.apis)
    told = world.pass_minute(shop=FAIL) + world.minutes(12)
    [leading] = [one.split()[1] for one in kinds(told) if one.startswith("opened")]
    others = {"shop", "carts", "billing"} - {leading}
    assert {world.open(api).part_of for api in others} == {world.open(leading).id}
    assert named_by(world, leading) == others


def test_who_finds_no_place_speaks_for_itself(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(links, "_MOST_RELATED", 3)
    world.apis = tuple(f"api-{n}" for n in range(9))
    told = world.pass_minute(**dict.fromkeys(world.apis, FAIL)) + world.minutes(20)
    spoken = {one.split()[1] for one in kinds(told) if one.startswith("opened")}
    assert len(spoken) == 3
    assert spoken.union(*(named_by(world, api) for api in spoken)) == set(world.apis)
    told = world.pass_minute(**dict.fromkeys(world.apis, PASS)) + world.minutes(5)
    opened = sum(one.startswith("opened") for one in kinds(told))
    assert opened == 0


class Refusing(Inbox):
    """A channel that takes nothing of one API, of these kinds."""

    def __init__(self, error: Exception, *wanted: AnnouncementKind) -> None:
        super().__init__()
        self.error, self.wanted = error, wanted
        self.is_mended = False

    def publish(self, notice: Notice) -> None:
        spoilt = notice.incident.api == "orders" and notice.kind in self.wanted
        if spoilt and not self.is_mended:
            raise self.error
        super().publish(notice)


EXPOSED = Look(("ok",), caller=ANONYMOUS, finding=Finding.PROTECTED_ROUTE_OPEN)
REFUSED = UnacceptableError("too odd")


@pytest.mark.parametrize(
    "wanted",
    [
        (AnnouncementKind.OPENED, AnnouncementKind.CHANGED),
        (AnnouncementKind.OPENED,),
        (AnnouncementKind.CHANGED,),
    ],
    ids=["both", "opened", "changed"],
)
def test_what_is_refused_for_good_tells_of_nobody(wanted: tuple[AnnouncementKind, ...]) -> None:
    writers = Account()
    writers.inbox = Refusing(REFUSED, *wanted)
    writers.pass_minute(orders=FAIL, carts=FAIL, billing=FAIL)
    writers.minutes(14)
    named = {
        each.api
        for one in writers.inbox.notices
        for each in (one.incident, *(r for r in one.incident.related if r.until is None))
    }
    assert {"carts", "billing"} <= named
    writers.pass_minute(orders=PASS, carts=PASS, billing=PASS)
    writers.minutes(10)
    assert all(writers.table.ledger(api).is_quiet for api in writers.apis)
    assert not any(writers.table.ledger(api).given_up for api in writers.apis)


def test_a_channel_that_is_down_is_told_once_it_is_there() -> None:
    """Others would wait for the same channel: they rely on what waits in front of it."""
    writers = Account()
    writers.inbox = inbox = Refusing(
        UndeliveredError("down"), AnnouncementKind.OPENED, AnnouncementKind.CHANGED
    )
    writers.pass_minute(orders=FAIL, carts=FAIL, billing=FAIL)
    assert writers.minutes(20) == []
    inbox.is_mended = True
    told = writers.minutes(2)
    assert kinds(told) == ["opened orders", "changed orders"]
    assert writers.open("carts").part_of == writers.open("orders").id


def test_what_is_pushed_out_by_later_messages_tells_of_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gatewatch.delivery.outbox._MOST_WAITING", 1)
    writers = Account()
    writers.inbox = inbox = Refusing(UndeliveredError("down"), *AnnouncementKind)
    writers.pass_minute(orders=FAIL, carts=FAIL)
    writers.minutes(5)
    writers.pass_minute(orders=EXPOSED)
    assert writers.table.ledger("orders").given_up
    writers.minutes(8)
    inbox.is_mended = True
    assert "opened carts" in kinds([*writers.heard(), *writers.minutes(2)])

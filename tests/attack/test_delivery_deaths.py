"""Ten workers die before and after each of their calls of the outside: no message is lost, none
overtakes another of its channel, and one comes twice only where its worker died between the
channel's acceptance and the mark."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from msgspec.structs import replace

from gatewatch.config.canonical import Channel, Hook, HookKind
from gatewatch.delivery.outcome import Later, Outcome, Taken
from gatewatch.delivery.parcel import Parcel
from gatewatch.delivery.standing import Standing
from gatewatch.notices.notice import Notice
from gatewatch.service.channel_publisher import ChannelPublisher
from gatewatch.service.deliveries import Arrived, Desk, handle
from gatewatch.service.ports import Message
from gatewatch.service.published import Allowed
from tests.attack.test_deaths import Died
from tests.builders import verdict
from tests.service.test_ledger import heard, looked

NOW = datetime(2026, 11, 28, tzinfo=UTC)
WORKERS, MESSAGES = 10, 3
HOOK = Hook(kind=HookKind.WEBHOOK, url="https://hooks.example.com/in", hosts=("x:443",))


@dataclass
class Fate:
    """At which call a worker dies, and whether the call was still done; `last`: which it was."""

    at: int = -1
    is_done: bool = False
    calls: int = 0
    last: str = ""

    def meets(self, name: str, call: Callable[..., Any], *given: Any, **named: Any) -> Any:
        self.calls += 1
        if self.calls - 1 != self.at:
            return call(*given, **named)
        self.last = name
        if self.is_done:
            call(*given, **named)
        raise Died


class Mortal:
    def __init__(self, port: object, fate: Fate) -> None:
        self._port, self._fate = port, fate

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        return lambda *given, **named: self._fate.meets(name, found, *given, **named)


@dataclass
class Table:
    known: dict[str, Standing] = field(default_factory=dict)
    waiting: dict[str, set[str]] = field(default_factory=dict)
    delivered: set[str] = field(default_factory=set)

    def standing(self, channel: str) -> Standing:
        return self.known.get(channel, Standing(channel=channel))

    def set_standing(self, after: Standing, *, done: str | None = None) -> None:
        self.known[after.channel] = after
        self.waiting.setdefault(after.channel, set()).discard(done or "")

    def add_waiting(self, channel: str, message: str) -> None:
        self.waiting.setdefault(channel, set()).add(message)

    def is_delivered(self, message: str) -> bool:
        return message in self.delivered

    def set_delivered(self, message: str) -> None:
        self.delivered.add(message)


@dataclass
class Lane:
    """A queue that keeps order, and takes each message once."""

    left: list[Message] = field(default_factory=list)
    known: set[str] = field(default_factory=set)

    def send(self, messages: list[Message]) -> None:
        for one in messages:
            if one.once not in self.known:
                self.known.add(one.once)
                self.left.append(one)


@dataclass
class Channelled:
    """One channel that refuses the first message once, and its worker."""

    name: str
    fate: Fate
    table: Table = field(default_factory=Table)
    lane: Lane = field(default_factory=Lane)
    dead: Lane = field(default_factory=Lane)
    got: list[str] = field(default_factory=list)
    tries: int = 0

    @property
    def channel(self) -> Channel:
        return Channel(name=self.name, hook=HOOK)

    def give(self, parcel: Parcel) -> Outcome:
        self.tries += 1
        if self.tries == 1:
            return Later(because="answered 503")
        self.got.append(parcel.id)
        return Taken()

    def hand_on(self, notices: list[Notice]) -> None:
        """As the writer, which hands on again what it does not know to be sent."""
        mortal: Any = Mortal(self.table, self.fate)
        queue: Any = Mortal(self.lane, self.fate)
        nobody: Any = None
        publisher = ChannelPublisher(nobody, nobody, queue, mortal, lambda: NOW)
        for one in notices:
            while not _lives(partial(publisher.publish, one)):
                pass

    def deliver(self) -> None:
        """What was not done comes again, before the next of its lane."""
        tries = 0
        while self.lane.left:
            tries += 1
            arrived = Arrived(body=self.lane.left[0].body.decode(), since=NOW, tries=tries)
            if self._is_done(arrived):
                self.lane.left.pop(0)
                tries = 0

    def _is_done(self, arrived: Arrived) -> bool:
        table: Any = Mortal(self.table, self.fate)
        dead: Any = Mortal(self.dead, self.fate)
        desk = Desk(
            allowed=Allowed(hooks={self.name: HOOK}),
            table=table,
            give=lambda parcel: self.fate.meets("give", self.give, parcel),
            dead=dead,
            now=NOW + timedelta(seconds=arrived.tries),
        )
        try:
            return handle(arrived, desk).again_seconds is None
        except Died:
            return False


def _lives(work: Callable[[], object]) -> bool:
    try:
        work()
    except Died:
        return False
    return True


def _notices(channel: Channel) -> list[Notice]:
    [one] = heard(looked(verdict())).outbox
    return [
        replace(one, message_id=f"{channel.key} {number}", channel=channel.key, via=channel)
        for number in range(MESSAGES)
    ]


def _story(fate: Callable[[], Fate]) -> list[Channelled]:
    workers = [Channelled(f"channel {number}", fate()) for number in range(WORKERS)]
    for one in workers:
        one.hand_on(_notices(one.channel))
        one.deliver()
    return workers


def test_the_story_without_a_death() -> None:
    for one in _story(Fate):
        assert one.got == [notice.message_id for notice in _notices(one.channel)]
        assert one.fate.calls > 20


@pytest.mark.parametrize("is_done", [False, True], ids=["before", "after"])
def test_ten_workers_die_at_each_call(is_done: bool) -> None:
    calls = max(one.fate.calls for one in _story(Fate))
    doubled = set()
    for at in range(calls):
        for one in _story(partial(Fate, at, is_done)):
            wanted = [notice.message_id for notice in _notices(one.channel)]
            assert list(dict.fromkeys(one.got)) == wanted, one.fate
            assert one.dead.left == []
            assert one.table.waiting[one.name] == set()
            assert one.table.standing(one.name).delivered_at is not None
            if len(one.got) > len(wanted):
                doubled.add((one.fate.last, is_done))
    unmarked = ("give", True) if is_done else ("set_delivered", False)
    assert doubled == {unmarked}

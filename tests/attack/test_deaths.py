"""Deaths at every call of dispatch, probe and writer, messages that cannot be read, and pointers
that point nowhere: nothing is lost, and what is said twice has the same id."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import boto3
import msgspec
import pytest
from bench.scale.memory import Bucket, CountingTable, Inbox, Lanes

from gatewatch.adapters.aws.published import PublishedApis
from gatewatch.config.author import load
from gatewatch.config.canonical import Config, SecretRef
from gatewatch.probe.credentials import Keyring
from gatewatch.probe.prober import Prober
from gatewatch.probe.resolve import Resolver
from gatewatch.probe.vault import Vault
from gatewatch.service.dispatch import dispatch
from gatewatch.service.incidents import handle_wake_up
from gatewatch.service.ports import Message
from gatewatch.service.probe import probe
from gatewatch.service.published import Allowed, encoded, pointer_to
from gatewatch.service.shards import Shard
from gatewatch.service.source import Holding
from gatewatch.service.wake_up import WakeUp
from handlers import incidents as writers
from handlers import probe as probes
from tests.deployed import CONFIG, KEY, START, Account, Gateway

NETWORKS = ("127.0.0.0/8",)


class Died(BaseException):
    """Nothing catches the end of a process."""


@dataclass
class Fate:
    """At which call of the outside a process dies, and whether the call was still done."""

    at: int = -1
    is_done: bool = False
    calls: int = 0

    def meets(self, call: Callable[..., Any], *given: Any, **named: Any) -> Any:
        self.calls += 1
        if self.calls - 1 != self.at:
            return call(*given, **named)
        if self.is_done:
            call(*given, **named)
        raise Died


class Mortal:
    """A port at which a process may die."""

    def __init__(self, port: object, fate: Fate) -> None:
        self._port = port
        self._fate = fate

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        return lambda *given, **named: self._fate.meets(found, *given, **named)


@dataclass
class Service:
    """Dispatch, probe and writer with ports that pack what they keep as DynamoDB does. A message
    whose worker died comes again."""

    gateway: Gateway
    fate: Fate
    inbox: Inbox = field(default_factory=Inbox)
    minute: int = 0

    def __post_init__(self) -> None:
        self.config: Config = load(CONFIG % {"place": self.gateway.place}, "test")
        body = encoded(self.config)
        self._bucket, self._key = Bucket(), pointer_to(body).key
        self._bucket.objects = {self._key: body}
        self._lanes = Lanes(), Lanes()
        self._table = Mortal(CountingTable(), self.fate)
        self._work, self._changes = (Mortal(one, self.fate) for one in self._lanes)

    def current(self) -> tuple[Holding, None]:
        return Holding(self.config, self._key, Allowed(networks=NETWORKS)), None

    def now(self) -> datetime:
        return START + timedelta(minutes=self.minute)

    def minutes(self, count: int) -> None:
        for _ in range(count):
            self.minute += 1
            self._lives(self._dispatched)
            for lane, worked in zip(self._lanes, (self._probed, self._answered), strict=True):
                self._worked(lane, worked)

    def _worked(self, lane: Lanes, work: Callable[[Message], object]) -> None:
        for one in [each for some in lane.taken().values() for each in some]:
            if not self._lives(work, one):
                assert self._lives(work, one), "it dies once"

    def _lives(self, work: Callable[..., object], *given: object) -> bool:
        try:
            work(*given)
        except Died:
            return False
        return True

    def _dispatched(self) -> None:
        dispatch(self.now(), self, self._table, self._work, self._changes)  # type: ignore[arg-type]

    def _probed(self, message: Message) -> None:
        shard = msgspec.json.decode(message.body, type=Shard)
        keyring = Keyring(shard.credentials, Vault(_read, self, networks=NETWORKS))
        prober = Prober(keyring, self, resolver=Resolver(networks=shard.networks))
        try:
            probe(shard, self, prober, self._table, self._changes)  # type: ignore[arg-type]
        finally:
            prober.close()

    def _answered(self, message: Message) -> None:
        call = msgspec.json.decode(message.body, type=WakeUp)
        channel = Mortal(self.inbox, self.fate)
        find = PublishedApis(self._bucket).find
        handle_wake_up(call, self._table, channel, find, self.now())  # type: ignore[arg-type]

    def story(self) -> list[tuple[str, str]]:
        """Opened and resolved, with what each message is known by."""
        self.minutes(1)
        self.gateway.broken = {"/items"}
        self.minutes(3)
        self.gateway.broken = set()
        self.minutes(4)
        return [(one.kind, one.message_id) for one in self.inbox.notices]


def _read(_: SecretRef) -> str:
    return KEY


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    found = Gateway()
    yield found
    found.close()


@pytest.mark.parametrize("is_done", [False, True], ids=["before", "after"])
def test_a_death_at_any_call_loses_nothing_and_repeats_only_the_same_id(
    gateway: Gateway, is_done: bool
) -> None:
    whole = Fate()
    told = Service(gateway, whole).story()
    assert [kind for kind, _ in told] == ["opened", "resolved"]
    assert whole.calls > 50
    lost, doubled = [], 0
    for at in range(whole.calls):
        found = Service(gateway, Fate(at, is_done)).story()
        kinds = [kind for kind, _ in dict.fromkeys(found)]
        doubled += len(found) - len(kinds)
        if kinds != ["opened", "resolved"]:
            lost.append((at, found))
    assert lost == []
    assert doubled <= 2, "only where the channel had accepted it, and that was not noted yet"


POISONS = (
    "",
    " ",
    "{}",
    "[]",
    "null",
    "1e999",
    '"text"',
    "{",
    '{"at": "yesterday"}',
    '{"api": null}',
    '{"api": "orders", "at": "2026-11-22T09:00:00+00:00", "about": {}, "more": 1}',
    "\ud7ff" * 10,
    "[" * 10_000,
    '{"api": "' + "x" * 100_000,
)


def _poison(url: str) -> int:
    for number, body in enumerate(POISONS):
        boto3.client("sqs").send_message(
            QueueUrl=url,
            MessageBody=body or "-",
            MessageGroupId=f"poison-{number}",
            MessageDeduplicationId=f"poison-{number}",
        )
    return len(POISONS)


def test_poisoned_messages_stop_no_other(account: Account) -> None:
    account.gateway.broken.add("/items")
    account.minutes(1)
    account.dispatch()
    assert _poison(account.work) == account.drain(account.work, probes.handler)
    assert _poison(account.changes) == account.drain(account.changes, writers.handler)
    assert [kind for kind, _ in account.said()] == ["opened"]


POINTERS = (
    b"",
    b"{}",
    b"null",
    b"\xff\xfe",
    b'{"version": "1", "key": "config/versions/none.json"}',
    b'{"version": "../../allowed", "key": "config/allowed.json"}',
    b'{"version": "1", "key": ""}',
    b'{"version": 1, "key": ["x"]}',
)


def test_a_pointer_that_points_nowhere_leaves_the_last_good_version(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    account.minutes(1)
    for bad in POINTERS:
        account.objects.write("config/current.json", bad)
        capsys.readouterr()
        account.cool_down()
        assert account.dispatch()["due"] == 3
        assert '"ConfigRejected":[1.0]' in capsys.readouterr().out

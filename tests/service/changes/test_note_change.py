"""From an event to looks at once and to what on-call is told, through the deployed service."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import boto3
import pytest
from bench.scale.memory import CountingTable
from botocore.client import BaseClient
from msgspec.structs import replace

from gatewatch.adapters.aws.dynamodb import DynamoTable
from gatewatch.config.author import load
from gatewatch.service import at_once
from gatewatch.service.changes import note_change
from gatewatch.service.changes.deployed import DeployedApi, Rounds
from gatewatch.service.changes.note_change import Noted
from gatewatch.service.errands import Errand, ErrandKind
from gatewatch.service.ports import ChangeTable, OvertakenError
from handlers import dispatch as dispatches
from handlers import incidents as writers
from handlers import probe as probes
from tests.deployed import CONFIG, START, Account, Context, table, tick
from tests.service.changes.api_events import EVENTS, SECRETS, UNMOVED, event, rest_deployment

NAMED = CONFIG.replace("owner:", "api_id: abc123\n    owner:")
SELDOM = NAMED.replace("owner:", "every: 3h\n    anonymous_every: 3h\n    owner:")
ALL = {"/prod/health", "/prod/orders", "/prod/items"}
BLAMED = "CreateDeployment dep123 of stage prod at 2026-11-22T09:00:10Z by role/deployer"


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def deployed_at(seconds: float, made: str = "dep123") -> dict[str, Any]:
    return rest_deployment(at(seconds).strftime("%Y-%m-%dT%H:%M:%SZ"), made)


@dataclass
class Deploying:
    """A deployed service whose API is deployed as well."""

    account: Account
    text: str = NAMED
    asked: list[set[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        known = dict.fromkeys(("partner", "anonymous"), ("abc123",))
        self.account.allowed = replace(self.account.allowed, api_ids=known)
        self.account.deploy()
        self.account.publish(self.text % {"place": self.account.gateway.place})

    def note(self, found: object, seconds: float = 15) -> Noted:
        config = load(self.text % {"place": self.account.gateway.place}, "test")
        return note_change.note_change(found, config, self.account.table, at(seconds))

    def minutes(self, count: int = 1) -> list[set[str]]:
        """The paths at which each minute's looks were."""
        found = []
        for _ in range(count):
            self.account.gateway.asked.clear()
            self.account.minutes()
            found.append(set(self.account.gateway.asked))
        return found


def test_an_api_that_breaks_with_its_deployment_is_told_two_minutes_later(
    account: Account,
) -> None:
    deploying = Deploying(account)
    assert deploying.note(deployed_at(10)) == Noted(("orders",))
    account.gateway.broken.add("/items")
    account.minutes()
    assert account.messages() == []
    account.minutes()
    [opened] = account.messages()
    assert (opened["kind"], opened["at"]) == ("opened", tick(2))
    assert opened["incident"]["preceded_by"] == BLAMED
    account.gateway.broken.clear()
    account.minutes(2)
    [resolved] = account.messages()
    assert (resolved["kind"], resolved["incident"]["preceded_by"]) == ("resolved", BLAMED)
    [filed] = account.table.filed()
    assert filed.preceded_by == BLAMED


def test_a_deployment_brings_two_rounds_of_every_look_whatever_the_interval(
    account: Account,
) -> None:
    deploying = Deploying(account, SELDOM)
    deploying.note(deployed_at(10))
    assert deploying.minutes(4) == [ALL, ALL, set(), set()]


def test_an_incident_is_opened_by_these_looks_alone(account: Account) -> None:
    deploying = Deploying(account, SELDOM)
    account.gateway.broken.add("/items")
    deploying.note(deployed_at(10))
    account.minutes(2)
    assert [one["incident"]["preceded_by"] for one in account.messages()] == [BLAMED]


def test_mixed_answers_of_the_first_half_minute_are_not_looked_at(account: Account) -> None:
    deploying = Deploying(account, SELDOM)
    deploying.note(deployed_at(30), 32)
    assert deploying.minutes(4) == [set(), ALL, ALL, set()]


def test_forty_calls_in_a_minute_bring_the_same_two_rounds(account: Account) -> None:
    deploying = Deploying(account, SELDOM)
    names = ("PutMethod", "PutIntegration", "UpdateStage", "UpdateGatewayResponse")
    for number in range(40):
        moment = at(number * 1.5).strftime("%Y-%m-%dT%H:%M:%SZ")
        call = event(names[number % 4], {"restApiId": "abc123"}, at=moment)
        assert deploying.note(call, number * 1.5 + 2).apis == ("orders",)
    deploying.note(deployed_at(10), 65)
    assert _items(account, "change") == ["orders"]
    assert _items(account, "errand") == []
    assert deploying.minutes(5) == [set(), ALL, ALL, set(), set()]
    [known] = account.table.deployed_apis().values()
    assert len(known.deployments) == 1


def _items(account: Account, partition: str) -> list[str]:
    found = boto3.client("dynamodb").scan(TableName=account.table._name)["Items"]
    return [one["sk"]["S"] for one in found if one["pk"]["S"] == partition]


def test_nothing_secret_of_an_event_is_stored(account: Account) -> None:
    deploying = Deploying(account)
    for one in EVENTS.values():
        deploying.note(one)
    deploying.minutes(2)
    stored = repr(boto3.client("dynamodb").scan(TableName=account.table._name)["Items"])
    assert "role/deployer" in stored
    assert [one for one in SECRETS if one in stored] == []


def test_what_failed_before_the_deployment_is_not_blamed_on_it(account: Account) -> None:
    deploying = Deploying(account)
    account.gateway.broken.add("/items")
    account.minutes()
    deploying.note(deployed_at(70), 80)
    account.minutes()
    [opened] = account.messages()
    assert opened["incident"]["preceded_by"] is None
    account.minutes(2)
    [still_open] = account.table.open_incidents()
    assert still_open.preceded_by is None


def test_an_event_that_comes_after_the_incident_is_named_all_the_same(account: Account) -> None:
    deploying = Deploying(account)
    account.gateway.broken.add("/items")
    account.minutes(2)
    assert [one["incident"]["preceded_by"] for one in account.messages()] == [None]
    deploying.note(deployed_at(10), 170)
    account.minutes(2)
    [known] = account.table.open_incidents()
    assert known.preceded_by == BLAMED
    account.gateway.broken.clear()
    account.minutes(2)
    assert [one["incident"]["preceded_by"] for one in account.messages()] == [BLAMED]


def test_half_an_hour_later_it_is_another_story(account: Account) -> None:
    deploying = Deploying(account)
    deploying.note(deployed_at(10))
    account.minutes(30)
    account.gateway.broken.add("/items")
    account.minutes(2)
    assert [one["incident"]["preceded_by"] for one in account.messages()] == [None]


def test_the_last_deployment_before_the_failure_is_named(account: Account) -> None:
    deploying = Deploying(account)
    for seconds, made in ((10, "dep1"), (50, "dep2"), (130, "dep3")):
        deploying.note(deployed_at(seconds, made), 140)
    account.minutes()
    account.gateway.broken.add("/items")
    account.minutes(2)
    [opened] = account.messages()
    assert opened["incident"]["preceded_by"].startswith("CreateDeployment dep2 ")


def test_what_is_paused_is_not_looked_at(account: Account) -> None:
    deploying = Deploying(account, SELDOM)
    pause = Errand(id="a" * 32, kind=ErrandKind.PAUSE, at=tick(0), by="user/alice", until=tick(3))
    account.table.add_errand(pause)
    deploying.note(deployed_at(10))
    assert deploying.minutes(5) == [set(), set(), ALL, ALL, set()]


def test_people_who_ask_are_served_first_and_the_rest_in_turn(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(at_once, "MOST_AT_ONCE", 2)
    deploying = Deploying(account, SELDOM)
    deploying.note(deployed_at(10))
    account.table.add_errand(
        Errand(
            id="b" * 32,
            kind=ErrandKind.LOOKS,
            at=tick(0),
            by="user/bob",
            apis=("orders",),
            route="GET /items",
        )
    )
    first, health = {"/prod/health", "/prod/items"}, "/prod/health"
    assert deploying.minutes(6) == [
        first,
        {"/prod/orders", "/prod/items"},
        {health, "/prod/orders"},
        {"/prod/items"},
        set(),
        set(),
    ]
    answer = account.table.answer("b" * 32)
    assert answer is not None
    assert answer.refused is None
    assert len(account.table.looked(answer.tick or "")) == answer.shards


def test_a_repeated_tick_deals_out_the_same(account: Account) -> None:
    """The queue drops what it had before."""
    deploying = Deploying(account, SELDOM)
    deploying.note(deployed_at(10))
    account.gateway.asked.clear()
    account.dispatch()
    dispatches.handler({"time": tick(1)}, Context())
    account.drain(account.work, probes.handler)
    assert account.gateway.asked.count("/prod/health") == 1
    assert deploying.minutes(2) == [ALL, set()]


def test_a_tick_that_cannot_read_or_note_them_looks_all_the_same_and_fails(
    account: Account, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    deploying = Deploying(account, NAMED.replace("GET /items: {", "GET /items: {every: 3h, "))
    deploying.note(deployed_at(10))
    with monkeypatch.context() as patch:
        patch.setattr(DynamoTable, "deployed_apis", _denied)
        assert _failing_minute(account) == SOME
    with monkeypatch.context() as patch:
        patch.setattr(DynamoTable, "set_rounds", _denied)
        assert _failing_minute(account) == ALL
    assert caplog.messages.count("dispatch_step_failed") == 2
    assert deploying.minutes(3) == [ALL, ALL, SOME]


SOME = {"/prod/health", "/prod/orders"}


def _failing_minute(account: Account) -> set[str]:
    """At which paths are its looks: the function fails, so that its alarm rings."""
    account.gateway.asked.clear()
    with pytest.raises(RuntimeError, match="denied"):
        account.dispatch()
    account.drain(account.work, probes.handler)
    tick_of_table = account.table.tick()
    assert tick_of_table is not None
    assert tick_of_table.at == tick(account._minute)
    return set(account.gateway.asked)


def _denied(*_: object) -> Any:
    raise RuntimeError("denied")


def test_a_wrong_clock_of_who_notes_changes_nothing(account: Account) -> None:
    deploying = Deploying(account, SELDOM)
    for seconds in (-7200, 7200):
        deploying.note(deployed_at(10), seconds)
    assert deploying.minutes(4) == [ALL, ALL, set(), set()]


def test_a_note_from_the_future_hides_no_deployment(account: Account) -> None:
    deploying = Deploying(account, SELDOM)
    deploying.note(deployed_at(86_400, "wrong"), 5)
    assert deploying.minutes() == [set()]
    deploying.note(deployed_at(70), 80)
    account.gateway.broken.add("/items")
    assert deploying.minutes(3) == [ALL, ALL, set()]
    assert [one["incident"]["preceded_by"] for one in account.messages()] == [
        BLAMED.replace("09:00:10", "09:01:10")
    ]


UNCONCERNED = {
    **{
        name: (found, "it is no event of a call that changed what callers get")
        for name, found in UNMOVED.items()
    },
    "no event": (None, "it is no event of a call that changed what callers get"),
    "another API": (
        event("PutRestApi", {"restApiId": "zzz999"}),
        "PutRestApi concerns none of the configured APIs",
    ),
    "an API key": (
        EVENTS["UpdateApiKey"],
        "UpdateApiKey concerns none of the configured APIs",
    ),
}


@pytest.mark.parametrize(("found", "because"), UNCONCERNED.values(), ids=UNCONCERNED)
def test_what_concerns_no_api_is_said(found: object, because: str) -> None:
    config = load(NAMED % {"place": "127.0.0.1:1"}, "test")
    memory = CountingTable()
    assert note_change.note_change(found, config, memory, START) == Noted((), because)
    assert memory.deployed_apis() == {}


def test_an_event_without_a_time_is_of_now() -> None:
    config = load(NAMED % {"place": "127.0.0.1:1"}, "test")
    memory = CountingTable()
    found = event("PutRestApi", {"restApiId": "abc123"}, at="soon")
    assert note_change.note_change(found, config, memory, START).apis == ("orders",)
    assert memory.deployed("orders").deployments[0].at == START.isoformat()


@pytest.fixture(params=["in memory", "DynamoDB"])
def kept(request: pytest.FixtureRequest, aws: None) -> Any:
    return CountingTable() if request.param == "in memory" else table()


def test_a_table_keeps_deployments_and_rounds_apart(kept: Any) -> None:
    config = load(NAMED % {"place": "127.0.0.1:1"}, "test")
    assert kept.deployed("orders") == DeployedApi(api="orders")
    assert kept.deployed_apis() == {}
    note_change.note_change(deployed_at(10), config, kept, START)
    before = kept.deployed("orders")
    rounds = Rounds(of=before.deployments[-1].ended, tick=tick(1), first=0, next=3)
    kept.set_rounds("orders", rounds)
    note_change.note_change(deployed_at(80, "dep124"), config, kept, START)
    after = kept.deployed_apis()["orders"]
    assert after == kept.deployed("orders")
    assert after.rounds == rounds
    assert [one.what for one in after.deployments] == [
        "CreateDeployment dep123",
        "CreateDeployment dep124",
    ]
    with pytest.raises(OvertakenError):
        kept.save_deployed(before)


def test_rounds_of_an_item_that_has_expired_make_none(aws: None) -> None:
    empty = table()
    empty.set_rounds("orders", Rounds(of=tick(0), tick=tick(1), first=0, next=3))
    assert empty.deployed_apis() == {}


def test_an_item_that_holds_anything_else_is_written_anew(aws: None) -> None:
    config = load(NAMED % {"place": "127.0.0.1:1"}, "test")
    spoilt = table()
    boto3.client("dynamodb").put_item(
        TableName=spoilt._name,
        Item={"pk": {"S": "change"}, "sk": {"S": "orders"}, "rounds": {"B": b"x"}},
    )
    assert spoilt.deployed_apis() == {"orders": DeployedApi(api="orders")}
    note_change.note_change(deployed_at(10), config, spoilt, START)
    assert len(spoilt.deployed("orders").deployments) == 1


class Meanwhile(CountingTable):
    """Others write between each reading and writing, `times` often."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    def save_deployed(self, after: DeployedApi) -> None:
        if self.times:
            self.times -= 1
            super().save_deployed(super().deployed(after.api))
        super().save_deployed(after)


def test_who_is_overtaken_begins_anew() -> None:
    config = load(NAMED % {"place": "127.0.0.1:1"}, "test")
    busy: ChangeTable = Meanwhile(5)
    note_change.note_change(deployed_at(10), config, busy, START)
    assert len(busy.deployed("orders").deployments) == 1
    with pytest.raises(OvertakenError):
        note_change.note_change(deployed_at(200), config, Meanwhile(1000), START)


def test_a_burst_is_few_writes() -> None:
    config = load(NAMED % {"place": "127.0.0.1:1"}, "test")
    memory = CountingTable()
    for _ in range(100):
        note_change.note_change(deployed_at(10), config, memory, START)
    assert memory.used["write calls"] == 1


def test_what_it_asks_of_the_table_is_two_verbs_on_one_partition(
    aws: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = load(NAMED % {"place": "127.0.0.1:1"}, "test")
    kept = table()
    used = set[tuple[str, str]]()
    call = BaseClient._make_api_call

    def noting(client: Any, operation: str, given: Any) -> Any:
        used.add((operation, given["Key"]["pk"]["S"]))
        return call(client, operation, given)

    monkeypatch.setattr(BaseClient, "_make_api_call", noting)
    for seconds in (10, 80):
        note_change.note_change(deployed_at(seconds), config, kept, START)
    assert used == {("GetItem", "change"), ("UpdateItem", "change")}


def test_a_writer_is_told_by_whichever_call_knows_of_it(account: Account) -> None:
    """A shard's call may come before the sweep, or be lost."""
    deploying = Deploying(account)
    deploying.note(deployed_at(10))
    account.gateway.broken.add("/items")
    account.minutes()
    account.dispatch()
    account.drain(account.work, probes.handler)
    account.drain(account.changes, lambda *_: {"batchItemFailures": []})
    account.dispatch()
    account.drain(account.changes, writers.handler)
    assert [one["incident"]["preceded_by"] for one in account.messages()] == [BLAMED]

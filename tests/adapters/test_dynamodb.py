"""What the service remembers in DynamoDB: what is written at once, and what must not be undone."""

from __future__ import annotations

from typing import Any

import boto3
import msgspec
import pytest
from msgspec.structs import replace

from gatewatch.adapters.aws.dynamodb import DynamoTable
from gatewatch.adapters.aws.items import ThrottledError, batch
from gatewatch.config.canonical import Channel
from gatewatch.delivery.outbox import notice
from gatewatch.incidents.announce import Announcement, AnnouncementKind
from gatewatch.incidents.links import Claim, Link
from gatewatch.incidents.track import Patience
from gatewatch.model import Finding, Outcome, Severity
from gatewatch.service.ledger import Ledger, pack_ledger
from gatewatch.service.ports import ApiRecord, OvertakenError
from gatewatch.service.state_slices import Slice, advance, slice_name
from tests.builders import verdict
from tests.deployed import table, tick
from tests.service.test_ledger import heard, looked

WEAKENED = Finding.GUARD_WEAKENED
PATIENT = {f"GET /{n}": Patience(1, 1) for n in range(40)} | {"GET /x": Patience(1, 1)}


@pytest.fixture
def store(aws: None) -> DynamoTable:
    return table()


def failing(at: str, before: Slice | None = None, route: str = "GET /x") -> Slice:
    start = before or Slice(api="orders", name="1-0")
    return advance(start, [verdict(route=route)], PATIENT, at)


def test_a_slice_comes_back_as_it_was_kept(store: DynamoTable) -> None:
    kept = failing(tick(1))
    store.save(kept)
    [found] = store.some("orders", ["1-0"])
    assert found == replace(kept, version=1)


def test_a_slice_that_another_wrote_meanwhile_is_not_overwritten(store: DynamoTable) -> None:
    mine, theirs = failing(tick(1)), failing(tick(2))
    store.save(theirs)
    with pytest.raises(OvertakenError):
        store.save(mine)
    assert store.all("orders")[0].states == theirs.states


def test_an_incident_of_a_whole_api_is_kept_and_filed(store: DynamoTable) -> None:
    """3,000 routes, each called by two, and a message to each of ten channels that waits."""
    [one] = heard(looked(verdict())).open
    members = tuple(
        replace(one.members[0], route=f"GET /v{n % 7}/resource-{n * 7919}/{{id}}", caller=caller)
        for n in range(3_000)
        for caller in ("anonymous", "user")
    )
    large = replace(one, members=members)
    ten = (Channel(topic=f"arn:aws:sns:eu-west-1:111122223333:t{n}") for n in range(10))
    told = Announcement(kind=AnnouncementKind.OPENED, at=tick(1), incident=large)
    outbox = tuple(notice(told, one) for one in ten)
    ledger = store.save_ledger(Ledger(api="orders", incidents=(large,), outbox=outbox))
    store.file(large)
    assert len(pack_ledger(ledger)) < 400_000
    found = store.ledger("orders")
    assert [each.incident.members for each in found.outbox] == [members] * 10
    assert list(store.filed(large.id)) == [large]


def test_an_incident_that_was_filed_as_text_is_read(store: DynamoTable) -> None:
    [one] = heard(looked(verdict())).open
    document = {"S": msgspec.json.encode(one).decode()}
    item = {"pk": {"S": "incident"}, "sk": {"S": one.id}, "document": document}
    boto3.client("dynamodb").put_item(TableName=store._name, Item=item)
    assert list(store.filed()) == [one]


def test_what_the_writer_has_heard_survives_a_write_of_the_states(store: DynamoTable) -> None:
    store.save(failing(tick(1)))
    [read] = store.some("orders", ["1-0"])
    store.set_heard(read, read.news[0].number)
    store.save(advance(read, [verdict(Outcome.PASS)], PATIENT, tick(2)))
    [found] = store.all("orders")
    assert [one.transition.turn for one in found.news] == ["recovered"]


def test_what_was_heard_of_a_slice_that_is_gone_leaves_nothing(store: DynamoTable) -> None:
    store.save(failing(tick(1)))
    [read] = store.some("orders", ["1-0"])
    key = {"pk": {"S": "api#orders"}, "sk": {"S": "state#1-0"}}
    boto3.client("dynamodb").delete_item(TableName=store._name, Key=key)
    store.set_heard(read, read.news[0].number)
    assert store.all("orders") == []
    store.save(failing(tick(2)))
    assert [one.version for one in store.all("orders")] == [1]


def test_an_item_without_states_stops_no_writer(store: DynamoTable) -> None:
    """The version of before could leave one."""
    item = {"pk": {"S": "api#orders"}, "sk": {"S": "state#1-0"}, "heard": {"N": "7"}}
    boto3.client("dynamodb").put_item(TableName=store._name, Item=item)
    assert store.all("orders") == []
    [empty] = store.some("orders", ["1-0"])
    assert (empty.states, empty.version) == ((), 0)
    store.save(failing(tick(1)))
    assert [len(one.states) for one in store.all("orders")] == [1]


class _Throttled:
    """A table that reads one item of each batch, until it reads none."""

    def __init__(self, store: DynamoTable, reads: int) -> None:
        self._client = boto3.client("dynamodb")
        self._name = store._name
        self._reads = reads

    def batch_get_item(self, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803
        keys = RequestItems[self._name]["Keys"]
        read = keys[:1] if self._reads else []
        self._reads -= len(read)
        found = [self._client.get_item(TableName=self._name, Key=key)["Item"] for key in read]
        left = {self._name: {"Keys": keys[len(read) :]}} if keys[len(read) :] else {}
        return {"Responses": {self._name: found}, "UnprocessedKeys": left}


def _kept(store: DynamoTable, count: int) -> list[dict[str, Any]]:
    keys = [{"pk": {"S": "x"}, "sk": {"S": f"{n}"}} for n in range(count)]
    for key in keys:
        boto3.client("dynamodb").put_item(TableName=store._name, Item=key)
    return keys


def test_a_table_that_reads_too_little_is_given_time(store: DynamoTable) -> None:
    keys = _kept(store, 5)
    waited: list[float] = []
    found = list(batch(_Throttled(store, 5), store._name, keys, waited.append))
    assert sorted(item["sk"]["S"] for item in found) == ["0", "1", "2", "3", "4"]
    assert waited == [0.05, 0.1, 0.2, 0.4]


def test_a_table_that_reads_nothing_is_given_up(store: DynamoTable) -> None:
    keys = _kept(store, 5)
    waited: list[float] = []
    with pytest.raises(ThrottledError, match="left 3 items unread"):
        list(batch(_Throttled(store, 2), store._name, keys, waited.append))
    assert len(waited) == 8
    assert sum(waited) < 15


def test_states_move_when_an_api_is_cut_into_more_slices(store: DynamoTable) -> None:
    routes = [f"GET /{n}" for n in range(40)]
    whole = advance(
        Slice(api="orders", name="1-0"), [verdict(route=one) for one in routes], PATIENT, tick(1)
    )
    store.save(whole)
    names = sorted({slice_name(one, 8) for one in routes})
    cut = store.some("orders", names)
    assert sorted(one.name for one in cut) == names
    assert {state.key for one in cut for state in one.states} == {one.key for one in whole.states}
    assert all(slice_name(state.route, 8) == one.name for one in cut for state in one.states)


def test_more_slices_are_read_than_one_call_carries(store: DynamoTable) -> None:
    names = [f"128-{n}" for n in range(128)]
    for name in names:
        store.save(Slice(api="orders", name=name))
    assert sorted(one.name for one in store.some("orders", names)) == sorted(names)


def test_an_api_is_recorded_piece_by_piece(store: DynamoTable) -> None:
    store.add_let_in("orders", ["https://a", "https://b"])
    store.add_let_in("orders", ["https://a"])
    store.latch("orders", "POST /x", "https://a", WEAKENED)
    store.add_news("orders")
    store.set_swept("orders", "digest")
    assert store.records() == {
        "orders": ApiRecord(
            api="orders",
            let_in=frozenset({"https://a", "https://b"}),
            latched={("POST /x", "https://a"): WEAKENED},
            news=1,
            swept="digest",
        )
    }


def test_a_latch_of_the_version_before_is_read_and_released(store: DynamoTable) -> None:
    store._record("orders", "ADD latched :v", v={"SS": ["POST /x\nhttps://a"]})
    open_ = Finding.PROTECTED_ROUTE_OPEN
    assert store.records()["orders"].latched == {("POST /x", "https://a"): open_}
    assert store.release("orders", "POST /x") == 1
    assert store.records()["orders"].latched == {}


def test_a_latched_write_is_released_at_every_entrance(store: DynamoTable) -> None:
    for entrance in ("https://a", "https://b"):
        store.latch("orders", "POST /x", entrance, WEAKENED)
    store.latch("orders", "POST /y", "https://a", WEAKENED)
    assert store.release("orders", "POST /x") == 2
    assert store.release("orders", "POST /x") == 0
    assert store.records()["orders"].latched == {("POST /y", "https://a"): WEAKENED}


def test_news_that_came_meanwhile_stay(store: DynamoTable) -> None:
    store.add_news("orders")
    store.add_news("orders")
    store.clear_news("orders", 1)
    assert store.records()["orders"].news == 2
    store.clear_news("orders", 2)
    assert store.records()["orders"].news == 0


def test_a_ledger_is_written_by_one_at_a_time(store: DynamoTable) -> None:
    first = store.save_ledger(Ledger(api="orders", heard={"1-0": 7}))
    assert store.ledger("orders") == first
    store.save_ledger(replace(first, heard={"1-0": 8}))
    with pytest.raises(OvertakenError):
        store.save_ledger(first)


def test_every_item_that_is_written_again_and_again_expires(store: DynamoTable) -> None:
    store.save(failing(tick(1)))
    store.save_ledger(Ledger(api="orders"))
    rows = boto3.client("dynamodb").scan(TableName=store._name)["Items"]
    assert all(int(row["expires"]["N"]) > 1_700_000_000 for row in rows)
    assert len(rows) == 2


def test_the_good_configuration_is_remembered(store: DynamoTable) -> None:
    assert store.good_version() is None
    store.set_good_version("config/versions/a.json")
    assert store.good_version() == "config/versions/a.json"


def test_links_are_found_by_their_credential_until_they_are_removed(store: DynamoTable) -> None:
    scopes = ("credential user", "credential user", "credential user + key", "credential use")
    links = [Link(scope=scope, api=f"api#{n}", incident=f"I{n}") for n, scope in enumerate(scopes)]
    for one in [*links, *links]:
        store.link(one)
    assert store.links("credential user") == links[:2]
    store.unlink(links[0])
    store.unlink(links[0])
    assert store.links("credential user") == links[1:2]
    longer = msgspec.structs.replace(links[1], part_of="I0")
    store.link(longer)
    assert store.links("credential user") == [longer]


def test_of_two_that_claim_a_credential_the_first_keeps_it_until_it_is_taken_over(
    store: DynamoTable,
) -> None:
    one, other = (
        Claim(scope="credential user", api=api, incident=api, severity=Severity.HIGH, at="1")
        for api in ("orders", "carts")
    )
    assert store.claimed("credential user") is None
    assert (store.claim(one, None), store.claim(other, None)) == (one, one)
    assert (store.claim(other, one), store.claim(one, one)) == (other, other)
    assert store.claimed("credential user") == other
    store.unlink(Link(scope="credential user", api="orders", incident="orders"))
    assert store.claimed("credential user") == other
    store.unlink(Link(scope="credential user", api="carts", incident="carts"))
    assert store.claimed("credential user") is None

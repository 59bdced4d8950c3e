"""`gatewatch probe-now`: looks of the deployed service at once, and what they are answered."""

from __future__ import annotations

import re
from datetime import timedelta

import msgspec
import pytest

from gatewatch.service import at_once
from gatewatch.service.errands import Answer, Errand, ErrandKind
from gatewatch.service.shards import Shard
from handlers import dispatch as dispatches
from handlers import incidents as writers
from handlers import probe as probes
from handlers import wiring
from tests.cli.operated import Operated
from tests.cli.test_on_call import Command, account, command
from tests.deployed import CONFIG, Account, Context, _sqs, received, record, tick

__all__ = ["account", "command"]
SELDOM = "every: 3h\n    anonymous_every: 3h\n    owner:"


@pytest.fixture
def operated(account: Account, command: Command, monkeypatch: pytest.MonkeyPatch) -> Operated:
    text = CONFIG % {"place": account.gateway.place}
    account.publish(text.replace("owner:", SELDOM))
    return Operated(account, command, monkeypatch)


def asked(operated: Operated, minutes: int = 1) -> list[str]:
    operated.account.gateway.asked.clear()
    operated.account.minutes(minutes)
    return sorted(operated.account.gateway.asked)


def test_looks_are_taken_with_the_next_minute_whatever_their_interval(operated: Operated) -> None:
    operated.account.gateway.asked.clear()
    assert operated("probe-now") == 0
    assert set(operated.account.gateway.asked) == {"/prod/health", "/prod/orders", "/prod/items"}
    assert "GET /health" in operated.out
    assert re.search(r"(\d) looks due: \1 passed, 0 failed, .*; \1 requests", operated.out)
    assert operated.items("errand") == []
    assert asked(operated) == []


def test_a_finding_is_shown_with_its_evidence_and_its_exit_code(operated: Operated) -> None:
    operated.account.gateway.broken.add("/items")
    assert operated("probe-now", "orders", "GET /items", "--format", "json") == 1
    told = operated.json
    [verdict] = told["verdicts"]
    assert (verdict["route"], verdict["outcome"]) == ("GET /items", "fail")
    assert verdict["evidence"]
    assert told["summary"]["failed"] == 1
    assert told["where"]["deployment"] == "test"
    assert "/prod/health" not in operated.account.gateway.asked[-2:]


def test_they_count_as_every_look_does(operated: Operated) -> None:
    operated.account.gateway.broken.add("/items")
    operated("probe-now", "orders")
    operated("probe-now", "orders")
    assert [one["kind"] for one in operated.account.messages()] == ["opened"]
    operated.account.gateway.broken.clear()
    operated("probe-now", "orders", "GET /items")
    assert operated("probe-now", "orders", "GET /items") == 0
    assert [one["kind"] for one in operated.account.messages()] == ["resolved"]


def test_who_asks_in_the_same_minute_gets_the_same_looks(operated: Operated) -> None:
    for _ in range(5):
        assert operated("probe-now", "--wait", "0s") == 0
    operated.account.gateway.asked.clear()
    assert operated("probe-now") == 0
    assert operated.account.gateway.asked.count("/prod/health") == 1


def test_a_repeated_tick_deals_out_the_same(operated: Operated) -> None:
    """The queue drops what it had before; a later tick takes nothing up again."""
    account = operated.account
    operated("probe-now", "orders", "GET /health", "--wait", "0s")
    account.dispatch()
    [first] = [msgspec.json.decode(one["Body"], type=Shard) for one in received(account.work)]
    assert first.is_asked
    dispatches.handler({"time": first.at}, Context())
    assert received(account.work) == []
    account.drain(account.changes, lambda *_: {"batchItemFailures": []})
    account.dispatch()
    assert received(account.work) == []


def test_an_older_tick_overwrites_no_newer_one(operated: Operated) -> None:
    account = operated.account
    before = account.table.tick()
    assert before is not None
    dispatches.handler({"time": tick(-5)}, Context())
    assert account.table.tick() == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["oders"], "oders: there is no such API in the configuration (did you mean orders?)"),
        (
            ["orders", "GET /item"],
            "orders GET /item: there is no such route in the configuration; the nearest: GET "
            "/items",
        ),
        (["orders", "--wait", "1"], '--wait: "1": expected a duration'),
    ],
)
def test_what_cannot_be_looked_at_is_one_line(
    operated: Operated, arguments: list[str], said: str
) -> None:
    assert operated("probe-now", *arguments) == 3
    assert said in operated.err
    assert len(operated.err.splitlines()) == 1
    assert operated.items("errand") == []


def test_what_is_paused_is_not_looked_at(operated: Operated) -> None:
    operated("pause", "--for", "1h")
    assert operated("probe-now", "orders") == 3
    assert "paused: all APIs" in operated.err
    assert "to end it: gatewatch resume --stack" in operated.err
    operated.account.table.add_errand(
        Errand(id="a" * 32, kind=ErrandKind.LOOKS, at=tick(1), by="user/bob", apis=("orders",))
    )
    assert asked(operated) == []
    answer = operated.account.table.answer("a" * 32)
    assert answer is not None
    assert answer.refused is not None
    assert "orders: paused" in answer.refused


def test_no_more_than_a_few_hundred_at_once(
    operated: Operated, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(at_once, "MOST_AT_ONCE", 2)
    assert operated("probe-now") == 3
    assert "3 routes at entrances; expected at most 2 at once: name an API" in operated.err
    assert operated("probe-now", "orders", "GET /items") == 0


def test_those_for_whom_there_is_no_room_wait_for_the_next_minute(
    operated: Operated, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(at_once, "MOST_AT_ONCE", 1)
    operated("probe-now", "orders", "GET /health", "--wait", "0s")
    operated("probe-now", "orders", "GET /items", "--wait", "0s")
    assert sorted([asked(operated), asked(operated)]) == [["/prod/health"], ["/prod/items"]]


def test_what_does_not_answer_is_not_known(operated: Operated) -> None:
    operated.ticks = False
    operated._sleep = lambda _: None  # type: ignore[method-assign]
    assert operated("probe-now") == 2
    assert "no answer in time" in operated.err


def test_looks_that_never_answer_are_counted(
    operated: Operated, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = operated.account
    monkeypatch.setattr(account, "minutes", lambda _: account.dispatch())
    assert operated("probe-now") == 2
    assert "1 shard of looks did not answer in time" in operated.out


def test_the_bound_is_what_the_help_says() -> None:
    assert at_once.MOST_AT_ONCE == 500


def test_a_look_from_before_that_comes_late_does_not_count_after_it(operated: Operated) -> None:
    """Though the pass of a healthy route would go unwritten, and its next look is hours away."""
    account = operated.account
    alone = f"apis: {{orders: {{url: 'http://{account.gateway.place}/prod', %s routes: %s}}}}"
    account.publish(alone % ("", "[GET /health: public]"))
    account.minutes(40)
    account.publish(alone % ("every: 3h,", "[GET /health: public]"))
    account.gateway.broken.add("/health")
    operated("probe-now", "orders", "GET /health", "--wait", "0s")
    account.dispatch()
    [late] = received(account.work)
    _sqs().delete_message(QueueUrl=account.work, ReceiptHandle=late["ReceiptHandle"])
    account.gateway.broken.clear()
    assert operated("probe-now", "orders", "GET /health") == 0
    before = account.table.all("orders")
    account.gateway.broken.add("/health")
    probes.handler({"Records": [record(late)]}, Context())
    assert account.table.all("orders") == before


def test_a_look_that_was_asked_for_and_comes_late_does_not_count_after_a_scheduled_one(
    operated: Operated,
) -> None:
    """The pass of a healthy route goes unwritten, and it is due again in ten minutes only."""
    account = operated.account
    alone = "apis: {orders: {url: 'http://%s/prod', every: 10m, routes: [GET /health: public]}}"
    account.publish(alone % account.gateway.place)
    account.minutes(70)
    while not asked(operated):
        pass
    account.minutes(7)
    account.gateway.broken.add("/health")
    operated("probe-now", "orders", "GET /health", "--wait", "0s")
    account.dispatch()
    [late] = received(account.work)
    _sqs().delete_message(QueueUrl=account.work, ReceiptHandle=late["ReceiptHandle"])
    account.gateway.broken.clear()
    before = account.table.all("orders")
    assert (asked(operated), asked(operated)) == ([], ["/prod/health"])
    assert account.table.all("orders") == before, "its pass goes unwritten"
    account.gateway.broken.add("/health")
    probes.handler({"Records": [record(late)]}, Context())
    assert [one.fails for part in account.table.all("orders") for one in part.states] == [0]


def test_routes_that_were_left_are_not_known(
    operated: Operated, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shard that comes so late that a route is due again leaves it to the next."""
    account = operated.account
    text = CONFIG % {"place": account.gateway.place}
    rare = "GET /items: {access: public, every: 5m}"
    account.publish(text.replace("GET /items: {access: public}", rare))

    def late(_: int) -> None:
        account.dispatch()
        after = wiring.CLOCK.now() + timedelta(seconds=90)
        monkeypatch.setattr(wiring.CLOCK, "now", lambda: after)
        account.drain(account.work, probes.handler)

    monkeypatch.setattr(account, "minutes", late)
    assert operated("probe-now", "orders") == 2
    assert "2 routes not looked at: the shard came when the next look was due" in operated.out
    assert "GET /items" in operated.out


@pytest.mark.parametrize("asked", ["probe-now", "send-test"])
def test_a_program_that_does_not_wait_reads_no_text(operated: Operated, asked: str) -> None:
    operated.account.minutes(1)
    assert operated(asked, "--wait", "0s", "--format", "json") == 0
    assert operated.out == ""
    assert "with the next minute" in operated.err


def test_an_answer_that_holds_no_looks_is_none(operated: Operated) -> None:
    """People can have an item refused whose name is that of a shard's answer."""
    table = operated.account.table
    table.set_answer(Answer(id=f"{tick(1)}\nx", at=tick(1), refused="it is not in order"))
    assert table.looked(tick(1)) == []


def test_an_outage_is_told_though_each_look_that_is_asked_for_comes_late(
    operated: Operated,
) -> None:
    """Late failures are doubted, but no longer than they are late."""
    account = operated.account
    alone = "apis: {orders: {url: 'http://%s/prod', every: 3h, routes: [GET /health: public]}}"
    account.publish(alone.replace("3h", "1m") % account.gateway.place)
    account.minutes(40)
    account.publish(alone % account.gateway.place)
    account.gateway.broken.add("/health")
    waiting: list[dict[str, object]] = []
    for _ in range(6):
        operated("probe-now", "orders", "GET /health", "--wait", "0s")
        account.dispatch()
        came = received(account.work)
        for one in came:
            _sqs().delete_message(QueueUrl=account.work, ReceiptHandle=one["ReceiptHandle"])
        for one in waiting:
            probes.handler({"Records": [record(one)]}, Context())
        waiting = came
        account.drain(account.changes, writers.handler)
    assert [one["kind"] for one in account.messages()] == ["opened"]

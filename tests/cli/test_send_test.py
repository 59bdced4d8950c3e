"""`gatewatch send-test`: through the handlers of an emulated account."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import boto3
import pytest

import gatewatch
from gatewatch.cli.send_test import _became
from gatewatch.delivery.standing import Standing
from gatewatch.service.errands import Errand, ErrandKind
from handlers import wiring
from tests.cli.operated import Operated
from tests.cli.test_on_call import Command, account, command
from tests.deployed import CONFIG, Account, _arn_of, _sqs, received, tick

__all__ = ["account", "command"]


@pytest.fixture
def operated(account: Account, command: Command, monkeypatch: pytest.MonkeyPatch) -> Operated:
    monkeypatch.setenv("GATEWATCH_STACK", "Orders")
    return Operated(account, command, monkeypatch)


def another_topic(operated: Operated, only: str = "") -> tuple[str, str]:
    """Named by `notify` from now on; and the queue that takes its messages."""
    account = operated.account
    topic = boto3.client("sns").create_topic(Name=f"n-{uuid4().hex[:8]}")["TopicArn"]
    inbox = _sqs().create_queue(QueueName=f"i-{uuid4().hex[:8]}")["QueueUrl"]
    boto3.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=_arn_of(inbox))
    account.allowed = type(account.allowed)(
        **{
            name: getattr(account.allowed, name)
            for name in account.allowed.__struct_fields__
            if name != "topics"
        },
        topics=(topic,),
    )
    account.deploy()
    account.publish(
        f"notify: [{{sns: '{topic}', severity: [critical]{only}}}]\n"
        + CONFIG % {"place": account.gateway.place}
    )
    return topic, inbox


def test_a_test_arrives_and_says_so(operated: Operated) -> None:
    assert operated("send-test") == 0
    [message] = operated.account.messages()
    assert (message["kind"], message["test"], message["incident"]) == ("test", True, None)
    assert message["deployment"] == "test"
    assert (message["account"], message["region"]) == ("123456789012", "us-east-1")
    assert message["gatewatch"] == gatewatch.__version__
    assert message["by"].startswith("user/")
    assert "delivered" in operated.out
    assert "1 confirmed" in operated.out
    assert operated.items("errand") == []


def test_its_subject_and_text_say_that_nothing_is_wrong(operated: Operated) -> None:
    texts = _sqs().create_queue(QueueName=f"i-{uuid4().hex[:8]}")["QueueUrl"]
    boto3.client("sns").subscribe(
        TopicArn=operated.account.topic, Protocol="sqs", Endpoint=_arn_of(texts)
    )
    operated("send-test")
    [arrived] = received(texts)
    body = json.loads(arrived["Body"])
    assert body["Subject"].startswith("TEST: a message of Gatewatch, nothing is wrong [test 1234")
    named = {name: one["Value"] for name, one in body["MessageAttributes"].items()}
    assert named["kind"] == "test"
    assert named["account"] == "123456789012"
    assert named["region"] == "us-east-1"
    assert named["deployment"] == "test"


@pytest.mark.parametrize("only", ["", ", only: exposures"], ids=["severities", "security route"])
def test_every_channel_gets_it_whatever_it_takes(operated: Operated, only: str) -> None:
    topic, inbox = another_topic(operated, only)
    assert operated("send-test", "--format", "json") == 0
    told = operated.json
    assert [(one["topic"], one["outcome"], one["subscribers"]) for one in told["topics"]] == [
        (operated.account.topic, "delivered", 1),
        (topic, "delivered", 1),
    ]
    assert told["where"]["version"] == "0.0.1"
    assert len(received(inbox)) == 1


def test_a_topic_that_nobody_subscribed_to_is_named(operated: Operated) -> None:
    sns = boto3.client("sns")
    for one in sns.list_subscriptions_by_topic(TopicArn=operated.account.topic)["Subscriptions"]:
        sns.unsubscribe(SubscriptionArn=one["SubscriptionArn"])
    assert operated("send-test") == 1
    said = f"{operated.account.topic}: nobody is subscribed, so nobody gets its messages"
    assert said in operated.out.replace("\n", " ").replace("  ", " ") or said in operated.out


def test_a_topic_that_is_gone_is_tried_for_a_while_and_named(operated: Operated) -> None:
    topic, _ = another_topic(operated)
    boto3.client("sns").delete_topic(TopicArn=topic)
    assert operated("send-test", "--format", "json") == 1, operated.err
    own, other = operated.json["topics"]
    assert own["outcome"] == "delivered"
    assert (other["topic"], other["outcome"]) == (topic, "undelivered")
    assert "NotFound" in other["because"]
    assert [one["kind"] for one in operated.account.messages()] == ["test"]
    assert operated.items("errand") == []


def test_tests_that_wait_together_are_one(operated: Operated) -> None:
    assert operated("send-test", "--wait", "0s") == 0
    assert operated("send-test", "--wait", "0s") == 0
    assert operated("send-test") == 0
    assert len(operated.account.messages()) == 1
    assert operated("send-test") == 0
    assert len(operated.account.messages()) == 1
    assert operated.items("errand") == []


def test_a_test_opens_no_incident_and_leaves_none(operated: Operated) -> None:
    operated("send-test")
    operated.account.minutes(3)
    assert operated.account.table.open_incidents() == []
    assert list(operated.account.table.filed()) == []
    assert "".join(operated.account.table.records()) in ("", "orders")


def test_a_dead_monitor_is_said_to_be_so_and_nothing_is_left(
    operated: Operated, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = wiring.CLOCK.now() + timedelta(minutes=7)
    monkeypatch.setattr(wiring.CLOCK, "now", lambda: later)
    assert operated("send-test") == 1
    assert "no tick for 7m: the monitor does nothing" in operated.err
    assert "aws logs tail /aws/lambda/dispatch" in operated.err
    assert operated.items("errand") == []


def test_one_that_dies_meanwhile_is_said_to_be_so(
    operated: Operated, monkeypatch: pytest.MonkeyPatch
) -> None:
    operated.ticks = False
    assert operated("send-test") == 2
    assert "though the service ticks. Look at aws logs tail /aws/lambda/incidents" in operated.err


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("soon", '--wait: "soon": expected a duration such as 30m or 2h, at most 30m'),
        ("2h", '--wait: "2h": expected a duration such as 30m or 2h, at most 30m'),
        ("-1s", '--wait: "-1s": expected'),
    ],
)
def test_a_wait_that_is_none_is_refused(operated: Operated, option: str, said: str) -> None:
    assert operated("send-test", f"--wait={option}") == 3
    assert said in operated.err
    assert operated.items("errand") == []


SPOILT = {
    "another's name": {"sk": {"S": "0" * 32}, "document": {"S": "ID"}},
    "no document": {},
    "no JSON": {"document": {"S": "{"}},
    "another kind": {"document": {"S": '{"id": "ID", "kind": "rm", "at": "x", "by": "y"}'}},
    "no time": {"document": {"S": '{"id": "ID", "kind": "test", "at": "x", "by": "y"}'}},
    "a screen's control": {
        "document": {
            "S": '{"id": "ID", "kind": "test", "at": "2026-11-22T09:00:00Z", "by": "\\u001b[2J"}'
        }
    },
    "a long text": {
        "document": {
            "S": json.dumps(
                {"id": "ID", "kind": "test", "at": "2026-11-22T09:00:00Z", "by": "y" * 501}
            )
        }
    },
}


@pytest.mark.parametrize("spoilt", SPOILT.values(), ids=SPOILT)
def test_what_would_harm_others_is_no_errand(operated: Operated, spoilt: dict) -> None:  # type: ignore[type-arg]
    """People write these: nothing that they can put there stops a tick, or is repeated."""
    name = uuid4().hex
    item = json.loads(json.dumps({"pk": {"S": "errand"}, "sk": {"S": name}, **spoilt}))
    if "document" in item:
        item["document"]["S"] = item["document"]["S"].replace("ID", name)
    boto3.client("dynamodb").put_item(TableName=operated.account.table._name, Item=item)
    operated.account.minutes(2)
    assert operated.account.messages() == []
    assert operated.items("errand") == []
    assert operated("send-test") == 0


def test_a_hundred_tests_in_a_minute_are_one_message(operated: Operated) -> None:
    for number in range(100):
        operated.account.table.add_errand(
            Errand(id=f"{number:032x}", kind=ErrandKind.TEST, at=tick(1), by="user/bob")
        )
    operated.account.minutes(1)
    assert len(operated.account.messages()) == 1
    operated.account.minutes(2)
    assert operated.account.messages() == []


# One channel of several, and those that are no topics


def test_one_channel_gets_it_and_no_other(operated: Operated) -> None:
    topic, inbox = another_topic(operated)
    name = topic.rpartition(":")[2]
    assert operated("notify", "--test", name, "--format", "json") == 0
    assert [one["topic"] for one in operated.json["topics"]] == [topic]
    assert len(received(inbox)) == 1
    assert operated.account.messages() == []
    assert operated("notify", "--test", "own topic") == 0
    assert len(operated.account.messages()) == 1
    assert received(inbox) == []


def test_tests_of_two_channels_that_wait_together_go_to_both(operated: Operated) -> None:
    topic, inbox = another_topic(operated)
    name = topic.rpartition(":")[2]
    assert operated("notify", "--test", name, "--wait", "0s") == 0
    assert operated("notify", "--test", "own topic") == 0
    assert len(received(inbox)) == 1
    assert len(operated.account.messages()) == 1


def test_channels_of_the_service_are_listed(operated: Operated) -> None:
    topic, _ = another_topic(operated)
    operated("send-test")
    assert operated("notify", "--format", "json") == 0
    found = {one["name"]: one for one in operated.json["channels"]}
    assert set(found) == {"own topic", topic.rpartition(":")[2]}
    assert all(one["delivered_at"] for one in found.values())
    boto3.client("sns").delete_topic(TopicArn=topic)
    operated("send-test")
    assert operated("notify") == 1
    assert "failing since" in operated.out


def test_no_such_channel_of_the_service_is_named(operated: Operated) -> None:
    assert operated("notify", "--test", "own topc") == 3
    assert '--test: "own topc": there is no such channel (did you mean own topic?)' in operated.err
    assert operated.items("errand") == []


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        pytest.param({}, {}, None, id="not tried"),
        pytest.param({}, {"delivered_at": "9"}, "delivered", id="delivered"),
        pytest.param({"delivered_at": "8"}, {"delivered_at": "8"}, None, id="not tried again"),
        pytest.param({}, {"failing_since": "9", "tries": 1}, "undelivered", id="fails"),
        pytest.param(
            {"failing_since": "8", "tries": 4},
            {"failing_since": "8", "tries": 5},
            "undelivered",
            id="goes on failing",
        ),
        pytest.param({"refused": 1}, {"refused": 2}, "refused", id="refused"),
    ],
)
def test_what_became_of_it_at_the_deliverer(
    before: dict[str, Any], now: dict[str, Any], expected: str | None
) -> None:
    stood = {"pager": Standing(channel="pager", **before)}
    stands = {"pager": Standing(channel="pager", **now)}
    became = _became("pager", stood, stands)
    assert (became and became.outcome) == expected

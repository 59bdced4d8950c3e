"""What leaves the account: messages to topics and queues, and objects in the bucket."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import boto3
import pytest
from msgspec.structs import replace

from gatewatch.adapters.aws.s3 import S3Objects
from gatewatch.adapters.aws.sns import SnsPublisher, attributes
from gatewatch.adapters.aws.sqs import SqsQueue
from gatewatch.config.canonical import Channel
from gatewatch.notices.bulletin import Bulletin, bulletin_card
from gatewatch.notices.card import Card, card_of
from gatewatch.notices.message import subject
from gatewatch.notices.notice import Notice
from gatewatch.notices.origin import Origin
from gatewatch.notices.shapes import amazon_q, sms
from gatewatch.service.ledger import WriterContext
from gatewatch.service.ports import Message, UndeliveredError
from tests.builders import verdict
from tests.deployed import bucket, queue
from tests.service.test_ledger import heard, looked
from tests.support import look

pytestmark = pytest.mark.usefixtures("aws")
SEEN = look("GET HOST/prod/x with none -> rest 403 MissingAuthenticationTokenException | Missing")
FAIL = verdict(evidence=(SEEN,))
ABOUT = WriterContext(team="team-orders", runbook="https://wiki.example.com/orders")

BULLETIN = Bulletin(
    message_id="4f1d",
    kind="test",
    at="2026-11-22T09:00:00+00:00",
    channel="",
    by="user/alice",
    version="1.2.3",
)


def notice(fail: Any = FAIL) -> Notice:
    return heard(looked(fail), about=ABOUT).outbox[0]


def subscribed() -> tuple[str, str]:
    """A topic, and the queue that takes its messages."""
    topic = boto3.client("sns").create_topic(Name=f"t-{uuid4().hex[:8]}")["TopicArn"]
    url = boto3.client("sqs").create_queue(QueueName=f"q-{uuid4().hex[:8]}")["QueueUrl"]
    arn = boto3.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    boto3.client("sns").subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=arn["Attributes"]["QueueArn"]
    )
    return topic, url


def received(url: str) -> list[dict[str, Any]]:
    found = boto3.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)
    return [json.loads(one["Body"]) for one in found.get("Messages", [])]


def test_a_program_gets_the_incident_and_both_ids() -> None:
    topic, url = subscribed()
    told = notice()
    origin = Origin(account="111122223333", region="eu-west-1", deployment="Gatewatch")
    SnsPublisher(topic, origin).publish(told)
    [body] = received(url)
    message = json.loads(body["Message"])
    place = [message[name] for name in ("account", "region", "deployment")]
    assert place == ["111122223333", "eu-west-1", "Gatewatch"]
    assert message["message_id"] == told.message_id
    assert message["incident"]["id"] == told.incident.id
    assert message["kind"] == "opened"
    assert body["Subject"] == subject("opened", told.incident, origin)
    named = {name: one["Value"] for name, one in body["MessageAttributes"].items()}
    assert named == {
        "kind": "opened",
        "api": "orders",
        "owner": "team-orders",
        "layer": "routing",
        "cause": "route_not_found",
        "severity": "high",
        "finding": "refused",
        "account": "111122223333",
        "region": "eu-west-1",
        "deployment": "Gatewatch",
    }


@pytest.mark.parametrize(
    ("shape", "body"), [("sms", sms.body), ("chat", amazon_q.body)], ids=["phones", "a chat"]
)
def test_a_topic_of_one_shape_sends_it_to_all_its_subscribers(
    shape: Any, body: Callable[[Card], str]
) -> None:
    """Amazon Q reads the body that any protocol gets, and nothing else."""
    topic, url = subscribed()
    told, origin = notice(), Origin(account="111122223333", region="eu-west-1", stack="Gatewatch")
    via = Channel(topic=topic, shape=shape)
    SnsPublisher("", origin).publish(replace(told, channel=topic, via=via))
    SnsPublisher("", origin).post(replace(BULLETIN, channel=topic, via=via))
    [incident, test] = received(url)
    card = card_of(told.message_id, told.kind, told.at, told.incident, origin=origin)
    assert incident["Message"] == body(card)
    assert incident["MessageAttributes"]["severity"]["Value"] == "high"
    assert test["Message"] == body(bulletin_card(BULLETIN, origin))
    assert test["MessageAttributes"]["kind"]["Value"] == "test"


def test_of_eleven_attributes_the_region_is_left_out() -> None:
    """A queue with raw delivery takes ten, and loses a message with more."""
    told = notice()
    staged = replace(told, incident=replace(told.incident, stage="prod", team=None))
    origin = Origin(account="111122223333", region="eu-west-1", deployment="Gatewatch")
    assert list(attributes(staged, origin)) == [
        "api",
        "stage",
        "owner",
        "layer",
        "cause",
        "finding",
        "severity",
        "kind",
        "account",
        "deployment",
    ]
    assert attributes(staged, origin)["owner"] == "api"
    assert attributes(told, origin)["region"] == "eu-west-1"


def test_a_topic_that_is_not_there_is_undelivered() -> None:
    with pytest.raises(UndeliveredError, match="gone"):
        SnsPublisher("arn:aws:sns:us-east-1:123456789012:gone").publish(notice())


def test_more_messages_are_sent_than_one_call_carries() -> None:
    url = queue()
    messages = [Message(body=b"x" * 40_000, lane=f"l{n}", once=f"o{n}") for n in range(23)]
    SqsQueue(url).send(messages)
    assert waiting(url) == 23


def test_the_same_message_sent_twice_counts_once() -> None:
    url = queue()
    for _ in range(2):
        SqsQueue(url).send([Message(body=b"x", lane="orders", once="a")])
    assert waiting(url) == 1


def waiting(url: str) -> int:
    name = "ApproximateNumberOfMessages"
    found = boto3.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=[name])
    return int(found["Attributes"][name])


def test_an_object_is_read_as_it_is_now() -> None:
    objects = S3Objects(bucket())
    with pytest.raises(KeyError):
        objects.read("config/current.json")
    for body in (b"one", b"one", b"two"):
        objects.write("config/current.json", body)
        assert objects.read("config/current.json") == body
        assert objects.read("config/current.json") == body


def test_objects_are_listed_the_newest_first() -> None:
    objects = S3Objects(bucket())
    objects.write("config/versions/a.json", b"1")
    objects.write("elsewhere", b"2")
    assert [key for key, _ in objects.keys("config/versions/")] == ["config/versions/a.json"]

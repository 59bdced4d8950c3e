"""What leaves the account: messages to topics and queues, and objects in the bucket."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import boto3
import pytest
from msgspec.structs import replace

from gatewatch.acknowledge import acknowledge
from gatewatch.adapters.aws.s3 import S3Objects
from gatewatch.adapters.aws.sns import SnsPublisher
from gatewatch.adapters.aws.sqs import SqsQueue
from gatewatch.model import Acknowledgement, Finding, Incident, NextProbe
from gatewatch.notices.message import document, subject, text
from gatewatch.service.ledger import About
from gatewatch.service.notice import Notice
from gatewatch.service.ports import Message, UndeliveredError

from .builders import URL, candidates, verdict
from .service import bucket, queue
from .support import look
from .test_ledger import heard, looked

pytestmark = pytest.mark.usefixtures("aws")
SEEN = look("GET HOST/prod/x with none -> rest 403 MissingAuthenticationTokenException | Missing")
FAIL = verdict(evidence=(SEEN,))
ABOUT = About(team="team-orders", runbook="https://wiki.example.com/orders")


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
    SnsPublisher(topic).publish(told)
    [body] = received(url)
    message = json.loads(body["Message"])
    assert message["message_id"] == told.message_id
    assert message["incident"]["id"] == told.incident.id
    assert message["kind"] == "opened"
    assert body["Subject"] == subject("opened", told.incident)
    assert body["MessageAttributes"]["layer"]["Value"] == "routing"
    assert body["MessageAttributes"]["finding"]["Value"] == "refused"


def test_a_topic_that_is_not_there_is_undelivered() -> None:
    with pytest.raises(UndeliveredError, match="gone"):
        SnsPublisher("arn:aws:sns:us-east-1:123456789012:gone").publish(notice())


def test_a_person_reads_what_where_since_when_and_what_to_type() -> None:
    one = notice()
    said = text(one.message_id, one.kind, one.at, one.incident)
    for part in (
        "OPENED: orders: GET /x refused at routing",
        "since 2026-11-22T09:01:00+00:00, severity high",
        "team: team-orders",
        "runbook: https://wiki.example.com/orders",
        "- GET /x as user",
        "- wrong_method: ",
        "403",
        "next:",
        one.incident.id,
        one.message_id,
    ):
        assert part in said


PROBE = NextProbe(credential="none", method="GET", url=URL, why="curl it")
TELLING = {"MissingAuthenticationToken", '"body":', "curl"}


def found_in(incident: Incident) -> set[str]:
    """What of an answer, and of how to get it, is in the messages of all shapes."""
    said = text("m", "opened", incident.opened_at, incident) + document(
        "m", "opened", incident.opened_at, incident
    )
    return {one for one in TELLING if one in said}


@pytest.mark.parametrize("finding", list(Finding))
def test_an_exposure_carries_nothing_to_repeat_it_with(finding: Finding) -> None:
    is_exposure = finding in (Finding.PROTECTED_ROUTE_OPEN, Finding.ENTRANCE_NOT_CLOSED)
    incident = notice(replace(FAIL, finding=finding, next_probe=PROBE)).incident
    assert found_in(incident) == (set() if is_exposure else TELLING)


def test_a_reminder_says_how_long_it_lasts_and_how_to_take_it_over() -> None:
    incident = notice().incident
    said = text("m", "reminder", "2026-11-22T13:05:00+00:00", incident)
    assert said.startswith("REMINDER: orders: GET /x refused at routing")
    assert "open for 4h 4m" in said
    assert f"gatewatch ack {incident.id} --stack STACK" in said


def test_whoever_took_it_over_is_named_from_then_on() -> None:
    who = Acknowledgement(by="user/alice", at="2026-11-22T09:30:00+00:00", why="rolling back")
    incident = acknowledge(notice().incident, who)
    said = text("m", "changed", "2026-11-22T13:05:00+00:00", incident)
    assert "acknowledged by user/alice at 2026-11-22T09:30:00+00:00: rolling back" in said
    assert "gatewatch ack" not in said
    told = json.loads(document("m", "changed", "", incident))["incident"]
    assert told["acknowledged"]["by"] == "user/alice"
    assert told["updates"][-1]["text"] == "acknowledged by user/alice: rolling back"


def test_a_subject_is_short_and_plain() -> None:
    long = replace(notice().incident, api="ö" * 300)
    assert subject("opened", long) == "OPENED " + "?" * 92


def test_a_message_stays_small_however_many_routes_fail() -> None:
    incident = notice().incident
    many = replace(incident, members=incident.members * 10_000)
    assert len(document("m", "opened", "", many)) < 60_000
    assert len(text("m", "opened", many.opened_at, many)) < 10_000
    assert json.loads(document("m", "opened", "", many))["members"] == 10_000


def test_what_is_known_of_candidates_is_in_the_document() -> None:
    one = notice(replace(FAIL, candidates=candidates("wrong_method")))
    told = json.loads(document(one.message_id, one.kind, one.at, one.incident))
    assert [c["cause"] for c in told["incident"]["candidates"]] == ["wrong_method"]


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

"""Messages to event buses: what a rule gets, and what a bus that does not take one means."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
from msgspec.structs import replace

from gatewatch.adapters.aws import client as clients
from gatewatch.adapters.aws.eventbridge import EventBridgePublisher
from gatewatch.config.canonical import Channel
from gatewatch.notices.bulletin import TEST, Bulletin
from gatewatch.notices.notice import Notice
from gatewatch.notices.origin import Origin
from gatewatch.service.ports import UnacceptableError, UndeliveredError
from tests.adapters.test_channels import notice
from tests.servers import serving

pytestmark = pytest.mark.usefixtures("aws")
ORIGIN = Origin(account="111122223333", region="us-east-1", deployment="Gatewatch")


def to(bus: str) -> Notice:
    return replace(notice(), channel="events", via=Channel(name="events", bus=bus))


@dataclass
class Answering:
    """EventBridge, as it answers in this test."""

    status: int = 200
    body: dict[str, Any] = field(default_factory=lambda: {"FailedEntryCount": 0, "Entries": [{}]})
    asked: list[dict[str, Any]] = field(default_factory=list)

    def handle(self, connection: socket.socket, head: bytes) -> None:
        top, _, body = head.partition(b"\r\n\r\n")
        [size] = [
            int(line.split(b":")[1])
            for line in top.split(b"\r\n")
            if line.lower().startswith(b"content-length:")
        ]
        while len(body) < size:
            body += connection.recv(65_536)
        self.asked += json.loads(body)["Entries"]
        text = json.dumps(self.body).encode()
        head = f"HTTP/1.1 {self.status} OK\r\nContent-Type: application/x-amz-json-1.1\r\n"
        connection.sendall(f"{head}Content-Length: {len(text)}\r\n\r\n".encode() + text)


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> Iterator[Answering]:
    found = Answering()
    with serving(found.handle) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_EVENTBRIDGE", f"http://{server.place}")
        clients._client.cache_clear()
        yield found
    clients._client.cache_clear()


@pytest.mark.parametrize(
    "bus", ["default", "arn:aws:events:eu-west-1:444455556666:event-bus/ops"], ids=["name", "ARN"]
)
def test_a_rule_gets_what_programs_get(answering: Answering, bus: str) -> None:
    told = to(bus)
    EventBridgePublisher(ORIGIN).publish(told)
    [event] = answering.asked
    detail = json.loads(event["Detail"])
    assert (event["Source"], event["DetailType"]) == ("gatewatch", "Gatewatch Incident Opened")
    assert event["EventBusName"] == bus
    assert event["Time"] == datetime.fromisoformat(told.at).timestamp()
    assert detail["message_id"] == told.message_id
    assert detail["incident"]["id"] == told.incident.id
    assert detail["account"] == "111122223333"


def test_a_test_is_told_apart(answering: Answering) -> None:
    told = Bulletin(
        message_id="b" * 32,
        kind=TEST,
        at="2026-11-22T09:00:00+00:00",
        channel="events",
        by="user/alice",
        version="1",
        via=Channel(name="events", bus="ops"),
    )
    EventBridgePublisher(ORIGIN).post(told)
    [event] = answering.asked
    assert event["DetailType"] == "Gatewatch Test"
    assert json.loads(event["Detail"])["test"] is True


def test_an_event_of_ten_thousand_routes_is_not_too_large(answering: Answering) -> None:
    told = to("ops")
    [member] = told.incident.members
    many = tuple(replace(member, route=f"GET /{'r' * 200}/{one}") for one in range(10_000))
    EventBridgePublisher(ORIGIN).publish(
        replace(told, incident=replace(told.incident, members=many))
    )
    [event] = answering.asked
    assert len(json.dumps(event).encode()) < 256 * 1024


def _failed(code: str) -> dict[str, Any]:
    return {"FailedEntryCount": 1, "Entries": [{"ErrorCode": code, "ErrorMessage": "no"}]}


FAILS: dict[str, tuple[int, dict[str, Any], type[Exception], str]] = {
    "throttled": (200, _failed("ThrottlingException"), UndeliveredError, "ThrottlingException"),
    "its own fault": (200, _failed("InternalFailure"), UndeliveredError, "InternalFailure"),
    "not permitted": (200, _failed("AccessDeniedException"), UndeliveredError, "AccessDenied"),
    "a count alone": (200, {"FailedEntryCount": 1, "Entries": []}, UndeliveredError, "accepted"),
    "the event": (200, _failed("MalformedDetail"), UnacceptableError, "MalformedDetail"),
    "too large": (400, {"__type": "ValidationException"}, UnacceptableError, "Validation"),
    "no such bus": (400, {"__type": "ResourceNotFoundException"}, UndeliveredError, "NotFound"),
    "denied": (400, {"__type": "AccessDeniedException"}, UndeliveredError, "AccessDenied"),
}


@pytest.mark.parametrize(("status", "body", "kind", "told"), FAILS.values(), ids=FAILS)
def test_an_event_that_was_not_taken_is_no_success(
    answering: Answering,
    status: int,
    body: dict[str, Any],
    kind: type[Exception],
    told: str,
) -> None:
    answering.status, answering.body = status, body
    with pytest.raises(kind, match=f"ops: .*{told}"):
        EventBridgePublisher(ORIGIN).publish(to("ops"))


def test_a_bus_that_cannot_be_reached_is_undelivered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_EVENTBRIDGE", "http://127.0.0.1:1")
    clients._client.cache_clear()
    with pytest.raises(UndeliveredError, match="ops: EndpointConnectionError"):
        EventBridgePublisher(ORIGIN).publish(to("ops"))
    clients._client.cache_clear()

"""Acknowledgements that PagerDuty and chats tell of: taken over once, and from nobody else."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from types import SimpleNamespace
from typing import Any

import boto3
import msgspec
import pytest
from msgspec.structs import replace

from gatewatch.adapters.aws.dynamodb import DynamoTable
from gatewatch.config.canonical import Hook, HookKind, SecretRef, SecretSource
from gatewatch.delivery.shapes import pagerduty
from gatewatch.incidents.acknowledge import Ack, applied
from gatewatch.model import Acknowledgement, Incident
from gatewatch.notices.card import card_of
from gatewatch.service.ledger import Ledger, acknowledged
from handlers import acknowledge, wiring
from tests import deployed
from tests.deployed import Account
from tests.notices.test_message import ID, OPENED, RESOLVED

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
SECRET = "hook-secret-of-pagerduty"
OTHER = "another-secret-0123456789"
ALICE = {"id": "P1", "type": "user_reference", "summary": "Alice Liddell"}
CONTEXT = SimpleNamespace(
    function_name="f", memory_limit_in_mb=512, invoked_function_arn="arn:f", aws_request_id="r"
)


@pytest.fixture
def table(aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[DynamoTable]:
    found = deployed.table()
    found.file(OPENED)
    monkeypatch.setenv("GATEWATCH_TABLE", found._name)
    monkeypatch.setenv("GATEWATCH_DEPLOYMENT", "Gatewatch")
    refs = [
        {"source": "secret", "name": "gatewatch/back", "key": "webhook"},
        {"source": "ssm", "name": "/gatewatch/other"},
    ]
    monkeypatch.setenv("GATEWATCH_SIGNED_WITH", json.dumps(refs))
    boto3.client("secretsmanager").create_secret(
        Name="gatewatch/back", SecretString=json.dumps({"webhook": SECRET})
    )
    boto3.client("ssm").put_parameter(
        Name="/gatewatch/other", Value=OTHER, Type="SecureString", Overwrite=True
    )
    monkeypatch.setattr(acknowledge, "now", lambda: NOW)
    wiring.table.cache_clear()
    acknowledge._vault.cache_clear()
    yield found
    wiring.table.cache_clear()
    acknowledge._vault.cache_clear()
    boto3.client("secretsmanager").delete_secret(
        SecretId="gatewatch/back", ForceDeleteWithoutRecovery=True
    )


def body(kind: str = "incident.acknowledged", **changes: Any) -> bytes:
    data = {"id": "PGR0VU2", "type": "incident", "incident_key": ID, "title": "GET /orders refused"}
    event = {
        "id": "01DEN0S0ZJ1K2E",
        "event_type": kind,
        "resource_type": "incident",
        "occurred_at": (NOW - timedelta(seconds=20)).isoformat(),
        "agent": ALICE,
        "client": None,
        "data": data,
        **changes,
    }
    return json.dumps({"event": event}).encode()


def signature(sent: bytes, secret: str = SECRET) -> str:
    return "v1=" + hmac.new(secret.encode(), sent, sha256).hexdigest()


def webhook(sent: bytes, signed: str | None = None, *, packed: bool = False) -> dict[str, Any]:
    """As Lambda hands on what comes to a function's address."""
    return {
        "version": "2.0",
        "rawPath": "/",
        "headers": {
            "content-type": "application/json",
            "x-pagerduty-signature": signature(sent) if signed is None else signed,
        },
        "requestContext": {"http": {"method": "POST", "path": "/"}},
        "body": base64.b64encode(sent).decode() if packed else sent.decode("utf-8", "replace"),
        "isBase64Encoded": packed,
    }


def called(event: Any) -> dict[str, Any]:
    return dict(acknowledge.handler(event, CONTEXT))


def acks(table: DynamoTable) -> list[Ack]:
    return table.acks(OPENED.api)


def refusals(capsys: pytest.CaptureFixture[str]) -> int:
    lines = [json.loads(one) for one in capsys.readouterr().out.splitlines() if one[:1] == "{"]
    return sum(int(one.get("AcknowledgementsRefused", [0])[0]) for one in lines)


def test_what_a_person_acknowledges_there_is_acknowledged_here(table: DynamoTable) -> None:
    answer = called(webhook(body()))
    assert answer["statusCode"] == 202
    [ack] = acks(table)
    assert ack.incidents == (ID,)
    assert ack.who.by == "Alice Liddell via PagerDuty"
    assert ack.who.at == (NOW - timedelta(seconds=20)).isoformat()


def test_the_writer_takes_it_as_any_other(table: DynamoTable) -> None:
    called(webhook(body()))
    after = acknowledged(Ledger(api=OPENED.api, incidents=(OPENED,)), acks(table))
    assert after.incidents[0].acknowledged == acks(table)[0].who


SENT = {
    "plain": (webhook(body()), 202),
    "in Base64": (webhook(body(), packed=True), 202),
    "a name in another script": (
        webhook(body(agent={**ALICE, "summary": "Zoë Åström"}), packed=True),
        202,
    ),
    "signed with both while one changes": (
        webhook(body(), f"{signature(body(), 'old-one')},{signature(body())}"),
        202,
    ),
    "of another pager": (webhook(body(), signature(body(), OTHER)), 202),
    "a version to come besides": (webhook(body(), f"v2=abc, {signature(body())}"), 202),
    "the id in the title": (
        webhook(body(data={"incident_key": None, "title": f"GET /orders refused [{ID}]"})),
        202,
    ),
}


@pytest.mark.parametrize(("event", "status"), SENT.values(), ids=SENT)
def test_however_it_is_sent_it_is_taken_over(
    table: DynamoTable, event: dict[str, Any], status: int
) -> None:
    assert called(event)["statusCode"] == status
    assert [one.incidents for one in acks(table)] == [(ID,)]


LONG = b'{"event": "' + b"x" * 300_000 + b'"}'
DEEP = b"[" * 100_000
REFUSED = {
    "unsigned": (webhook(body(), ""), 401),
    "signed with another": (webhook(body(), signature(body(), "guessed")), 401),
    "signed with nothing": (webhook(body(), signature(body(), "")), 401),
    "signed for another": (webhook(body(), signature(body(id="2"))), 401),
    "of another version": (webhook(body(), signature(body()).replace("v1", "v2")), 401),
    "the bare digest": (webhook(body(), signature(body()).removeprefix("v1=")), 401),
    "no hex": (webhook(body(), "v1=\u00e9\U0001f600"), 401),
    "half a character in it": (webhook(body(), "v1=\ud800"), 401),
    "many": (webhook(body(), ",".join(["v1=00"] * 5000 + [signature(body())])), 401),
    "no headers": ({**webhook(body()), "headers": None}, 401),
    "headers of another kind": ({**webhook(body()), "headers": [1]}, 401),
    "no body": ({**webhook(b""), "body": None}, 400),
    "a body of another kind": ({**webhook(b""), "body": {"event": 1}}, 413),
    "too long": (webhook(LONG), 413),
    "too long in Base64": (webhook(LONG, packed=True), 413),
    "no Base64": ({**webhook(body()), "isBase64Encoded": True}, 400),
    "no JSON": (webhook(b"event=1"), 400),
    "no UTF-8": (webhook(b"\xff\xfe{}", packed=True), 400),
    "very deep": (webhook(DEEP), 400),
    "half a character": (webhook(body().replace(b"01DEN", b"\\ud800")), 400),
    "no event": (webhook(b"{}"), 400),
    "an event of another kind": (webhook(b'{"event": 5}'), 400),
    "no moment": (webhook(body(occurred_at="yesterday")), 400),
    "a moment without a zone": (webhook(body(occurred_at="2026-11-22T09:29:00")), 400),
    "without an id": (webhook(body(id="")), 400),
    "a very long id": (webhook(body(id="x" * 5000)), 400),
    "repeated much later": (webhook(body(occurred_at="2026-11-22T08:50:00Z")), 409),
    "still to come": (webhook(body(occurred_at="2026-11-22T10:00:00Z")), 409),
}


@pytest.mark.parametrize(("event", "status"), REFUSED.values(), ids=REFUSED)
def test_what_is_not_in_order_changes_nothing_and_counts(
    table: DynamoTable,
    event: dict[str, Any],
    status: int,
    capsys: pytest.CaptureFixture[str],
) -> None:
    answer = called(event)
    assert answer["statusCode"] == status
    assert answer["body"].count("\n") == 1
    assert SECRET not in answer["body"]
    assert "Traceback" not in answer["body"]
    assert acks(table) == []
    assert refusals(capsys) == 1


NOTHING = {
    "a ping": body("pagey.ping", data={"message": "Hello from your friend Pagey!", "type": "ping"}),
    "another event": body("incident.escalated"),
    "an event of a service": body("service.updated", data={"id": "P1", "summary": "x"}, agent=None),
    "another's incident": body(data={"incident_key": "srv01/HTTP", "title": "disk full"}),
    "an incident that is not known": body(data={"incident_key": ID[:-1] + "Z", "title": ""}),
    "nothing told of it": body(data=None),
}


@pytest.mark.parametrize("sent", NOTHING.values(), ids=NOTHING)
def test_what_is_not_ours_is_taken_and_changes_nothing(
    table: DynamoTable, sent: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    """A 4xx would make PagerDuty switch the webhook off after three."""
    assert called(webhook(sent))["statusCode"] == 202
    assert acks(table) == []
    assert refusals(capsys) == 0


def test_what_comes_twice_counts_once(table: DynamoTable) -> None:
    """PagerDuty delivers at least once; it must not see a refusal then."""
    event = webhook(body())
    assert called(event)["statusCode"] == 202
    [ack] = acks(table)
    table.remove_ack(ack)
    answer = called(event)
    assert answer["statusCode"] == 202
    assert "before" in answer["body"]
    assert acks(table) == []


def test_one_that_was_interrupted_is_taken_over_by_its_repetition(
    table: DynamoTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as killed:
        killed.setattr(DynamoTable, "set_taken", dies)
        with pytest.raises(KeyboardInterrupt):
            called(webhook(body()))
    assert called(webhook(body()))["statusCode"] == 202
    assert len(acks(table)) == 1


def test_one_that_is_over_is_not_acknowledged(table: DynamoTable) -> None:
    table.file(RESOLVED)
    assert "is over" in called(webhook(body()))["body"]
    assert acks(table) == []


SERVICE = {"id": "S1", "type": "inbound_integration_reference", "summary": "Gatewatch"}


@pytest.mark.parametrize("agent", [SERVICE, None], ids=["our integration", "nobody"])
def test_what_our_own_message_brings_about_takes_it_from_nobody(
    table: DynamoTable, agent: dict[str, str] | None
) -> None:
    taken = Acknowledgement(by="user/bob", at=(NOW - timedelta(minutes=1)).isoformat())
    called(webhook(body(agent=agent)))
    [ack] = acks(table)
    assert applied(ack, replace(OPENED, acknowledged=taken)).acknowledged == taken
    assert applied(ack, OPENED).acknowledged == ack.who


def test_without_a_person_it_is_pagerduty(table: DynamoTable) -> None:
    called(webhook(body(agent=None)))
    assert acks(table)[0].who.by == "via PagerDuty"


NAMES = {
    "ansi": "\x1b[31mroot\x1b[0m",
    "a line": "Bob\nCRITICAL",
    "invisible": "Bob\u200b\u202e",
    "very long": "B" * 10_000,
    "blank": "   ",
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_whatever_the_name_is_the_writer_accepts_it(table: DynamoTable, name: str) -> None:
    called(webhook(body(agent={**ALICE, "summary": name})))
    [ack] = acks(table)
    assert ack.who.by.endswith("via PagerDuty")
    assert ack.who.by.isprintable()
    assert len(ack.who.by) < 120


def test_a_secret_that_cannot_be_read_is_our_fault(
    table: DynamoTable, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    refs = [{"source": "secret", "name": "gatewatch/gone"}]
    monkeypatch.setenv("GATEWATCH_SIGNED_WITH", json.dumps(refs))
    assert called(webhook(body()))["statusCode"] == 503
    assert refusals(capsys) == 1


def test_an_empty_secret_signs_nothing(table: DynamoTable) -> None:
    boto3.client("secretsmanager").put_secret_value(
        SecretId="gatewatch/back", SecretString=json.dumps({"webhook": ""})
    )
    assert called(webhook(body(), signature(body(), "")))["statusCode"] == 503
    assert acks(table) == []


def test_a_secret_is_read_once_a_minute(
    table: DynamoTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = list[str]()
    monkeypatch.setattr(acknowledge, "read_in_account", lambda ref: read.append(ref.name) or SECRET)
    monkeypatch.setenv("GATEWATCH_SIGNED_WITH", '[{"source": "secret", "name": "s"}]')
    for _ in range(5):
        called(webhook(body(), "v1=00"))
    assert read == ["s"]
    monkeypatch.setattr(acknowledge, "now", lambda: NOW + timedelta(minutes=1))
    called(webhook(body(), "v1=00"))
    assert read == ["s", "s"]


def test_who_brings_no_signature_has_no_secret_read(
    table: DynamoTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acknowledge, "read_in_account", lambda _: pytest.fail("it was read"))
    assert called(webhook(body(), ""))["statusCode"] == 401


CALLS = {
    "an id": ({"incident": ID, "by": "alice"}, True),
    "its beginning": ({"incident": ID[:8].lower(), "by": "alice"}, True),
    "an event of EventBridge": (
        {"source": "aws.partner/pagerduty.com/1/x", "detail": json.loads(body())},
        True,
    ),
    "too short a beginning": ({"incident": ID[:3], "by": "alice"}, False),
    "all": ({"incident": "", "by": "alice"}, False),
    "nobody": ({"incident": ID}, False),
    "something else besides": ({"incident": ID, "by": "a", "release": ["GET /"]}, False),
    "another kind": ({"incident": 5, "by": "a"}, False),
    "nothing": ({}, False),
    "a list": (["detail", "requestContext"], False),
    "null": (None, False),
    "a text": ("detail", False),
    "an event without detail": ({"source": "x", "detail": None}, False),
    "half a character": ({"incident": ID, "by": "\ud800"}, False),
    "half a character in an event": (
        {"detail": {"event": {"id": "\ud800", "event_type": "incident.acknowledged"}}},
        False,
    ),
}


@pytest.mark.parametrize(("event", "is_taken"), CALLS.values(), ids=CALLS)
def test_whoever_may_invoke_the_function_acknowledges(
    table: DynamoTable,
    event: Any,
    capsys: pytest.CaptureFixture[str],
    *,
    is_taken: bool,
) -> None:
    answer = called(event)
    assert answer["taken"] is is_taken
    assert bool(acks(table)) is is_taken
    # Whoever presses a button reads the answer; nobody reads EventBridge's.
    is_heard = not (isinstance(event, dict) and "detail" in event)
    assert refusals(capsys) == int(not is_taken and not is_heard)


def test_a_button_names_who_pressed_it(table: DynamoTable) -> None:
    called({"incident": ID, "by": "alice"})
    assert acks(table)[0].who.by == "alice via chat"


def test_of_two_with_the_same_beginning_none_is_acknowledged(table: DynamoTable) -> None:
    table.file(replace(OPENED, id=ID[:-1] + "Z"))
    called({"incident": ID[:10], "by": "alice"})
    assert acks(table) == []


def at(minutes: int) -> str:
    return (NOW + timedelta(minutes=minutes)).isoformat()


def taken_by(name: str, minutes: int = 0) -> Incident:
    return replace(OPENED, acknowledged=Acknowledgement(by=name, at=at(minutes)))


WITHDRAWN = {
    "there": (taken_by("Alice via PagerDuty"), True),
    "here": (taken_by("user/bob"), False),
    "in a chat": (taken_by("Bob via chat"), False),
    "there again since": (taken_by("Carol via PagerDuty", 9), False),
    "nowhere": (OPENED, False),
}


@pytest.mark.parametrize(("incident", "is_released"), WITHDRAWN.values(), ids=WITHDRAWN)
def test_what_ends_there_ends_here_and_nothing_else(
    incident: Incident, *, is_released: bool
) -> None:
    who = Acknowledgement(by="via PagerDuty", at=at(5))
    ack = Ack(api=OPENED.api, who=who, incidents=(ID,), is_withdrawn=True)
    after = applied(ack, incident)
    assert (after != incident) is is_released
    assert after.acknowledged == (None if is_released else incident.acknowledged)


def test_what_pagerduty_ends_is_written_down(table: DynamoTable) -> None:
    table.file(taken_by("Alice via PagerDuty", -5))
    called(webhook(body("incident.unacknowledged", agent=None)))
    [ack] = acks(table)
    assert ack.is_withdrawn


def test_an_older_acknowledgement_is_read_as_it_was_written() -> None:
    written = msgspec.json.encode(
        {"api": "a", "who": {"by": "x", "at": at(0)}, "incidents": [ID], "release": []}
    )
    assert msgspec.json.decode(written, type=Ack).is_withdrawn is False


KEY = SecretRef(source=SecretSource.SECRET, name="gatewatch/pager")
PAGER = Hook(
    kind=HookKind.PAGERDUTY,
    url="https://events.pagerduty.com/v2/enqueue",
    hosts=("events.pagerduty.com:443",),
    key=KEY,
)


def paged(hook: Hook) -> str:
    card = card_of("m", "opened", NOW.isoformat(), replace(OPENED, api="orders" * 300))
    post = pagerduty.post(card, hook, lambda _: "0123456789abcdef0123456789abcdef")
    assert post is not None
    return str(json.loads(post.body)["payload"]["summary"])


def test_what_pagerduty_shows_as_a_title_leads_back(table: DynamoTable) -> None:
    """The key of the alert is not always told with its incident."""
    title = paged(replace(PAGER, acknowledge=KEY))
    assert len(title) <= 1024
    called(webhook(body(data={"incident_key": None, "title": title})))
    assert [one.incidents for one in acks(table)] == [(ID,)]


def test_where_nothing_comes_back_nobody_hears_an_id_read_aloud() -> None:
    assert ID not in paged(PAGER)


@pytest.fixture
def signed(account: Account, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """The account, with a webhook whose secret is known."""
    refs = [{"source": "ssm", "name": "/gatewatch/signed"}]
    monkeypatch.setenv("GATEWATCH_SIGNED_WITH", json.dumps(refs))
    boto3.client("ssm").put_parameter(
        Name="/gatewatch/signed", Value=SECRET, Type="SecureString", Overwrite=True
    )
    acknowledge._vault.cache_clear()
    yield account
    acknowledge._vault.cache_clear()


def told_by_pagerduty(kind: str, incident: Incident, **changes: Any) -> dict[str, Any]:
    data = {"id": "PGR0VU2", "incident_key": None, "title": f"refused [{incident.id}]"}
    return webhook(body(kind, occurred_at=wiring.now().isoformat(), data=data, **changes))


def test_in_the_account_it_is_the_persons_until_pagerduty_ends_it(
    signed: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed.gateway.broken.add("/items")
    signed.minutes(2)
    [opened] = signed.table.open_incidents()
    with deployed.using(monkeypatch) as used:
        called(told_by_pagerduty("incident.acknowledged", opened))
    assert used == {"ssm:GetParameter", *(f"dynamodb:{one}" for one in ("GetItem", "PutItem"))} | {
        "dynamodb:Query"
    }
    signed.minutes()
    [taken] = signed.table.open_incidents()
    assert taken.acknowledged is not None
    assert taken.acknowledged.by == "Alice Liddell via PagerDuty"
    called(told_by_pagerduty("incident.unacknowledged", opened, id="02", agent=None))
    signed.minutes()
    [released] = signed.table.open_incidents()
    assert released.acknowledged is None
    assert [one.text for one in released.updates[-2:]] == [
        "acknowledged by Alice Liddell via PagerDuty",
        "no longer acknowledged, via PagerDuty",
    ]

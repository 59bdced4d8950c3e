"""Messages that no channel would take, channels that take none, and what waits behind them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs

import boto3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gatewatch.adapters.aws import client as aws_client
from gatewatch.adapters.aws.sns import SnsPublisher, attributes, fitting, shortest
from gatewatch.incidents.announce import AnnouncementKind
from gatewatch.incidents.track import RouteState
from gatewatch.model import (
    Acknowledgement,
    Candidate,
    Confidence,
    Finding,
    Incident,
    Layer,
    Member,
    NextProbe,
    Owner,
    Related,
    RuledOut,
    Severity,
    Update,
)
from gatewatch.notices.message import subject
from gatewatch.notices.notice import Notice
from gatewatch.notices.origin import Origin
from gatewatch.service import ledger as ledgers
from gatewatch.service.ledger import Ledger
from gatewatch.service.metrics import dimension
from gatewatch.service.ports import UnacceptableError, UndeliveredError
from gatewatch.service.state_slices import Slice, pack_slice
from tests.deployed import Account

SNS_TAKES, ITEM_HOLDS = 256 * 1024, 400 * 1024
AT = "2026-11-22T09:00:00+00:00"
ORIGIN = Origin(account="1" * 12, region="eu-west-1", deployment="Gatewatch", stack="Gatewatch")
SOME = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
TEXTS = st.builds(lambda text, times: text * times, SOME, st.sampled_from([1, 1, 60, 9000]))
SHORTER = st.builds(lambda text, times: text * times, SOME, st.sampled_from([1, 10, 90]))
LAYERS, FINDINGS, SEVERITIES = (st.sampled_from(list(one)) for one in (Layer, Finding, Severity))
MEMBERS = st.builds(
    Member, route=SHORTER, entrance=SHORTER, caller=SHORTER, since=st.just(AT), joined=st.just(AT)
)
CANDIDATES = st.builds(Candidate, cause=TEXTS, layer=LAYERS)
PROBES = st.builds(NextProbe, credential=TEXTS, method=TEXTS, url=TEXTS, why=TEXTS)
WHO = st.builds(Acknowledgement, by=TEXTS, at=st.just(AT), why=TEXTS)


def some(of: st.SearchStrategy, times: tuple[int, ...] = (1, 1, 40)) -> st.SearchStrategy:  # type: ignore[type-arg]
    """A few, over and over."""
    few = st.lists(of, min_size=1, max_size=2)
    return st.builds(lambda found, many: tuple(found * many), few, st.sampled_from(times))


INCIDENTS = st.builds(
    Incident,
    id=st.just("01KAGR0000000000000000000X"),
    api=TEXTS,
    stage=st.none() | TEXTS,
    state=st.sampled_from(["open", "resolved"]),
    opened_at=st.just(AT),
    resolved_at=st.just(AT),
    layer=LAYERS,
    cause=TEXTS,
    candidates=some(CANDIDATES),
    scope=TEXTS,
    finding=FINDINGS,
    owner=st.sampled_from(list(Owner)),
    severity=SEVERITIES,
    members=some(MEMBERS, (1, 1, 111)),
    related=some(st.builds(Related, api=TEXTS, incident=TEXTS, since=st.just(AT)), (0, 1, 40)),
    updates=some(st.builds(Update, at=st.just(AT), text=TEXTS)),
    confidence=st.sampled_from(list(Confidence)),
    ruled_out=some(st.builds(RuledOut, cause=TEXTS, because=TEXTS)),
    next_probe=st.none() | PROBES,
    because=TEXTS,
    team=st.none() | TEXTS,
    runbook=st.none() | TEXTS,
    acknowledged=st.none() | WHO,
)
NOTICES = st.builds(
    Notice,
    message_id=st.just("m" * 32),
    kind=st.sampled_from(list(AnnouncementKind)),
    at=st.just(AT),
    channel=st.just(""),
    incident=INCIDENTS,
    news=some(TEXTS),
)


def sent_bytes(message: str, notice: Notice) -> int:
    told = attributes(notice)
    return len(message.encode()) + sum(len(f"{k}String{v}".encode()) for k, v in told.items())


@given(NOTICES)
@settings(max_examples=30)
def test_any_incident_makes_messages_that_sns_takes(notice: Notice) -> None:
    for message in (fitting(notice, ORIGIN), shortest(notice, ORIGIN)):
        assert sent_bytes(message, notice) <= SNS_TAKES
        shapes = json.loads(message)
        assert notice.incident.id in shapes["default"]
        told = json.loads(shapes["sqs"])
        assert told["incident"]["id"] == notice.incident.id
        assert told["members"] == len(notice.incident.members)
    line = subject(notice.kind, notice.incident)
    assert 0 < len(line) < 100
    assert line.isascii()
    assert line.isprintable()
    assert line[0] != " "
    found = attributes(notice)
    assert len(found) <= 10
    assert all(one.strip() for one in found.values())


@given(INCIDENTS)
@settings(max_examples=30)
def test_any_incident_fits_into_an_item(incident: Incident) -> None:
    assert len(ledgers.filed_document(incident)) < ITEM_HOLDS
    ledgers.read_filed(ledgers.filed_document(incident))


@given(INCIDENTS, st.integers(1, 20))
@settings(max_examples=10)
def test_a_ledger_with_all_that_may_wait_fits_into_an_item(incident: Incident, many: int) -> None:
    waiting = Notice(
        message_id="", kind=AnnouncementKind.CHANGED, at=AT, channel="t", incident=incident
    )
    outbox = tuple(replace(waiting, message_id=str(one)) for one in range(many))
    whole = Ledger(api="a", incidents=(incident,), outbox=outbox)
    packed = ledgers.pack_ledger(whole)
    assert len(packed) < ITEM_HOLDS
    found = ledgers.unpack_ledger("a", packed, 0)
    assert found.incidents[0].members == incident.members
    assert [one.message_id for one in found.outbox] == [one.message_id for one in outbox]


@pytest.mark.parametrize(
    "name",
    ["", " ", ":x", "x" * 1100, "é", "\x00", "a\nb", "<!channel>", "😀" * 400, "GET /x"],
    ids=ascii,
)
def test_any_name_is_a_dimension_that_cloudwatch_takes(name: str) -> None:
    value = dimension(name)
    assert 1 <= len(value) <= 1024
    assert value.isascii()
    assert value.isprintable()
    assert value.strip()
    assert not value.startswith(":")


def test_names_that_are_changed_stay_apart() -> None:
    assert len({dimension(name) for name in ("é", "è", "x" * 1100, "x" * 1101)}) == 4


class Topic:
    """A channel that answers as it is told; `taken` is what it took."""

    def __init__(self) -> None:
        self.taken: list[dict[str, str]] = []
        self.asked = 0
        self.refuses: dict[str, tuple[int, str, str]] = {}
        topic = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                topic.asked += 1
                status, answer = topic.answer({k: v[0] for k, v in parse_qs(body).items()})
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        Thread(target=self._server.serve_forever, daemon=True).start()

    def answer(self, asked: dict[str, str]) -> tuple[int, bytes]:
        for word, (status, code, reason) in self.refuses.items():
            if word in asked["Message"]:
                told = f"<Code>{code}</Code><Message>{reason}</Message>"
                return status, f"<ErrorResponse><Error>{told}</Error></ErrorResponse>".encode()
        self.taken.append(asked)
        result = "<PublishResult><MessageId>1</MessageId></PublishResult>"
        return 200, f"<PublishResponse>{result}</PublishResponse>".encode()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def topic(aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Topic]:
    found = Topic()
    monkeypatch.setenv("AWS_ENDPOINT_URL_SNS", found.url)
    aws_client._client.cache_clear()
    yield found
    aws_client._client.cache_clear()
    found.close()


INCIDENT = Incident(
    id="01KAGR0000000000000000000X",
    api="orders",
    stage="prod",
    state="open",
    opened_at=AT,
    resolved_at=None,
    layer=Layer.ROUTING,
    cause="route_not_found",
    candidates=(Candidate("route_not_found", Layer.ROUTING),),
    scope="route",
    finding=Finding.REFUSED,
    owner=Owner.API,
    severity=Severity.HIGH,
    members=(Member(route="GET /x", entrance="e", caller="anonymous", since=AT),),
)
NOTICE = Notice(
    message_id="m" * 32, kind=AnnouncementKind.OPENED, at=AT, channel="", incident=INCIDENT
)
ARN = "arn:aws:sns:us-east-1:123456789012:t"
LONG = "Invalid parameter: Message too long"
REFUSED = {
    "too_long": (400, "InvalidParameter", LONG),
    "a_value": (400, "InvalidParameterValue", "The message attribute value is not valid"),
    "a_parameter": (400, "ParameterValueInvalid", "StringValue must not be empty"),
    "validation": (400, "ValidationException", "not valid"),
}
DOWN = {
    "throttled": (400, "Throttled", "Rate exceeded"),
    "denied": (403, "AuthorizationError", "not authorized to perform: SNS:Publish"),
    "key_denied": (400, "KMSAccessDenied", "no access to the key"),
    "key_throttled": (400, "KMSThrottling", "Rate exceeded"),
    "gone": (404, "NotFound", "Topic does not exist"),
    "broken": (500, "InternalFailure", "try again"),
    "wrong_arn": (400, "InvalidParameter", "Invalid parameter: TopicArn Reason: no such"),
    "fifo": (400, "InvalidParameter", "The MessageGroupId parameter is required for FIFO topics"),
}


@pytest.mark.parametrize("reason", REFUSED.values(), ids=REFUSED)
def test_a_message_that_is_refused_goes_in_its_shortest_form(
    topic: Topic, reason: tuple[int, str, str]
) -> None:
    topic.refuses = {"do first": reason}
    SnsPublisher(ARN).publish(NOTICE)
    [taken] = topic.taken
    assert json.loads(json.loads(taken["Message"])["sqs"])["shortened"] is True


@pytest.mark.parametrize("reason", REFUSED.values(), ids=REFUSED)
def test_one_that_is_refused_in_every_form_is_told_apart(
    topic: Topic, reason: tuple[int, str, str]
) -> None:
    topic.refuses = {"": reason}
    with pytest.raises(UnacceptableError, match=reason[1]):
        SnsPublisher(ARN).publish(NOTICE)


@pytest.mark.parametrize("reason", DOWN.values(), ids=DOWN)
def test_a_channel_that_takes_nothing_is_waited_for(
    topic: Topic, reason: tuple[int, str, str]
) -> None:
    topic.refuses = {"": reason}
    with pytest.raises(UndeliveredError, match=reason[1]):
        SnsPublisher(ARN).publish(NOTICE)


HOSTILE_ROUTES = {
    "long_paths": [f"GET /{number}{'x' * 690}: public" for number in range(111)],
    "long_paths_of_many_bytes": [f"GET /{number}{'é' * 690}: public" for number in range(111)],
    "a_path_that_commands_chats": ["GET /<!channel>: public", "GET /items: public"],
}


@pytest.mark.parametrize("routes", HOSTILE_ROUTES.values(), ids=HOSTILE_ROUTES)
def test_whatever_routes_are_refused_is_told(account: Account, routes: list[str]) -> None:
    lines = "".join(f"      - {one}\n" for one in routes)
    url = f"http://{account.gateway.place}/prod"
    account.publish(f"apis:\n  orders:\n    url: {url}\n    routes:\n{lines}")
    account.gateway.broken.add("/items")
    account.minutes(3)
    assert [one["kind"] for one in account.messages()] == ["opened"]
    assert account.table.ledger("orders").outbox == ()


@pytest.mark.parametrize("name", ["", " ", "\x00", "é" * 3000], ids=ascii)
def test_an_api_is_told_of_whatever_its_name_is(aws: None, name: str) -> None:
    """A configuration refuses these by now; what an older one named must not wait for ever."""
    topic = boto3.client("sns").create_topic(Name="names")["TopicArn"]
    told = replace(NOTICE, incident=replace(INCIDENT, api=name, scope=name))
    SnsPublisher(topic).publish(told)


def test_nothing_waits_behind_a_message_that_is_refused_for_good(
    account: Account, topic: Topic, capsys: pytest.CaptureFixture[str]
) -> None:
    """The outage is refused in every form; the exposure after it is told, and the alarm hears."""
    topic.refuses = {"GET /items": REFUSED["too_long"]}
    account.gateway.broken.add("/items")
    account.minutes(2)
    assert topic.taken == []
    assert '"NoticesRefused":[1.0' in capsys.readouterr().out
    account.gateway.open.add("/orders")
    account.minutes(5)
    assert ["protected_route_open" in one["Message"] for one in topic.taken] == [True]
    assert account.table.ledger("orders").outbox == ()


def test_any_slice_fits_into_an_item() -> None:
    states = tuple(
        RouteState(route=f"GET /{chr(97 + n) * 700}", entrance=f"https://{e}{'y' * 300}", caller=c)
        for n in range(8)
        for e in range(10)
        for c in ("anonymous", *(f"caller-{one}" for one in range(20)))
    )
    assert len(pack_slice(Slice(api="a", name="1-0", states=states))) < ITEM_HOLDS

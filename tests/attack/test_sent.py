"""Sent is sent: whatever comes back, and whatever breaks while it is dealt with, what was sent
counts. Its status is kept, an exposure is told at once, and an open write is called once only.
"""

from __future__ import annotations

import gzip
import json
import logging
import socket
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewatch.adapters.local.sqlite import SqliteStore
from gatewatch.attempt import Attempt
from gatewatch.config.author import load
from gatewatch.config.canonical import Expect
from gatewatch.diagnosis.diagnose import diagnose
from gatewatch.evidence import evidence
from gatewatch.expect import ReceivedAnswer, missing
from gatewatch.model import Exchange, Finding, Outcome, Verdict
from gatewatch.probe.credentials import Keyring
from gatewatch.probe.prober import Prober
from gatewatch.probe.vault import Vault
from gatewatch.raw import RawExchange
from gatewatch.redaction.redactor import Redactor
from gatewatch.run import Report, run
from tests.servers import Handler, RawServer, serving

REFUSED = b'{"message":"Missing Authentication Token"}'
NOWHERE = (
    b"HTTP/1.1 403 Forbidden\r\nx-amzn-ErrorType: MissingAuthenticationTokenException\r\n"
    b"x-amzn-RequestId: r\r\nx-amz-apigw-id: a\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\n\r\n%s" % (len(REFUSED), REFUSED)
)
JSON = "Content-Type: application/json\r\n"


def open_to_strangers(answer: bytes) -> Handler:
    """`/r` gives everybody the same; a path that cannot exist is refused."""

    def handle(to: socket.socket, head: bytes) -> None:
        to.sendall(answer if head.split()[1] == b"/prod/r" else NOWHERE)
        to.close()

    return handle


def answer(body: bytes, headers: str = JSON) -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode() + body


class Laptop:
    """Runs one after the other, a minute between them, with one memory."""

    def __init__(self, server: RawServer, folder: Path, routes: Sequence[str]) -> None:
        text = f"apis: {{a: {{url: 'http://{server.place}/prod', routes: [{', '.join(routes)}]}}}}"
        self.server = server
        self.config = load(text, "test")
        self.store = SqliteStore(folder / "state.sqlite3")
        self._now = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self._now

    def run(self) -> Report:
        self._now += timedelta(minutes=1)
        prober = Prober(Keyring((), Vault(lambda _: "", self)), self)
        report = run(self.config, prober, self.store, self)
        prober.close()
        return report

    def called(self, method: str) -> int:
        start = f"{method} /prod/r ".encode()
        return sum(one.startswith(start) for one in self.server.requests)


def verdict(report: Report, route: str) -> Verdict:
    return next(one for one in report.verdicts if one.route == route)


def told(report: Report) -> set[tuple[str, Finding]]:
    return {(m.route, one.finding) for one in report.incidents for m in one.members}


READ, WRITE = "GET /r: {access: protected}", "POST /r: {access: protected}"
CUSTOMERS = b",".join(b'{"id": %d, "name": "x"}' % n for n in range(5_000))

# What strangers get, all of it from a route that must refuse them.
ANSWERS = {
    "a name that is an entity of 5,000 digits": answer(
        b'[{"name": "&#' + b"7" * 5_000 + b';"},' + CUSTOMERS + b"]"
    ),
    "an entity of zeros": answer(b'[{"name": "&#' + b"0" * 5_000 + b'65;"},' + CUSTOMERS + b"]"),
    "a hexadecimal entity": answer(b'[{"name": "&#x' + b"f" * 9_000 + b';"},' + CUSTOMERS + b"]"),
    "a text that reads like JSON": answer(b'"order [42] accepted"'),
    "JSON inside JSON": answer(rb'"{\"ok\": true}"'),
    "a thousand lists": answer(b"[" * 1_000 + b"]" * 1_000),
    "lists without end": answer(b"[" * 70_000),
    "objects without end": answer(b'{"a":' * 13_000),
    "an integer of 5,000 digits": answer(b'{"ok": true, "n": ' + b"9" * 5_000 + b"}"),
    "a number beyond all bounds": answer(b'{"ok": true, "n": 1e999}'),
    "half a character": answer(rb'{"ok": true, "name": "A\ud83d"}'),
    "no UTF-8": answer(b'{"name": "\xff\xfe\xc0"}'),
    "UTF-16 that is none": answer(b'{"a": 1', "Content-Type: application/json; charset=utf-16\r\n"),
    "a broken packing": answer(b"\x1f\x8b\x08broken", f"Content-Encoding: gzip\r\n{JSON}"),
    "a bomb": answer(
        gzip.compress(b'{"a": "' + b"x" * 9_000_000 + b'"}'), f"Content-Encoding: gzip\r\n{JSON}"
    ),
    "quotes and no end": answer(b"{'a" + b"'" * 60_000),
    "a message without end": answer(b'{"message": "' + b"\\" * 60_001),
    "headers of every byte": answer(b"{}", f"{JSON}X-\x01: \x02\x7f\u20ac\r\n"),
    "a body that is reset": b"HTTP/1.1 200 OK\r\n" + JSON.encode() + b"Content-Length: 9\r\n\r\n{",
    "a broken chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
    + JSON.encode()
    + b"\r\nnot a length\r\n",
    "a head that breaks off": b"HTTP/1.1 200 OK\r\nContent-Ty",
    "a head of a megabyte": b"HTTP/1.1 200 OK\r\n" + b"X-A: " + b"y" * 1_000_000 + b"\r\n\r\n",
    "a thousand headers": b"HTTP/1.1 200 OK\r\n" + b"X-A: y\r\n" * 1_000 + b"\r\n",
}


@pytest.mark.parametrize("name", ANSWERS)
def test_an_exposure_is_told_at_once_and_an_open_write_is_sent_once(
    name: str, tmp_path: Path
) -> None:
    with serving(open_to_strangers(ANSWERS[name])) as server:
        laptop = Laptop(server, tmp_path, [READ, WRITE])
        first = laptop.run()
        assert told(first) == {
            ("GET /r", Finding.PROTECTED_ROUTE_OPEN),
            ("POST /r", Finding.PROTECTED_ROUTE_OPEN),
        }
        assert first.summary.requests == len(server.requests)
        assert verdict(first, "GET /r").evidence[0].response.status == 200
        laptop.run()
        laptop.run()
        assert (laptop.called("GET"), laptop.called("POST")) == (3, 1)


@pytest.mark.parametrize("name", ANSWERS)
def test_whatever_is_expected_of_it_a_write_that_may_have_run_is_told_and_sent_once(
    name: str, tmp_path: Path
) -> None:
    expect = "expect: {json: {'$.ok': true}, body: 'accepted', headers: {etag: '.+'}}"
    with serving(open_to_strangers(ANSWERS[name])) as server:
        laptop = Laptop(server, tmp_path, [f"POST /r: {{access: protected, {expect}}}"])
        first = laptop.run()
        assert {finding for _, finding in told(first)} <= {
            Finding.PROTECTED_ROUTE_OPEN,
            Finding.GUARD_WEAKENED,
        }
        assert told(first)
        laptop.run()
        assert laptop.called("POST") == 1


# Each step that deals with what came, and how it fails alone.
def _breaks(*_: object, **__: object) -> object:
    raise RuntimeError("a fault that quotes what came: planted-secret")


STEPS = {
    "decoding the body": "gatewatch.evidence._decoded",
    "looking up what is expected": "gatewatch.evidence.missing",
    "telling who wrote the body": "gatewatch.evidence.keep_gateway_bodies",
    "noting the traits of the body": "gatewatch.evidence.signs_of_body",
    "reading the body": "gatewatch.evidence.bodies.failure_signs",
    "undoing entities": "gatewatch.gateway.body.unescape",
    "redacting texts": "gatewatch.redaction.redactor.Redactor.text",
    "redacting headers": "gatewatch.redaction.redactor.Redactor.headers",
    "learning what is secret": "gatewatch.redaction.redactor.Redactor.knowing",
    "redacting URLs": "gatewatch.redaction.redactor.Redactor.url",
    "diagnosing": "gatewatch.looking.result.diagnose",
    "judging": "gatewatch.looking.result.judge",
    "doubting": "gatewatch.looking.result.in_doubt",
    "asking on": "gatewatch.looking.loop.next_control",
    "recording": "gatewatch.looking.loop.evidence",
    "making a redactor": "gatewatch.probe.prober.Prober.redactor",
}


@pytest.mark.parametrize("step", STEPS)
def test_a_step_that_fails_is_said_and_takes_nothing_back(
    step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    expect = "expect: {json: {'$.ok': true}}"
    routes = [f"{one[:-1]}, {expect}}}" for one in (READ, WRITE)]
    body = b'{"ok": true, "list": [' + b"&#65;" * 100
    with serving(open_to_strangers(answer(body))) as server:
        laptop = Laptop(server, tmp_path, routes)
        monkeypatch.setattr(STEPS[step], _breaks)
        with caplog.at_level(logging.ERROR):
            first = laptop.run()
        assert first.summary.requests == len(server.requests)
        assert {route for route, _ in told(first)} >= {"POST /r"}
        laptop.run()
        assert laptop.called("POST") == 1
    assert "planted-secret" not in caplog.text
    assert b"planted-secret" not in msgspec.json.encode(first)


# Body, what is expected -> how much is certainly missing, of how much nobody can say.
LOOKED_UP = {
    "a text is no document": (b'"order [42] accepted"', {"$.ok": True}, 1, 0),
    "a text is itself": (b'"order [42] accepted"', {"$": "order [42] accepted"}, 0, 0),
    "what is in a text is not in the body": (rb'"{\"ok\": true}"', {"$.ok": True}, 1, 0),
    "nor by descent": (rb'"{\"ok\": true}"', {"$..ok": True}, 1, 0),
    "nor deeper": (rb'"\"{}\""', {"$.ok": True}, 1, 0),
    "a number has nothing in it": (b"42", {"$.ok": True, "$[0]": 4}, 2, 0),
    "null has nothing in it": (b"null", {"$.ok": True}, 1, 0),
    "a huge number beside it": (b'{"ok": true, "n": ' + b"9" * 5_000 + b"}", {"$.ok": True}, 0, 0),
    "a huge number itself": (b'{"n": ' + b"9" * 5_000 + b"}", {"$.n": 1}, 1, 0),
    "a long number": (b'{"n": ' + b"9" * 400 + b"}", {"$.n": 1}, 1, 0),
    "beyond all bounds": (b'{"n": 1e999}', {"$.n": 1}, 1, 0),
    "half a character beside it": (rb'{"ok": true, "n": "\ud83d"}', {"$.ok": True}, 0, 0),
    "half a character itself": (rb'{"n": "\ud83d"}', {"$.n": 1}, 1, 0),
    "no JSON": (b"<html>", {"$.ok": True}, 1, 0),
    "NaN": (b'{"ok": NaN}', {"$.ok": True}, 1, 0),
    "nested too deep": (b"[" * 60_000 + b"]" * 5_000, {"$.ok": True}, 0, 1),
    "more than is read": (b'{"ok": true, "list": [' + b'"x",' * 30_000, {"$.ok": True}, 0, 1),
    "more than is read of a page": (b"<html>" + b"x" * 70_000, {"$.ok": True}, 1, 0),
    "nothing that came": (b"", {"$.ok": True}, 1, 0),
}


@pytest.mark.parametrize("name", LOOKED_UP)
def test_what_is_expected_is_looked_up_in_the_body_itself(name: str) -> None:
    body, expected, missing_ones, untold = LOOKED_UP[name]
    response = recorded(body, expect=Expect(json=expected)).response
    assert (len(response.unmet), len(response.unread)) == (missing_ones, untold)
    assert msgspec.json.encode(response)


def test_what_was_not_read_is_unknown_to_who_should_get_in(tmp_path: Path) -> None:
    body = b'{"ok": true, "list": [' + b'"x",' * 30_000
    with serving(open_to_strangers(answer(body))) as server:
        routes = ["GET /r: {access: public, expect: {json: {'$.ok': true}}}"]
        found = verdict(Laptop(server, tmp_path, routes).run(), "GET /r")
    assert (found.outcome, found.finding) == (Outcome.UNKNOWN, None)
    assert found.because == "status 200, but no more than the beginning of the body was read"


# What did not come is not empty: of a refusal without its body no cause is certain.
HEADS = {
    "an HTTP API's 503": b"HTTP/1.1 503 Service Unavailable\r\nApigw-Requestid: r=\r\n",
    "an HTTP API's 403": b"HTTP/1.1 403 Forbidden\r\nApigw-Requestid: r=\r\n",
    "a REST API's 403": b"HTTP/1.1 403 Forbidden\r\nx-amzn-RequestId: r\r\nx-amz-apigw-id: a\r\n",
    "a REST API's 500": b"HTTP/1.1 500 No\r\nx-amzn-RequestId: r\r\nx-amz-apigw-id: a\r\n",
}
BODY = b'{"message":"Service Unavailable"}'
ENDS = {
    "no body": b"Content-Length: 33\r\n\r\n",
    "half a body": b"Content-Length: 33\r\n\r\n" + BODY[:12],
    "no end of the head": b"Content-Len",
}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("head", HEADS)
def test_of_an_answer_that_broke_off_no_cause_is_certain(
    head: str, end: str, tmp_path: Path
) -> None:
    kind = b"Content-Type: application/json\r\nDate: d\r\n"
    with serving(open_to_strangers(HEADS[head] + kind + ENDS[end])) as server:
        found = verdict(Laptop(server, tmp_path, ["GET /r: public"]).run(), "GET /r")
    assert found.evidence[0].response.status == int(HEADS[head].split()[1])
    assert found.confidence != "certain"


# Fuzzing: nothing that comes may raise beyond the record.

LOOK = Attempt(
    api="a",
    route="GET /x",
    entrance="https://a.example.com",
    method="GET",
    url="https://a.example.com/x",
    timeout_seconds=1,
    expect=Expect(json={"$..a": 1, "$": "x"}, body="(a|b)+c", headers={"X-A": "a+"}),
)


def recorded(
    body: bytes,
    *,
    expect: Expect | None = LOOK.expect,
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/json"),),
    status: int = 200,
    whole: bool = True,
) -> Exchange:
    raw = RawExchange(
        attempt=replace(LOOK, expect=expect),
        sent_at="2026-11-22T00:00:00+00:00",
        status=status,
        headers=headers,
        body=body,
        body_is_whole=whole,
    )
    return evidence(raw, Redactor(("a-secret-of-ours",)))


PIECES = st.sampled_from(
    (
        *(b"&#", b"&#x", b"{", b"[", b'"', b"}", b"]", b":", b",", b"-", b"'", b"a", b"9" * 300),
        *(b"\\", b"\\u", b"\\ud800", b'"message":', b"<html>", b"\xff", b"\x00", b"e999"),
        b"a-secret-of-ours",
    )
)
BODIES = st.one_of(
    st.binary(max_size=300),
    st.lists(PIECES, max_size=60).map(b"".join),
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=9),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
        max_leaves=20,
    ).map(lambda value: json.dumps(value).encode()),
)
NAMES = st.sampled_from(
    ["Content-Type", "Content-Encoding", "x-amzn-ErrorType", "Server", "Location", "X-A", "Via"]
)
VALUES = st.one_of(
    st.text(st.characters(max_codepoint=255), max_size=60),
    st.sampled_from(["gzip", "deflate", "text/html; charset=utf-16", "application/json", "A:B:"]),
)


@given(
    body=BODIES,
    headers=st.lists(st.tuples(NAMES, VALUES), max_size=8),
    status=st.sampled_from([200, 201, 302, 400, 401, 403, 404, 429, 500, 503, 999]),
    whole=st.booleans(),
)
def test_any_answer_is_recorded_and_diagnosed(
    body: bytes, headers: list[tuple[str, str]], status: int, whole: bool
) -> None:
    found = recorded(body, headers=tuple(headers), status=status, whole=whole)
    assert found.response.status == status
    assert not any("internal error" in one for one in found.response.unread)
    assert "a-secret-of-ours" not in msgspec.json.encode(found).decode()
    assert diagnose([found])


@given(body=st.text(max_size=60) | BODIES.map(lambda one: one.decode("utf-8", "replace")))
def test_any_body_can_be_looked_into(body: str) -> None:
    expect = Expect(json={"$": 1, "$.a": "x", "$..a[?@.b > 1]": None, "$[0:9:2]": {}}, body="a.b")
    for one in missing(expect, ReceivedAnswer({}, body)):
        assert one.text.encode()

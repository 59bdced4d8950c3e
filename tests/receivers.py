"""Servers on this machine that take messages as PagerDuty, Opsgenie, incident.io, Slack, Teams and
a webhook's receiver do: over TLS or plain, with their checks, limits and words.

They can be made to misbehave for the next requests, and record what they accepted.
"""

from __future__ import annotations

import contextlib
import json
import re
import socket
import ssl
import struct
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import unquote, urlsplit

import jsonschema
import trustme

from gatewatch.config.canonical import Channel, Hook, HookKind, SecretRef, SecretSource
from tests.servers import serving

KEY = "0123456789abcdef0123456789abcdef"
"""PagerDuty's routing key, Opsgenie's API key and bearer tokens here."""
SIGN = "a-secret-to-sign-with"
KEY_REF = SecretRef(source=SecretSource.ENV, name="KEY")
SIGN_REF = SecretRef(source=SecretSource.ENV, name="SIGN")
URL_REF = SecretRef(source=SecretSource.ENV, name="URL")

# The documented part of each request: the pages are named in the shapes.
PAGERDUTY: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["routing_key", "event_action"],
    "properties": {
        "routing_key": {"type": "string", "minLength": 32, "maxLength": 32},
        "event_action": {"enum": ["trigger", "acknowledge", "resolve"]},
        "dedup_key": {"type": "string", "minLength": 1, "maxLength": 255},
        "client": {"type": "string"},
        "client_url": {"type": "string", "pattern": "^https?://"},
        "links": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["href"],
                "additionalProperties": False,
                "properties": {
                    "href": {"type": "string", "pattern": "^https?://"},
                    "text": {"type": "string"},
                },
            },
        },
        "payload": {
            "type": "object",
            "additionalProperties": False,
            "required": ["summary", "source", "severity"],
            "properties": {
                "summary": {"type": "string", "minLength": 1, "maxLength": 1024},
                "source": {"type": "string", "minLength": 1},
                "severity": {"enum": ["critical", "error", "warning", "info"]},
                "timestamp": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"},
                "component": {"type": "string"},
                "group": {"type": "string"},
                "class": {"type": "string"},
                "custom_details": {"type": "object"},
            },
        },
    },
    "if": {"properties": {"event_action": {"const": "trigger"}}},
    "then": {"required": ["payload"]},
    "else": {"required": ["dedup_key"]},
}
OPSGENIE: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["message"],
    "properties": {
        "message": {"type": "string", "minLength": 1, "maxLength": 130},
        "alias": {"type": "string", "minLength": 1, "maxLength": 512},
        "description": {"type": "string", "maxLength": 15_000},
        "priority": {"enum": ["P1", "P2", "P3", "P4", "P5"]},
        "tags": {"type": "array", "maxItems": 20, "items": {"type": "string", "maxLength": 50}},
        "details": {"type": "object", "additionalProperties": {"type": "string"}},
        "entity": {"type": "string", "maxLength": 512},
        "source": {"type": "string", "maxLength": 100},
        "user": {"type": "string", "maxLength": 100},
        "note": {"type": "string", "maxLength": 25_000},
    },
}
OPSGENIE_NOTE: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {name: OPSGENIE["properties"][name] for name in ("source", "user", "note")},
}
INCIDENT_IO: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["title", "status", "deduplication_key"],
    "properties": {
        "title": {"type": "string", "minLength": 1},
        "description": {"type": "string"},
        "status": {"enum": ["firing", "resolved"]},
        "deduplication_key": {"type": "string", "minLength": 1},
        "metadata": {"type": "object"},
        "source_url": {"type": "string", "pattern": "^https?://"},
    },
}


@dataclass(frozen=True)
class Got:
    """One whole request."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Reply:
    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    def written(self) -> bytes:
        head = {"Content-Length": str(len(self.body)), **self.headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
        return f"HTTP/1.1 {self.status} X\r\n{lines}\r\n".encode() + self.body


Mood = Callable[[socket.socket, Got], None]
"""How one request is dealt with, instead of as the service would."""


def answers(status: int, body: bytes = b"", **headers: str) -> Mood:
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    def mood(connection: socket.socket, _: Got) -> None:
        connection.sendall(Reply(status, body, named).written())

    return mood


def redirects(to: str, status: int = 307) -> Mood:
    return answers(status, Location=to)


def hangs(connection: socket.socket, _: Got) -> None:
    """Until the other side gives up."""
    with contextlib.suppress(OSError):
        connection.recv(1)


def drips(connection: socket.socket, _: Got) -> None:
    """A byte of a head now and then, for ever."""
    connection.sendall(b"HTTP/1.1 202 X\r\nX: ")
    connection.settimeout(0.05)
    while True:
        connection.sendall(b"x")
        with contextlib.suppress(TimeoutError):
            if connection.recv(1) == b"":
                return


def resets(connection: socket.socket, _: Got) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def floods(connection: socket.socket, _: Got) -> None:
    connection.sendall(b"HTTP/1.1 500 X\r\nContent-Length: 1000000000\r\n\r\n")
    with contextlib.suppress(OSError):
        while True:
            connection.sendall(b"x" * 65536)


def babbles(connection: socket.socket, _: Got) -> None:
    connection.sendall(b"220 mail.example.com ESMTP\r\n\r\n")
    connection.close()


def echoes(status: int) -> Mood:
    """Repeats all that it was sent, in its body and in a header."""

    def mood(connection: socket.socket, got: Got) -> None:
        told = json.dumps([got.target, dict(got.headers), got.body.decode("utf-8", "replace")])
        connection.sendall(Reply(status, told.encode(), {"X-Echo": told[:2000]}).written())

    return mood


@dataclass
class Receiver:
    """`moods`: for the next requests, in this order; then it behaves. `got`: every request.
    `accepted`: those that it took, by the key of the incident. `pages`: what became of each."""

    kind: HookKind
    url: str = ""
    authority: str | None = None
    got: list[Got] = field(default_factory=list)
    accepted: dict[str, list[Got]] = field(default_factory=dict)
    pages: dict[str, str] = field(default_factory=dict)
    moods: deque[Mood] = field(default_factory=deque)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def place(self) -> str:
        parts = urlsplit(self.url)
        return f"{parts.hostname}:{parts.port}"

    @property
    def hook(self) -> Hook:
        """How a channel names it; its secrets are read with `reveal`."""
        is_secret = self.kind in (HookKind.SLACK, HookKind.TEAMS)
        is_keyed = self.kind not in (HookKind.SLACK, HookKind.TEAMS)
        return Hook(
            kind=self.kind,
            url=URL_REF if is_secret else self.url,
            hosts=(self.place,),
            key=KEY_REF if is_keyed else None,
            sign=SIGN_REF if self.kind is HookKind.WEBHOOK else None,
            authority=self.authority,
        )

    @property
    def channel(self) -> Channel:
        return Channel(name=self.kind.value, hook=self.hook)

    def reveal(self, ref: SecretRef) -> str:
        return {KEY_REF: KEY, SIGN_REF: SIGN, URL_REF: self.url}[ref]

    def handle(self, connection: socket.socket, head: bytes) -> None:
        got = _request(connection, head)
        with self.lock:
            self.got.append(got)
            mood = self.moods.popleft() if self.moods else None
        if mood is not None:
            mood(connection, got)
            return
        connection.sendall(self.answer(got).written())

    def answer(self, got: Got) -> Reply:
        """As the service does."""
        return _SERVICES[self.kind](self, got)

    def take(self, key: str, got: Got) -> None:
        with self.lock:
            self.accepted.setdefault(key, []).append(got)


def _request(connection: socket.socket, head: bytes) -> Got:
    top, _, body = head.partition(b"\r\n\r\n")
    first, *lines = top.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ", 2)
    pairs = (line.partition(":") for line in lines)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    length = int(headers.get("content-length", "0"))
    while len(body) < length:
        part = connection.recv(65536)
        if not part:
            break
        body += part
    return Got(method, target, headers, body)


def _as_json(code: int, /, **told: Any) -> Reply:
    return Reply(code, json.dumps(told).encode(), {"Content-Type": "application/json"})


def _wrong(body: bytes, schema: Mapping[str, Any]) -> str | None:
    try:
        jsonschema.validate(json.loads(body), schema)
    except ValueError:
        return "JSON parse error"
    except jsonschema.ValidationError as error:
        return error.message[:200]
    return None


def _pagerduty(self: Receiver, got: Got) -> Reply:
    if len(got.body) > 512 * 1024:
        return _as_json(413, status="payload too large", message="")
    wrong = _wrong(got.body, PAGERDUTY)
    if wrong is None and got.json["routing_key"] != KEY:
        wrong = "Invalid routing key"
    if wrong is not None:
        told = "Event object is invalid"
        return _as_json(400, status="invalid event", message=told, errors=[wrong])
    event = got.json
    key, action = event["dedup_key"], event["event_action"]
    self.take(key, got)
    if action == "trigger" and self.pages.get(key) != "acknowledged":
        self.pages[key] = "triggered"
    elif action != "trigger" and self.pages.get(key) in ("triggered", "acknowledged"):
        self.pages[key] = {"acknowledge": "acknowledged", "resolve": "resolved"}[action]
    return _as_json(202, status="success", message="Event processed", dedup_key=key)


_ALERT = re.compile(r"/v2/alerts/(?P<alias>[^/?]+)/(?P<action>acknowledge|close)")


def _opsgenie(self: Receiver, got: Got) -> Reply:
    if got.headers.get("authorization") != f"GenieKey {KEY}":
        return _as_json(403, message="Could not authenticate", took=0.001, requestId="r")
    parts = urlsplit(got.target)
    found = _ALERT.fullmatch(parts.path)
    wrong = _wrong(got.body, OPSGENIE_NOTE if found else OPSGENIE)
    if wrong is not None:
        return _as_json(422, message=wrong, took=0.001, requestId="r")
    if found is not None and parts.query == "identifierType=alias":
        alias = unquote(found["alias"])
        if alias in self.pages:
            self.pages[alias] = {"acknowledge": "acknowledged", "close": "resolved"}[
                found["action"]
            ]
    elif parts.path == "/v2/alerts":
        alias = got.json["alias"]
        self.pages[alias] = "triggered"
    else:
        return _as_json(404, message="No such resource", took=0.001, requestId="r")
    self.take(alias, got)
    return _as_json(202, result="Request will be processed", took=0.3, requestId="r")


def _incident_io(self: Receiver, got: Got) -> Reply:
    if got.headers.get("authorization") != f"Bearer {KEY}":
        return _as_json(401, type="authentication_error", status=401, request_id="r", errors=[])
    wrong = _wrong(got.body, INCIDENT_IO)
    if wrong is not None:
        return _as_json(422, type="validation_error", status=422, errors=[{"message": wrong}])
    key = got.json["deduplication_key"]
    self.take(key, got)
    self.pages[key] = {"firing": "triggered", "resolved": "resolved"}[got.json["status"]]
    told = "Event accepted for processing"
    return _as_json(202, status="success", message=told, deduplication_key=key)


def _slack(self: Receiver, got: Got) -> Reply:
    try:
        said = got.json
    except ValueError:
        return Reply(400, b"invalid_payload")
    if not said.get("text") and not said.get("blocks"):
        return Reply(400, b"no_text")
    if len(said.get("blocks", ())) > 50:
        return Reply(400, b"invalid_blocks")
    self.take("slack", got)
    return Reply(200, b"ok")


def _teams(self: Receiver, got: Got) -> Reply:
    if len(got.body) > 28 * 1024:
        return Reply(413)
    try:
        said = got.json
    except ValueError:
        return Reply(400)
    if said.get("type") != "message" or not said.get("attachments"):
        return Reply(400)
    self.take("teams", got)
    return Reply(202)


def _webhook(self: Receiver, got: Got) -> Reply:
    self.take(got.headers.get("x-gatewatch-message-id", ""), got)
    return Reply(204)


_SERVICES: dict[HookKind, Callable[[Receiver, Got], Reply]] = {
    HookKind.PAGERDUTY: _pagerduty,
    HookKind.OPSGENIE: _opsgenie,
    HookKind.INCIDENT_IO: _incident_io,
    HookKind.SLACK: _slack,
    HookKind.TEAMS: _teams,
    HookKind.WEBHOOK: _webhook,
}
_PATHS = {
    HookKind.PAGERDUTY: "/v2/enqueue",
    HookKind.OPSGENIE: "/v2/alerts",
    HookKind.INCIDENT_IO: "/v2/alert_events/http/01SOURCE",
    HookKind.SLACK: "/services/T000/B000/the-secret-of-slack",
    HookKind.TEAMS: "/workflows/1/triggers/manual/paths/invoke?sp=%2Ftriggers&sig=secret-of-teams",
    HookKind.WEBHOOK: "/hook",
}


@cache
def authority() -> trustme.CA:
    """Whom a client must be told to trust."""
    return trustme.CA()


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority().issue_cert("127.0.0.1").configure_cert(context)
    return context


@contextmanager
def receiving(kind: HookKind, *, is_secure: bool = False) -> Iterator[Receiver]:
    """`is_secure`: over TLS, with a certificate of `authority`."""
    receiver = Receiver(kind)
    with serving(receiver.handle, _context() if is_secure else None) as server:
        receiver.url = f"http{'s' if is_secure else ''}://{server.place}{_PATHS[kind]}"
        if is_secure:
            receiver.authority = authority().cert_pem.bytes().decode()
        yield receiver

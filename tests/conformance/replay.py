"""Sends a row's request to the sandbox over TLS, and holds the answer against the row."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import re
import socket
import ssl
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from pathlib import Path
from urllib.parse import quote

from gatewatch.sandbox.memory import Memory
from gatewatch.sandbox.server import Running, Sandbox, running
from gatewatch.sandbox.world import World

from . import backends, guards, routing
from .scene import KEY_ID, Row, Scene, Sent, Staging, default_sent, scene

CORPUS = Path(__file__).parent.parent.parent / "tests" / "corpus" / "observed.jsonl"
STAGINGS = (*routing.STAGINGS, *guards.STAGINGS, *backends.STAGINGS)


class Outcome(StrEnum):
    """What came of a row. Some bodies were pasted in part, in another layout, or without markup."""

    REPRODUCED = "reproduced"
    AS_PASTED = "reproduced as far as the paste shows"
    DIFFERENT = "different"


@dataclass(frozen=True)
class Answered:
    """What the sandbox answered; status 0: the connection was refused. Names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: str

    @property
    def error_type(self) -> str | None:
        return self.headers.get("x-amzn-errortype")


@dataclass(frozen=True)
class Replayed:
    row: str
    outcome: Outcome
    recorded: str = ""
    answered: str = ""
    because: str = ""


@cache
def corpus() -> Mapping[str, Row]:
    rows = (json.loads(line) for line in CORPUS.read_text().splitlines())
    return {row["id"]: row for row in rows}


def replayed(only: Iterable[str] = ()) -> list[Replayed]:
    """Every row that can be staged, or those that are named."""
    wanted = set(only) or set(corpus())
    with tempfile.TemporaryDirectory(prefix="gatewatch-") as folder:
        sandbox = Sandbox(World(at_cloudfront=frozenset({"localhost"})))
        with running(sandbox, Path(folder)) as place:
            return [
                compared(corpus()[row], _answer(sandbox, place, staged, row))
                for staged in STAGINGS
                for row in staged.rows
                if row in wanted
            ]


def _answer(sandbox: Sandbox, place: Running, staged: Staging, row_id: str) -> Answered:
    row = corpus()[row_id]
    here = scene(row, staged.url)
    now = staged.now or datetime.now(UTC)
    sandbox.now = lambda: now
    sandbox.memory = Memory()
    world = staged.world(here)
    sandbox.change(lambda _: world)
    sent = staged.sent or default_sent(row)
    if staged.sent is not None:
        sent = replace(sent, headers={**default_sent(row).headers, **sent.headers})
    if staged.before is not None:
        _send(place, here, sent, now, here.url.path.removesuffix(here.path) + staged.before)
    return _send(place, here, sent, now)


def _send(
    place: Running, here: Scene, sent: Sent, now: datetime, path: str | None = None
) -> Answered:
    context = ssl.create_default_context(cafile=place.ca_file)
    context.check_hostname = False
    query = f"?{quote(here.url.query, safe='=&%')}" if here.url.query else ""
    target = f"{path or here.url.path or '/'}"
    headers = {"host": here.host, **sent.headers}
    if sent.signed is not None:
        headers |= _signature(here, target, query[1:], sent, now)
    port = int(place.connect_to.rpartition(":")[2])
    try:
        with (
            socket.create_connection(("127.0.0.1", port)) as raw,
            context.wrap_socket(raw, server_hostname=here.host) as secure,
        ):
            connection = http.client.HTTPConnection(here.host)
            connection.sock = secure
            connection.request(here.method, target + query, body=sent.body, headers=headers)
            response = connection.getresponse()
            body = response.read().decode()
    except ssl.SSLError:
        return Answered(0, {}, "")
    named = {name.lower(): value for name, value in response.getheaders()}
    return Answered(response.status, named, body)


def _signature(here: Scene, path: str, query: str, sent: Sent, now: datetime) -> dict[str, str]:
    """An AWS signature, made here from its specification."""
    stamp = (sent.signed_at or now).strftime("%Y%m%dT%H%M%SZ")
    service, region = (
        ("lambda", "us-east-1") if ".lambda-url." in here.host else ("execute-api", "")
    )
    region = region or (here.host.split(".")[2] if ".execute-api." in here.host else "us-east-1")
    names = "host;x-amz-date"
    canonical = "\n".join(
        (
            here.method,
            quote(quote(path, safe="/~"), safe="/~"),
            "&".join(sorted(query.split("&"))) if query else "",
            f"host:{here.host}\nx-amz-date:{stamp}\n",
            names,
            hashlib.sha256(sent.body).hexdigest(),
        )
    )
    scope = f"{stamp[:8]}/{region}/{service}/aws4_request"
    hashed = hashlib.sha256(canonical.encode()).hexdigest()
    text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashed}"
    key = f"AWS4{sent.signed}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    value = (
        f"AWS4-HMAC-SHA256 Credential={KEY_ID}/{scope}, SignedHeaders={names}, "
        f"Signature={signature}"
    )
    return {"x-amz-date": stamp, "authorization": value}


def compared(row: Row, answered: Answered) -> Replayed:
    """Status, error type and body; ids, hosts, hashes and times aside."""
    response = row["response"]
    outcome = Outcome.REPRODUCED
    differs = []
    if (response.get("status") or 0) != answered.status:
        differs.append("status")
    if _types_differ(response.get("headers", {}), answered.error_type):
        differs.append("error type")
    differs += _headers_missing(response.get("headers", {}), answered.headers)
    body = response.get("body")
    if body is not None and not _fits(_plain(body), _plain(answered.body)):
        if _shows(_plain(body), _plain(answered.body)):
            outcome = Outcome.AS_PASTED
        else:
            differs.append("body")
    recorded_type = response.get("headers", {}).get("x-amzn-errortype", "")
    return Replayed(
        row["id"],
        Outcome.DIFFERENT if differs else outcome,
        f"{response.get('status')} {recorded_type} {body}",
        f"{answered.status} {answered.error_type or ''} {answered.body}",
        ", ".join(differs),
    )


def _types_differ(headers: Mapping[str, str], error_type: str | None) -> bool:
    """That a row has no error type counts only where its headers were recorded whole."""
    recorded = headers.get("x-amzn-errortype")
    whole = "x-amzn-requestid" in headers or "apigw-requestid" in headers
    return recorded != error_type if recorded is not None or whole else False


_IDS = ("x-amzn-requestid", "x-amz-apigw-id", "apigw-requestid", "x-amz-cf-id", "via")
_SAME = ("server", "x-cache", "www-authenticate", "x-amzn-waf-action")


def _headers_missing(recorded: Mapping[str, str], answered: Mapping[str, str]) -> list[str]:
    """Ids must be there, whatever they are; headers that tell who answered must be the same."""
    lacking = [name for name in _IDS if name in recorded and name not in answered]
    return lacking + [
        name for name in _SAME if name in recorded and answered.get(name) != recorded[name]
    ]


_ASIDE = (
    (r"[A-Za-z0-9+/]{43}=", "<hash>"),
    (r"Request ID: \S+", "Request ID: <id>"),
    (r'DTD HTML 4\.01 Transitional//EN" "http://[^/]+', "<dtd host>"),
    (r'"(apiId|time)": "[^"]*"', r'"\1": "<id>"'),
    (r"(arn:aws:execute-api:[^:]+:[^:]+:)[^/]+/", r"\1<api-id>/"),
)


def _plain(body: str) -> str:
    for pattern, stand_in in _ASIDE:
        body = re.sub(pattern, stand_in, body)
    return body


_UNREADABLE = r"<[a-z-]+>|REDACTED"


def _fits(recorded: str, answered: str) -> bool:
    """Whether the texts are equal where the recorded one was not made unreadable."""
    if not recorded.startswith("{"):
        return recorded == answered
    return re.fullmatch(_pattern(recorded, _UNREADABLE), answered) is not None


def _shows(recorded: str, answered: str) -> bool:
    """Whether what was pasted is in the answer, space, markup and what was left out aside."""
    has_markup = "<H1>" in recorded
    seen = re.sub(r"\s+", "", recorded)
    whole = re.sub(r"\s+", "", answered if has_markup else _MARKUP.sub("", answered))
    return re.search(_pattern(seen, rf"{_UNREADABLE}|…|\.\.\."), whole) is not None


_MARKUP = re.compile(r"</?[A-Z!][^>]*>")


def _pattern(recorded: str, gap: str) -> str:
    return r"[^{}]*?".join(re.escape(part) for part in re.split(gap, recorded))

"""How tests write exchanges down: one line each, as a person would tell them.

    GET https://host/prod/x with bearer=valid + api_key -> rest 403 ForbiddenException | Forbidden

Left of the arrow: method, URL, credentials (`kind` or `kind=validity`; `untold`: somebody else's
call, of which no credential is told), `(control)`. Right of it:
who answered, with the headers that this front door sends (`rest`, `http`, `function_url`), or
`backend` (behind a REST API), or `bare` (headers not shown), or `none` (no HTTP response); then
status, error type, and after `|` the body: a text stands for `{"message": text}`. Further parts
after `|` are response headers.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from gatewatch.model import (
    CredentialKind,
    Exchange,
    Purpose,
    Request,
    Response,
    SentCredential,
    Validity,
)
from gatewatch.transcripts.exchanges import exchange as from_json

CORPUS = Path(__file__).parent / "corpus" / "observed.jsonl"
HOST = "https://abc123.execute-api.us-east-1.amazonaws.com"

_REST = {"Date": "Sun, 22 Nov 2026 01:02:03 GMT", "x-amzn-RequestId": "r", "x-amz-apigw-id": "a"}
_FRONTS = {
    "rest": _REST,
    "http": {"Date": "Sun, 22 Nov 2026 01:02:03 GMT", "apigw-requestid": "a"},
    "function_url": {"Date": "Sun, 22 Nov 2026 01:02:03 GMT", "x-amzn-RequestId": "r"},
    "backend": {**_REST, "X-Amzn-Trace-Id": "Root=1-0-0"},
    "behind_http": {"Date": "Sun, 22 Nov 2026 01:02:03 GMT", "Apigw-Requestid": "a"},
    "stranger": {"Date": "Sun, 22 Nov 2026 01:02:03 GMT", "Server": "nginx"},
    "bare": {},
}
_SENT = re.compile(
    r"(?P<method>[A-Z]+) (?P<url>\S+)(?: with (?P<credentials>[^(]+?))?(?P<control> \(control\))?"
)


def look(line: str) -> Exchange:
    sent, _, seen = line.partition(" -> ")
    match = _SENT.fullmatch(sent.strip())
    if match is None:
        raise ValueError(f"not a look: {line}")
    return Exchange(
        request=Request(
            method=match["method"],
            url=match["url"].replace("HOST", HOST),
            credential=None if match["credentials"] else CredentialKind.NONE,
            credentials=_credentials(match["credentials"]),
            purpose=Purpose.CONTROL if match["control"] else Purpose.LOOK,
            route=None if match["credentials"] == "untold" else "GET /x",
        ),
        response=_response(seen.strip()),
    )


def _credentials(text: str | None) -> tuple[SentCredential, ...]:
    found = []
    for part in (text or "").replace("untold", "").split("+"):
        kind, _, validity = part.strip().partition("=")
        if kind:
            found.append(SentCredential(CredentialKind(kind), Validity(validity or "unknown")))
    return tuple(found)


def _response(text: str) -> Response:
    first, *rest = (part.strip() for part in text.split(" | "))
    front, _, told = first.partition(" ")
    if front == "none":
        return Response(error=told or None)
    status, _, error_type = told.partition(" ")
    headers = dict(_FRONTS[front])
    if error_type:
        headers["x-amzn-ErrorType"] = error_type
    for part in rest[1:]:
        name, _, value = part.partition(": ")
        headers[name] = value
    return Response(status=int(status), headers=headers, body=_body(rest[0]) if rest else None)


def _body(text: str) -> str:
    plain = text[:1] in ("{", "[", "<") or text in ("", "''")
    return "" if text == "''" else text if plain else json.dumps({"message": text})


def corpus() -> dict[str, dict[str, object]]:
    """The recorded responses by id."""
    rows = (json.loads(line) for line in CORPUS.read_text().splitlines())
    return {row["id"]: row for row in rows}


def recorded(row_id: str) -> Exchange:
    return from_json(corpus()[row_id])

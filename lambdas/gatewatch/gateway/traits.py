"""The traits of a response: its signs by name, and who wrote it by those signs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum

from gatewatch.gateway import body as bodies
from gatewatch.gateway.answers import Answer
from gatewatch.gateway.body import BodyForm, BodyText
from gatewatch.model import Exchange


class Writer(Enum):
    """Who wrote a response without an error type, as far as its headers show.

    `INTEGRATION`: only an integration sends them. `PROBABLY_INTEGRATION`: mostly an integration
    does, by a trace id or the spelling. `UNTYPED`: only the error type of a gateway's own answer is
    missing, and a CDN may have removed it. `STRANGER`: all headers were seen, and none is AWS's.
    `EITHER`: they show nothing.
    """

    INTEGRATION = "integration"
    PROBABLY_INTEGRATION = "probably integration"
    UNTYPED = "untyped"
    STRANGER = "stranger"
    EITHER = "either"


@dataclass(frozen=True, slots=True)
class Traits:
    """`by_rest`, `by_http`: it has the id headers of a REST or an HTTP API. `body_is_lost`: it had,
    or may have had, a body of which nothing useful arrived."""

    status: int
    headers: Mapping[str, str]
    error_type: str | None
    body: BodyText
    challenge: str | None
    by_rest: bool
    by_http: bool
    writer: Writer
    body_is_lost: bool

    @property
    def has_all_headers(self) -> bool:
        return any(name in self.headers for name in _TRANSPORT_HEADERS)

    @property
    def as_backends(self) -> Answer:
        """Which answer it is if the backend wrote it."""
        if self.status in (401, 403):
            return Answer.BACKEND_DENIED
        if self.status in (404, 410):
            return Answer.BACKEND_NOT_FOUND
        return Answer.BACKEND_REJECTED if self.status < 500 else Answer.BACKEND_ERROR


_TRANSPORT_HEADERS = ("date", "content-length", "transfer-encoding")
_REST_IDS = ("x-amzn-requestid", "x-amz-apigw-id")
_HTTP_ID = "apigw-requestid"
# On an HTTP API an integration's answer spells the id so; the gateway's own answers use lower case.
# Recorded over HTTP/1.1 without exception (radkawar/stackd, 2026-09). No proof: some clients (Go's)
# spell every name so.
_HTTP_ID_OF_AN_INTEGRATION = "Apigw-Requestid"


def traits_of(exchange: Exchange) -> Traits:
    response = exchange.response
    headers = {name.lower(): value for name, value in response.headers.items()}
    error_type = headers.get("x-amzn-errortype", "").split(":")[0].split(",")[0].strip() or None
    body = _body(exchange)
    return Traits(
        status=response.status,
        headers=headers,
        error_type=error_type,
        body=body,
        challenge=headers.get("www-authenticate"),
        by_rest=any(name in headers for name in _REST_IDS),
        by_http=_HTTP_ID in headers,
        writer=_writer(response.headers, headers),
        body_is_lost=_is_lost(exchange, body),
    )


def _body(exchange: Exchange) -> BodyText:
    response = exchange.response
    if response.body is None and response.body_sha256 is not None:
        form = BodyForm.UNSEEN if response.is_cut else BodyForm.TEXT
        return BodyText(form, inner_failure=bodies.INNER_FAILURE in response.signs)
    body = bodies.read_body(response.body)
    if body.form is BodyForm.EMPTY and not _came_empty(exchange):
        return BodyText(BodyForm.UNSEEN)
    return replace(body, cut=True) if response.is_cut and body.form is BodyForm.TEXT else body


TELLING_CHARACTERS = 16
"""The shortest beginning that distinguishes one text from another."""


def _is_lost(exchange: Exchange, body: BodyText) -> bool:
    """Whether the body was cut away. An answer to HEAD has none, and one not shown may be empty."""
    if body.cut:
        return len(body.message) < TELLING_CHARACTERS
    is_cut = body.form is BodyForm.UNSEEN and exchange.response.is_cut
    return is_cut and exchange.request.method.upper() != "HEAD"


def _came_empty(exchange: Exchange) -> bool:
    """Whether the answer had no body, rather than one that was not shown or not received.

    Not for HEAD, whose answers never show what a GET would get.
    """
    response = exchange.response
    if exchange.request.method.upper() in ("HEAD", "") or response.is_cut:
        return False
    lengths = [v for name, v in response.headers.items() if name.lower() == "content-length"]
    return response.body_length == 0 or lengths == ["0"]


def _writer(spelled: Mapping[str, str], headers: Mapping[str, str]) -> Writer:
    if any(name.startswith("x-amzn-remapped-") for name in headers):
        return Writer.INTEGRATION
    if _HTTP_ID in headers:
        is_spelled_so = _HTTP_ID_OF_AN_INTEGRATION in spelled
        return Writer.PROBABLY_INTEGRATION if is_spelled_so else Writer.EITHER
    whole = any(name in headers for name in _TRANSPORT_HEADERS)
    if any(name in headers for name in _REST_IDS):
        if "x-amzn-trace-id" in headers:
            return Writer.PROBABLY_INTEGRATION
        return Writer.UNTYPED if whole else Writer.EITHER
    return Writer.STRANGER if whole else Writer.EITHER

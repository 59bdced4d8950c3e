"""A response read once: its signs by name, and who, by them, wrote it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum

from gatewatch.gateway import body as bodies
from gatewatch.gateway.answers import Answer
from gatewatch.gateway.body import BodyForm, BodyText
from gatewatch.model import Exchange


class Writer(Enum):
    """Who wrote a response without an error type, as far as its headers tell.

    `INTEGRATION`: they are an integration's alone. `PROBABLY_INTEGRATION`: they are an
    integration's as a rule, by a trace id or by the spelling. `UNTYPED`: a gateway's own answer
    would have brought an error type; but that alone is missing, and a CDN may have taken it.
    `STRANGER`: all headers were seen, and none is AWS's. `EITHER`: they say nothing.
    """

    INTEGRATION = "integration"
    PROBABLY_INTEGRATION = "probably integration"
    UNTYPED = "untyped"
    STRANGER = "stranger"
    EITHER = "either"


@dataclass(frozen=True, slots=True)
class Traits:
    """`by_rest`, `by_http`: the id headers of a REST or an HTTP API came with it. `body_is_lost`:
    a body was on its way, or may have been, and nothing that tells came of it."""

    status: int
    headers: Mapping[str, str]
    error_type: str | None
    said: BodyText
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
        """The answer that it is if the backend wrote it."""
        if self.status in (401, 403):
            return Answer.BACKEND_DENIED
        if self.status in (404, 410):
            return Answer.BACKEND_NOT_FOUND
        return Answer.BACKEND_REJECTED if self.status < 500 else Answer.BACKEND_ERROR


_TRANSPORT_HEADERS = ("date", "content-length", "transfer-encoding")
_REST_IDS = ("x-amzn-requestid", "x-amz-apigw-id")
_HTTP_ID = "apigw-requestid"
# An integration's answer on an HTTP API spells the id so; the gateway's own are lower case.
# Recorded over HTTP/1.1 without exception (radkawar/stackd, 2026-09). It proves nothing: some
# clients (Go's) spell every name so.
_HTTP_ID_OF_AN_INTEGRATION = "Apigw-Requestid"


def traits_of(exchange: Exchange) -> Traits:
    response = exchange.response
    headers = {name.lower(): value for name, value in response.headers.items()}
    error_type = headers.get("x-amzn-errortype", "").split(":")[0].split(",")[0].strip() or None
    said = _said(exchange)
    return Traits(
        status=response.status,
        headers=headers,
        error_type=error_type,
        said=said,
        challenge=headers.get("www-authenticate"),
        by_rest=any(name in headers for name in _REST_IDS),
        by_http=_HTTP_ID in headers,
        writer=_writer(response.headers, headers),
        body_is_lost=_is_lost(exchange, said),
    )


def _said(exchange: Exchange) -> BodyText:
    response = exchange.response
    if response.body is None and response.body_sha256 is not None:
        form = BodyForm.UNSEEN if response.is_cut else BodyForm.TEXT
        return BodyText(form, inner_failure=bodies.INNER_FAILURE in response.signs)
    said = bodies.read_body(response.body)
    if said.form is BodyForm.EMPTY and not _came_empty(exchange):
        return BodyText(BodyForm.UNSEEN)
    return replace(said, cut=True) if response.is_cut and said.form is BodyForm.TEXT else said


TELLING_CHARACTERS = 16
"""So many at least tell the beginning of one text from that of another."""


def _is_lost(exchange: Exchange, said: BodyText) -> bool:
    """An answer to HEAD has no body, and one that nobody showed may have been empty."""
    if said.cut:
        return len(said.message) < TELLING_CHARACTERS
    is_cut = said.form is BodyForm.UNSEEN and exchange.response.is_cut
    return is_cut and exchange.request.method.upper() != "HEAD"


def _came_empty(exchange: Exchange) -> bool:
    """Whether the answer had no body, rather than one that was not shown or did not come.

    An answer to HEAD has none, whatever it would have said to GET.
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
        told = _HTTP_ID_OF_AN_INTEGRATION in spelled
        return Writer.PROBABLY_INTEGRATION if told else Writer.EITHER
    whole = any(name in headers for name in _TRANSPORT_HEADERS)
    if any(name in headers for name in _REST_IDS):
        if "x-amzn-trace-id" in headers:
            return Writer.PROBABLY_INTEGRATION
        return Writer.UNTYPED if whole else Writer.EITHER
    return Writer.STRANGER if whole else Writer.EITHER

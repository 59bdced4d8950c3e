"""The record of a raw answer: normalised, bounded, and without secrets.

This is the last step that sees a raw body. A body is kept only if the gateway wrote it; of any
other, only its length, the hash of the redacted text, and its signs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from typing import TypeVar

from msgspec.structs import replace

from gatewatch.attempt import USER_AGENT
from gatewatch.expect import Miss, ReceivedAnswer, late, missing
from gatewatch.gateway import body as bodies
from gatewatch.gateway.answers import BACKEND_ANSWERS, Answer
from gatewatch.gateway.likeness import signs_of_body
from gatewatch.gateway.recognition import recognise
from gatewatch.gateway.url import API_ID_HEADER
from gatewatch.model import Exchange, Request, Response
from gatewatch.own_fault import log_own_fault
from gatewatch.packing import unpacked
from gatewatch.raw import RawExchange
from gatewatch.redaction.looks import HIDDEN
from gatewatch.redaction.redactor import Redactor, shown_in

_MOST_TEXT = 65_536
_SHOWN_HEADERS = 100
_SHOWN_HEADER_CHARACTERS = 1_000


T = TypeVar("T")


class _Record:
    """Makes a record part by part.

    An answer may be crafted to break its reader, so each part can fail alone; `unread` lists it,
    and the other parts still count.
    """

    def __init__(self, raw: RawExchange) -> None:
        self.unread = [] if raw.fault is None else [f"the answer was not recorded ({raw.fault})"]
        self._route = raw.attempt.route

    def part(self, name: str, make: Callable[[], T], instead: T) -> T:
        try:
            return make()
        except Exception as error:  # noqa: BLE001 - noted in the record, logged
            self.unread.append(f"{name} ({log_own_fault('record_failed', self._route, error)})")
            return instead


def evidence(raw: RawExchange, redactor: Redactor) -> Exchange:
    """The exchange as it may be stored, printed and sent.

    It never raises: a request that was sent counts, whatever can be recorded of its answer.
    """
    record = _Record(raw)
    attempt = raw.attempt
    nothing: Redactor | None = None
    knowing = record.part(
        "the answer was not recorded",
        lambda: redactor.knowing(shown_in(attempt.url, attempt.headers)),
        nothing,
    )
    if knowing is None:
        return status_alone(raw, *record.unread)
    request, response = _request(raw, knowing, record), _response(raw, knowing, record)
    seen = Exchange(request=request, response=response)
    kept = record.part(_BODY, lambda: keep_gateway_bodies(seen), without_body(seen))
    unread = (*response.unread, *record.unread)
    return replace(kept, response=replace(kept.response, unread=unread))


_BODY = "the body was not recorded"


def status_alone(raw: RawExchange, *unread: str) -> Exchange:
    """Only what cannot be secret, for when the secrets are unknown; `unread` says why."""
    attempt = raw.attempt
    return Exchange(
        request=Request(
            method=attempt.method,
            url=HIDDEN,
            credentials=raw.credentials,
            purpose=attempt.purpose,
            route=attempt.route,
            at=raw.sent_at,
        ),
        response=Response(
            status=raw.status,
            error=None if raw.error is None else HIDDEN,
            elapsed_ms=raw.elapsed_ms,
            is_cut=bool(raw.status),
            unread=unread,
        ),
    )


def _response(raw: RawExchange, redactor: Redactor, record: _Record) -> Response:
    read = record.part("the body was not decoded", lambda: _decoded(raw), _Read("", is_whole=False))
    text, is_whole = read.text, read.is_whole
    nothing: tuple[Miss, ...] = ()
    misses = record.part(
        "what is expected was not looked up",
        lambda: _misses(raw, text, redactor, is_whole),
        nothing,
    )
    body = _recorded_body(raw, text, redactor, record, is_whole)
    return Response(
        status=raw.status,
        headers=_recorded_headers(raw, redactor, record),
        body=body if body or is_whole else None,
        error=_recorded_error(raw, redactor, record),
        elapsed_ms=raw.elapsed_ms,
        address=raw.address,
        phases_ms=raw.phases_ms,
        certificate_expires=raw.certificate_expires,
        unmet=tuple(one.text for one in misses if one.is_certain),
        late=_late(raw),
        body_length=0 if is_whole and body == "" else None,
        is_cut=bool(raw.status) and (not is_whole or body is None),
        unread=(*_unreadable(read), *(one.text for one in misses if not one.is_certain)),
    )


def _unreadable(read: _Read) -> tuple[str, ...]:
    return () if read.fault is None else (f"the body cannot be read: {read.fault}",)


def _recorded_body(
    raw: RawExchange, text: str, redactor: Redactor, record: _Record, is_whole: bool
) -> str | None:
    hidden: str | None = None
    if not raw.status:
        return hidden
    return record.part(_BODY, lambda: redactor.text(text, cut=not is_whole), hidden)


def _recorded_headers(raw: RawExchange, redactor: Redactor, record: _Record) -> dict[str, str]:
    none: dict[str, str] = {}
    return record.part(
        "the headers were not recorded", lambda: _headers(raw.headers, redactor), none
    )


def _recorded_error(raw: RawExchange, redactor: Redactor, record: _Record) -> str | None:
    error = raw.error
    if error is None:
        return None
    return record.part("the error was not recorded", lambda: redactor.text(error), HIDDEN)


def without_body(exchange: Exchange) -> Exchange:
    """The exchange as if no body had been received."""
    response = exchange.response
    return replace(exchange, response=replace(response, body=None, is_cut=bool(response.status)))


def without_answer(exchange: Exchange, fault: str) -> Exchange:
    """The exchange as if only the status had been received, and the reason."""
    response = exchange.response
    bare = Response(
        status=response.status,
        error=response.error,
        elapsed_ms=response.elapsed_ms,
        address=response.address,
        status_told=response.status_told,
        is_cut=bool(response.status),
        unread=(*response.unread, f"the answer was not read ({fault})"),
    )
    return replace(exchange, response=bare)


def _request(raw: RawExchange, redactor: Redactor, record: _Record) -> Request:
    attempt = raw.attempt
    name = "the URL was not recorded"
    return Request(
        method=attempt.method,
        url=record.part(name, lambda: redactor.url(attempt.url), HIDDEN),
        headers={**dict.fromkeys(_credential_headers(raw), HIDDEN), **_addressed(raw)},
        credentials=raw.credentials,
        purpose=attempt.purpose,
        route=attempt.route,
        entrance=record.part(name, lambda: redactor.url(attempt.entrance), HIDDEN),
        at=raw.sent_at,
    )


def redacted(exchange: Exchange, redactor: Redactor) -> Exchange:
    """A foreign exchange, without secrets."""
    request, response = exchange.request, exchange.response

    def clean(text: str | None) -> str | None:
        return None if text is None else redactor.text(text, cut=True)

    return replace(
        exchange,
        id=clean(exchange.id),
        request=replace(
            request,
            method=redactor.text(request.method),
            url=redactor.url(request.url),
            headers=_headers(request.headers.items(), redactor),
            route=clean(request.route),
            entrance=request.entrance and redactor.url(request.entrance),
        ),
        response=replace(
            response,
            headers=_headers(response.headers.items(), redactor),
            body=clean(response.body),
            error=clean(response.error),
            address=clean(response.address),
        ),
    )


def keep_gateway_bodies(exchange: Exchange) -> Exchange:
    """Drops the body unless the gateway wrote it, and stores its signs instead."""
    response = exchange.response
    if not response.body or _gateway_wrote(exchange):
        return exchange
    kept = replace(
        response,
        body=None,
        body_length=len(response.body),
        body_sha256=sha256(response.body.encode()).hexdigest(),
        signs=(*bodies.failure_signs(response.body), *signs_of_body(response.body)),
    )
    return replace(exchange, response=kept)


_OTHERS_WROTE = BACKEND_ANSWERS | {Answer.SUCCESS, Answer.INNER_FAILURE}


def _gateway_wrote(exchange: Exchange) -> bool:
    """Whether the body holds only AWS's own words, whoever wrote it."""
    answers = recognise(exchange)
    if answers.weak - _OTHERS_WROTE:
        return True
    return bool(answers.plain) and not answers.plain & _OTHERS_WROTE


def _addressed(raw: RawExchange) -> dict[str, str]:
    """Our headers that select the API, or make the request look like a browser's."""
    telling = (API_ID_HEADER, USER_AGENT)
    return {name: value for name, value in raw.attempt.headers if name in telling}


def _credential_headers(raw: RawExchange) -> list[str]:
    kinds = {credential.kind.value for credential in raw.credentials}
    names = []
    if kinds & {"bearer", "basic", "sigv4"}:
        names.append("authorization")
    if "api_key" in kinds:
        names.append("x-api-key")
    return names


def _misses(raw: RawExchange, text: str, redactor: Redactor, is_whole: bool) -> tuple[Miss, ...]:
    if raw.attempt.expect is None or not _may_be_wanted(raw):
        return ()
    received = ReceivedAnswer(dict(raw.headers), text, raw.head_is_whole, is_whole)
    found = missing(raw.attempt.expect, received, redactor.text)
    return tuple(Miss(redactor.text(one.text), one.is_certain) for one in found)


def _late(raw: RawExchange) -> str | None:
    expect = raw.attempt.expect
    return late(expect, raw.elapsed_ms) if expect is not None and _may_be_wanted(raw) else None


def _may_be_wanted(raw: RawExchange) -> bool:
    """Whether the owner may expect such an answer: a success, or a status that they name."""
    named = raw.attempt.expect.status if raw.attempt.expect is not None else ()
    return 200 <= raw.status < 400 or raw.status in named


def _headers(headers: Iterable[tuple[str, str]], redactor: Redactor) -> dict[str, str]:
    """The headers to store, cut to a bound, since a server may be hostile."""
    return redactor.headers(islice(headers, _SHOWN_HEADERS), _SHOWN_HEADER_CHARACTERS)


_CHARSET = re.compile(r"charset=\"?([\w-]+)", re.IGNORECASE)
# Python knows others; some fail on some bytes even with `replace`, or yield half characters.
_CHARSETS = frozenset({"utf-8", "us-ascii", "iso-8859-1", "latin-1", "windows-1252", "utf-16"})


@dataclass(frozen=True, slots=True)
class _Read:
    """The body as text. `fault`: why it could not be read."""

    text: str
    is_whole: bool
    fault: str | None = None


def _decoded(raw: RawExchange) -> _Read:
    """Decodes the body, unpacked to a bound, so that a bomb stays small."""
    content = unpacked(raw.headers, raw.body, _MOST_TEXT, came_whole=raw.body_is_whole)
    headers = {name.lower(): value for name, value in raw.headers}
    named = _CHARSET.search(headers.get("content-type", ""))
    charset = named[1].lower() if named and named[1].lower() in _CHARSETS else "utf-8"
    return _Read(content.data.decode(charset, "replace"), content.is_whole, content.fault)

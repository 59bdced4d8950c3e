"""From what came back to the record of it: normalised, bounded, and without secrets.

This is the last step that sees a raw body. A body is kept only where the gateway wrote it; of
others stay the length, the hash of the redacted text, and what they gave away.
"""

from __future__ import annotations

import re
import zlib
from hashlib import sha256

from msgspec.structs import replace

from gatewatch.expect import unmet
from gatewatch.gateway import body as bodies
from gatewatch.gateway.answers import BACKEND_ANSWERS, Answer
from gatewatch.gateway.recognition import recognise
from gatewatch.model import Exchange, Request, Response
from gatewatch.raw import RawExchange
from gatewatch.redaction import HIDDEN, Redactor

_MOST_TEXT = 65_536
_SHOWN_HEADERS = 100
_SHOWN_HEADER_CHARACTERS = 1_000


def evidence(raw: RawExchange, redactor: Redactor) -> Exchange:
    """The exchange as it may be stored, printed and sent."""
    attempt = raw.attempt
    text = _decoded(raw)
    response = Response(
        status=raw.status,
        headers=_bounded(redactor.headers(raw.headers)),
        body=redactor.text(text) if raw.status else None,
        error=redactor.text(raw.error) if raw.error else None,
        elapsed_ms=raw.elapsed_ms,
        address=raw.address,
        phases_ms=raw.phases_ms,
        certificate_expires=raw.certificate_expires,
        unmet=_unmet(raw, text, redactor),
    )
    request = Request(
        method=attempt.method,
        url=redactor.url(attempt.url),
        headers=dict.fromkeys(_credential_headers(raw), HIDDEN),
        credentials=raw.credentials,
        purpose=attempt.purpose,
        route=attempt.route,
        entrance=attempt.entrance,
        at=raw.sent_at,
    )
    return keep_gateway_bodies(Exchange(request=request, response=response))


def redacted(exchange: Exchange, redactor: Redactor) -> Exchange:
    """An exchange that somebody else recorded, made fit to be shown."""
    own = Redactor(_presented(exchange))
    request, response = exchange.request, exchange.response

    def clean(text: str | None) -> str | None:
        return None if text is None else own.text(redactor.text(text))

    return replace(
        exchange,
        request=replace(
            request,
            url=own.url(redactor.url(request.url)),
            headers=own.mapping(redactor.mapping(request.headers)),
        ),
        response=replace(
            response,
            headers=_bounded(own.mapping(redactor.mapping(response.headers))),
            body=clean(response.body),
            error=clean(response.error),
        ),
    )


_SECRET_VALUES = ("authorization", "x-api-key", "cookie", "x-amz-security-token")


def _presented(exchange: Exchange) -> list[str]:
    """The credential values that a recorded request shows, as the response may echo them."""
    found: list[str] = []
    for name, value in exchange.request.headers.items():
        if name.lower() in _SECRET_VALUES and len(value) >= 6:
            found += [value, *(part for part in value.split() if len(part) >= 6)]
    return found


def keep_gateway_bodies(exchange: Exchange) -> Exchange:
    """Drops the body unless the gateway wrote it, noting what must be known of it."""
    response = exchange.response
    if response.body is None or _gateway_wrote(exchange):
        return exchange
    kept = replace(
        response,
        body=None,
        body_length=len(response.body),
        body_sha256=sha256(response.body.encode()).hexdigest(),
        signs=bodies.signs(response.body),
    )
    return replace(exchange, response=kept)


_OTHERS_WROTE = BACKEND_ANSWERS | {Answer.SUCCESS, Answer.INNER_FAILURE}


def _gateway_wrote(exchange: Exchange) -> bool:
    plain = recognise(exchange).plain
    return bool(plain) and not plain & _OTHERS_WROTE


def _credential_headers(raw: RawExchange) -> list[str]:
    kinds = {credential.kind.value for credential in raw.credentials}
    names = []
    if kinds & {"bearer", "basic", "sigv4"}:
        names.append("authorization")
    if "api_key" in kinds:
        names.append("x-api-key")
    return names


def _unmet(raw: RawExchange, text: str, redactor: Redactor) -> tuple[str, ...]:
    if not 200 <= raw.status < 400:
        return ()
    sentences: tuple[str, ...] = ()
    if raw.error is not None:
        sentences = (f"the body did not come whole: {raw.error}",)
    if raw.attempt.expect is not None:
        headers = dict(raw.headers)
        sentences += unmet(raw.attempt.expect, headers, text, raw.elapsed_ms)
    return tuple(redactor.text(sentence) for sentence in sentences)


def _bounded(headers: dict[str, str]) -> dict[str, str]:
    """Headers as they may be stored: a hostile server's are cut, not trusted."""
    kept = list(headers.items())[:_SHOWN_HEADERS]
    return {
        name[:_SHOWN_HEADER_CHARACTERS]: value[:_SHOWN_HEADER_CHARACTERS] for name, value in kept
    }


def _decoded(raw: RawExchange) -> str:
    """The body as text, unpacked at most to the same bound: a gzip bomb stays small."""
    headers = {name.lower(): value for name, value in raw.headers}
    data = raw.body
    if headers.get("content-encoding", "").lower() in ("gzip", "deflate", "x-gzip"):
        data = _unpacked(data)
    charset = re.search(r"charset=\"?([\w-]+)", headers.get("content-type", ""), re.IGNORECASE)
    try:
        return data[:_MOST_TEXT].decode(charset[1] if charset else "utf-8", "replace")
    except LookupError:
        return data[:_MOST_TEXT].decode("utf-8", "replace")


def _unpacked(data: bytes) -> bytes:
    try:
        return zlib.decompressobj(wbits=47).decompress(data, _MOST_TEXT)
    except zlib.error:
        return data

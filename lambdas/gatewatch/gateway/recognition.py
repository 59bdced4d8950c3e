"""Which of the known answers a response may be: recognition, without any opinion on the cause.

`recognise` returns every answer that the evidence allows; the less of a response was seen, the
more it returns.
"""

from __future__ import annotations

from gatewatch.gateway import elsewhere
from gatewatch.gateway.answers import CLOUDFRONT_PAGES, Answer
from gatewatch.gateway.body import Form
from gatewatch.gateway.doors import by_door, by_function_url
from gatewatch.gateway.failure import without_response
from gatewatch.gateway.recognised import UNRECOGNISED, Recognition, plainly
from gatewatch.gateway.seen import Seen, Writer, see
from gatewatch.gateway.url import HostKind, parse
from gatewatch.gateway.wires import CODES, CUSTOMISABLE, HTTP_ANSWERS, OFTEN_CHANGED, TYPES, natural
from gatewatch.gateway.wording import challenged, of_type, worded
from gatewatch.model import Exchange


def recognise(exchange: Exchange) -> Recognition:
    """Every answer that this response may be; none where none is known to look so."""
    seen = see(exchange)
    if seen.said.in_frame and seen.status < 400:
        return plainly(Answer.FRAME_FORBIDDEN)
    if exchange.response.status == 0:
        return Recognition(plain=without_response(exchange.response.error))
    answers = elsewhere.recognise(seen.status, seen.headers, seen.said)
    if answers is not None:
        # A page is written for people, and may stand in for what the API really said.
        pages = answers & (CLOUDFRONT_PAGES | {Answer.S3_DENIED})
        return Recognition(plain=answers - pages, weak=pages)
    if seen.status < 400 and not (seen.error_type in TYPES and seen.by_rest):
        return _success(exchange, seen)
    return by_door(exchange, seen) or _by_capital(exchange, seen) or _refusal(exchange, seen)


_SWITCHING_PROTOCOLS = 101


def _success(exchange: Exchange, seen: Seen) -> Recognition:
    if seen.status < 200 and seen.status != _SWITCHING_PROTOCOLS:
        return UNRECOGNISED
    if seen.said.inner_failure:
        return plainly(Answer.INNER_FAILURE)
    if "Error from cloudfront" in seen.headers.get("x-cache", ""):
        # An error page with a status of its own: what is behind it answered 4xx or 5xx.
        return Recognition(weak=frozenset({Answer.INNER_FAILURE, Answer.SUCCESS}))
    unseen = seen.said.form is Form.UNSEEN
    if unseen and parse(exchange.request.url).host_kind is HostKind.APPSYNC:
        # GraphQL tells failures in the body, under a 200.
        return plainly(Answer.SUCCESS, Answer.INNER_FAILURE)
    return plainly(Answer.SUCCESS)


def _by_capital(exchange: Exchange, seen: Seen) -> Recognition | None:
    """`Message` with a capital is a function URL's, or a REST API's whose owner wrote it so."""
    if not seen.said.capital or seen.by_http or "x-amz-apigw-id" in seen.headers:
        return None
    found = by_function_url(seen)
    if found is None or seen.said.message != "Forbidden":
        return found
    return Recognition(plain=found.plain | _refusal(exchange, seen).plain)


def _refusal(exchange: Exchange, seen: Seen) -> Recognition:
    if typed := of_type(seen):
        return typed
    said = worded(seen)
    managed = "@connections" in parse(exchange.request.url).segments
    if managed and not said and not seen.by_http:
        return _by_management_api(seen)
    if seen.error_type is not None and not said:
        # An error type that is not the gateway's: another service's, or one not known yet.
        return UNRECOGNISED
    if seen.by_http:
        return _of_http_api(seen)
    if seen.writer is Writer.INTEGRATION:
        return plainly(seen.as_backends)
    if seen.writer is Writer.PROBABLY_INTEGRATION:
        weak = said if seen.said.alone else frozenset()
        return Recognition(plain=frozenset({seen.as_backends}), weak=weak)
    if not said:
        return _of_nobody_known(seen)
    if seen.writer is Writer.STRANGER and seen.error_type is None:
        return Recognition(weak=said | {seen.as_backends}) if seen.said.alone else UNRECOGNISED
    return Recognition(plain=said)


def _of_http_api(seen: Seen) -> Recognition:
    """HTTP APIs have no templates: what is not exactly one of their texts is the backend's."""
    own = frozenset({seen.as_backends})
    said = worded(seen) & HTTP_ANSWERS
    if seen.said.form is Form.UNSEEN:
        usual = challenged(seen, natural(seen.status, HTTP_ANSWERS))
        if seen.challenge is not None:
            return Recognition(plain=usual, weak=own)
        if seen.writer is Writer.PROBABLY_INTEGRATION:
            return Recognition(plain=own, weak=usual)
        return Recognition(plain=own | usual)
    if not said or not seen.said.alone:
        return Recognition(plain=own)
    if seen.writer is Writer.PROBABLY_INTEGRATION:
        plain, weak = (said, own) if seen.challenge else (own, said)
        return Recognition(plain=plain, weak=weak)
    return Recognition(plain=said)


def _by_management_api(seen: Seen) -> Recognition:
    """WebSocket management says some things without a word (ms-114, ms-115)."""
    if seen.status == 413:
        return plainly(Answer.TOO_LARGE)
    return Recognition(weak=frozenset({seen.as_backends}))


def _of_nobody_known(seen: Seen) -> Recognition:
    """An answer without a wording of the gateway's: the backend's, or one in disguise."""
    own = frozenset({seen.as_backends})
    if seen.by_rest:
        unseen = seen.said.form is Form.UNSEEN
        return Recognition(weak=own | (natural(seen.status, CUSTOMISABLE) if unseen else own))
    if seen.has_all_headers or seen.said.form in (Form.HTML, Form.XML):
        return UNRECOGNISED
    usual = natural(seen.status, CUSTOMISABLE)
    if seen.challenge is not None:
        usual |= challenged(seen, natural(seen.status, HTTP_ANSWERS))
    often = OFTEN_CHANGED if seen.status in _DISGUISES else frozenset()
    if seen.said.form is Form.UNSEEN:
        return Recognition(weak=own | usual, disguised=often - usual)
    return Recognition(weak=own | _coded(seen), disguised=(usual | often) - _coded(seen))


_DISGUISES = (400, 401, 403, 404)


def _coded(seen: Seen) -> frozenset[Answer]:
    """What a customised template says of its own type, where it says so."""
    return frozenset().union(*(CODES[code] for code in seen.said.codes))

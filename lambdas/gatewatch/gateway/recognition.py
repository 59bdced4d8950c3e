"""Which of the known answers a response may be: recognition, without any opinion on the cause.

`recognise` returns every answer that the evidence allows; the less of a response was seen, the
more it returns.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from msgspec.structs import replace

from gatewatch.gateway import elsewhere
from gatewatch.gateway.answers import BACKEND_ANSWERS, CLOUDFRONT_PAGES, Answer
from gatewatch.gateway.body import BodyForm
from gatewatch.gateway.failure import without_response
from gatewatch.gateway.front_doors import by_door, by_function_url, is_appsync
from gatewatch.gateway.pieces import fuller
from gatewatch.gateway.recognise_text import challenged, of_type, usual_statuses, worded
from gatewatch.gateway.recognised import UNRECOGNISED, Recognition, plainly
from gatewatch.gateway.traits import TELLING_CHARACTERS, Traits, Writer, traits_of
from gatewatch.gateway.url import HostKind, parse
from gatewatch.gateway.wire_formats import (
    CODES,
    CUSTOMISABLE,
    HTTP_ANSWERS,
    OFTEN_CHANGED,
    TYPES,
    WIRES,
    WORDED,
    natural,
)
from gatewatch.model import Exchange


def recognise(exchange: Exchange) -> Recognition:
    """Every answer that this response may be; none where none is known to look so."""
    found = _as_it_is(exchange)
    if not found.all and not exchange.response.status_told:
        return found
    others = list(fuller(exchange))
    if not others or (found.plain - BACKEND_ANSWERS and worded(traits_of(exchange))):
        return found
    lost = frozenset().union(*(_as_it_is(one).all for one in others))
    return dataclasses.replace(found, disguised=(found.disguised | lost) - found.plain - found.weak)


def _as_it_is(exchange: Exchange) -> Recognition:
    if exchange.response.status_told:
        return _with_status(exchange)
    return _of_any_status(exchange)


_STATUSES = frozenset({*(wire.status for wire in WIRES), 202, 405, 422})
"""A status for each way in which one is read; 202 is that of a challenge."""
_REFUSING = frozenset(status for status in _STATUSES if status >= 400)


def _of_any_status(exchange: Exchange) -> Recognition:
    """What it may be where its status was not told: only words and signs of a refusal tell.

    Under its usual status it is most likely; under others, what owners make of it.
    """
    seen = traits_of(exchange)
    if seen.said.in_frame and seen.said.message == "Forbidden":
        return plainly(Answer.FRAME_FORBIDDEN)
    statuses = _REFUSING if seen.said.in_frame else _STATUSES
    found = {status: _with_status(_under(exchange, status)) for status in statuses}
    usual = [found[status] for status in _usual(seen, found)]
    if not usual:
        return UNRECOGNISED
    plain = frozenset().union(*(one.plain for one in usual))
    weak = frozenset().union(*(one.weak for one in usual)) - plain
    rest = frozenset().union(*(one.all for one in found.values())) - _THROUGH
    inner = frozenset({Answer.INNER_FAILURE} if _may_be_inside(exchange, seen) else ())
    return Recognition(plain=plain, weak=weak, disguised=(rest | inner) - plain - weak)


def _may_be_inside(exchange: Exchange, seen: Traits) -> bool:
    """Whether a success may carry it. AppSync sends its exceptions under a status of their own."""
    by_appsync = is_appsync(exchange, seen.said) and seen.said.graphql_type.endswith("Exception")
    return seen.said.inner_failure and not by_appsync


def _in_a_frame(exchange: Exchange, seen: Traits) -> Recognition:
    """A message inside a WebSocket connection has no status; its words are all there is."""
    if seen.said.message == "Forbidden":
        return plainly(Answer.FRAME_FORBIDDEN)
    response = replace(exchange.response, status=0, status_told=False)
    return _of_any_status(replace(exchange, response=response))


def _usual(seen: Traits, found: Mapping[int, Recognition]) -> frozenset[int]:
    """The statuses under which such words and signs come by default; none if nothing tells."""
    if known := usual_statuses(seen) & found.keys():
        return known
    if seen.said.form in (BodyForm.UNSEEN, BodyForm.EMPTY):
        return frozenset(
            status for status in found if elsewhere.recognise(status, seen.headers, seen.said)
        )
    telling = {status: one.plain | one.weak for status, one in found.items()}
    return frozenset(status for status, one in telling.items() if one - _ANYBODYS)


_THROUGH = frozenset({Answer.SUCCESS, Answer.INNER_FAILURE})
_ANYBODYS = BACKEND_ANSWERS | _THROUGH


def _under(exchange: Exchange, status: int) -> Exchange:
    response = replace(exchange.response, status=status, status_told=True)
    return replace(exchange, response=response)


def _with_status(exchange: Exchange) -> Recognition:
    seen = traits_of(exchange)
    if seen.said.in_frame and seen.status < 400:
        return _in_a_frame(exchange, seen)
    if exchange.response.status == 0:
        return Recognition(
            plain=without_response(exchange.response.error, exchange.response.phases_ms)
        )
    answers = elsewhere.recognise(seen.status, seen.headers, seen.said)
    if answers is not None:
        # A page is written for people, and may stand in for what the API really said.
        pages = answers & (CLOUDFRONT_PAGES | {Answer.S3_DENIED})
        return Recognition(plain=answers - pages, weak=pages)
    if seen.status < 400 and not (seen.error_type in TYPES and seen.by_rest):
        return _success(exchange, seen)
    return by_door(exchange, seen) or _by_capital(exchange, seen) or _refusal(exchange, seen)


_SWITCHING_PROTOCOLS = 101
_CHALLENGES_STATUS = 202
"""AWS WAF challenges with it and without a body; only a header, which may be lost, says so."""
_SUCCESS = frozenset({Answer.SUCCESS})


def _success(exchange: Exchange, seen: Traits) -> Recognition:
    if seen.status < 200 and seen.status != _SWITCHING_PROTOCOLS:
        return UNRECOGNISED
    if seen.said.inner_failure:
        return plainly(Answer.INNER_FAILURE)
    if "Error from cloudfront" in seen.headers.get("x-cache", ""):
        # An error page with a status of its own: what is behind it answered 4xx or 5xx.
        return Recognition(weak=frozenset({Answer.INNER_FAILURE, Answer.SUCCESS}))
    unseen = seen.said.form is BodyForm.UNSEEN
    if unseen and is_appsync(exchange, seen.said):
        # GraphQL tells failures in the body, under a 200.
        return plainly(Answer.SUCCESS, Answer.INNER_FAILURE)
    if seen.said.broken:
        return Recognition(plain=_SUCCESS, disguised=frozenset({Answer.INNER_FAILURE}))
    if seen.status == _CHALLENGES_STATUS and unseen and not (seen.by_rest or seen.by_http):
        return Recognition(plain=_SUCCESS, disguised=frozenset({Answer.CHALLENGE}))
    return Recognition(plain=_SUCCESS)


def _by_capital(exchange: Exchange, seen: Traits) -> Recognition | None:
    """`Message` with a capital is a function URL's, or a REST API's whose owner wrote it so."""
    if not seen.said.capital or seen.by_http or "x-amz-apigw-id" in seen.headers:
        return None
    found = by_function_url(seen)
    if found is None or seen.said.message != "Forbidden":
        return found
    return Recognition(plain=found.plain | _refusal(exchange, seen).plain)


def _refusal(exchange: Exchange, seen: Traits) -> Recognition:
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
    if seen.writer in (Writer.PROBABLY_INTEGRATION, Writer.UNTYPED):
        return _probably_by_an_integration(seen, said)
    if not said:
        return _of_nobody_known(exchange, seen)
    if seen.writer is Writer.STRANGER and seen.error_type is None:
        return Recognition(weak=said | {seen.as_backends}) if seen.said.alone else UNRECOGNISED
    if seen.said.cut and len(seen.said.message) < TELLING_CHARACTERS:
        # So little of a text may be the beginning of any other.
        return Recognition(plain=said, disguised=_of_nobody_known(exchange, seen).all - said)
    return Recognition(plain=said)


def _probably_by_an_integration(seen: Traits, said: frozenset[Answer]) -> Recognition:
    own = frozenset({seen.as_backends})
    unseen = seen.said.form is BodyForm.UNSEEN
    weak = said if seen.said.alone else frozenset()
    weak |= natural(seen.status, CUSTOMISABLE) if unseen else frozenset()
    hidden = _disguised(seen) if unseen or seen.writer is Writer.UNTYPED else frozenset()
    return Recognition(plain=own, weak=weak, disguised=hidden - own - weak)


def _disguised(seen: Traits) -> frozenset[Answer]:
    """What a REST API's owner may have given this status and text."""
    usual = natural(seen.status, CUSTOMISABLE)
    if seen.status == 429:
        return usual | {Answer.BLOCKED_BY_RULE}
    return usual | (OFTEN_CHANGED if seen.status in _DISGUISES else frozenset())


def _of_http_api(seen: Traits) -> Recognition:
    """HTTP APIs have no templates: what is not exactly one of their texts is the backend's."""
    own = frozenset({seen.as_backends})
    said = worded(seen) & HTTP_ANSWERS
    if seen.said.form is BodyForm.UNSEEN:
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


def _by_management_api(seen: Traits) -> Recognition:
    """WebSocket management says some things without a word (ms-114, ms-115)."""
    if seen.status == 413:
        return plainly(Answer.TOO_LARGE)
    own = frozenset({seen.as_backends})
    usual = natural(seen.status, WORDED)
    if seen.status == 404 or seen.said.form is BodyForm.UNSEEN:
        return Recognition(weak=usual | own)
    return Recognition(weak=own, disguised=usual)


def _of_nobody_known(exchange: Exchange, seen: Traits) -> Recognition:
    """An answer without a wording of the gateway's: the backend's, or one in disguise."""
    own = frozenset({seen.as_backends})
    if seen.by_rest:
        unseen = seen.said.form is BodyForm.UNSEEN
        usual = natural(seen.status, CUSTOMISABLE) if unseen else frozenset()
        return Recognition(weak=own | usual, disguised=_disguised(seen) - own - usual)
    if seen.has_all_headers or seen.said.form in (BodyForm.HTML, BodyForm.XML):
        return UNRECOGNISED
    usual = natural(seen.status, CUSTOMISABLE if parse(exchange.request.url).host else WORDED)
    if seen.challenge is not None:
        usual |= challenged(seen, natural(seen.status, HTTP_ANSWERS))
    hidden = usual | _disguised(seen)
    if seen.said.form in (BodyForm.UNSEEN, BodyForm.TEXT):
        # A page of somebody's of which a piece is left looks like a text.
        hidden |= elsewhere.unseen(seen.status, _host_kind(exchange))
    likelier = usual if seen.said.form is BodyForm.UNSEEN else _coded(seen)
    return Recognition(weak=own | likelier, disguised=hidden - likelier)


def _host_kind(exchange: Exchange) -> HostKind:
    return parse(exchange.request.url).host_kind


_DISGUISES = (400, 401, 403, 404)


def _coded(seen: Traits) -> frozenset[Answer]:
    """What a customised template says of its own type, where it says so."""
    return frozenset().union(*(CODES[code] for code in seen.said.codes))

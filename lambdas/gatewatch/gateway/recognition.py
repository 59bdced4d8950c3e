"""Which of the known answers a response may be, whatever the cause.

`recognise` returns every answer that the evidence allows: the less of a response was seen, the more
answers.
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
    """Every answer that this response may be; none if its form is unknown."""
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
"""One status for each way of reading one; 202 is that of a challenge."""
_REFUSING = frozenset(status for status in _STATUSES if status >= 400)


def _of_any_status(exchange: Exchange) -> Recognition:
    """What it may be if its status is unknown: only the text and signs of a refusal count.

    It most likely had its default status; any other is one that an owner set.
    """
    traits = traits_of(exchange)
    if traits.body.in_frame and traits.body.message == "Forbidden":
        return plainly(Answer.FRAME_FORBIDDEN)
    statuses = _REFUSING if traits.body.in_frame else _STATUSES
    found = {status: _with_status(_under(exchange, status)) for status in statuses}
    usual = [found[status] for status in _usual(traits, found)]
    if not usual:
        return UNRECOGNISED
    plain = frozenset().union(*(one.plain for one in usual))
    weak = frozenset().union(*(one.weak for one in usual)) - plain
    rest = frozenset().union(*(one.all for one in found.values())) - _THROUGH
    inner = frozenset({Answer.INNER_FAILURE} if _may_be_inside(exchange, traits) else ())
    return Recognition(plain=plain, weak=weak, disguised=(rest | inner) - plain - weak)


def _may_be_inside(exchange: Exchange, traits: Traits) -> bool:
    """Whether a success may carry it. AppSync gives its exceptions a status of their own."""
    by_appsync = is_appsync(exchange, traits.body) and traits.body.graphql_type.endswith(
        "Exception"
    )
    return traits.body.inner_failure and not by_appsync


def _in_a_frame(exchange: Exchange, traits: Traits) -> Recognition:
    """A message inside a WebSocket connection has no status, only a text."""
    if traits.body.message == "Forbidden":
        return plainly(Answer.FRAME_FORBIDDEN)
    response = replace(exchange.response, status=0, status_told=False)
    return _of_any_status(replace(exchange, response=response))


def _usual(traits: Traits, found: Mapping[int, Recognition]) -> frozenset[int]:
    """The default statuses of its text and signs; none if they do not show it."""
    if known := usual_statuses(traits) & found.keys():
        return known
    if traits.body.form in (BodyForm.UNSEEN, BodyForm.EMPTY):
        return frozenset(
            status
            for status in found
            if elsewhere.answers_of_others(status, traits.headers, traits.body)
        )
    telling = {status: one.plain | one.weak for status, one in found.items()}
    return frozenset(status for status, one in telling.items() if one - _ANYBODYS)


_THROUGH = frozenset({Answer.SUCCESS, Answer.INNER_FAILURE})
_ANYBODYS = BACKEND_ANSWERS | _THROUGH


def _under(exchange: Exchange, status: int) -> Exchange:
    response = replace(exchange.response, status=status, status_told=True)
    return replace(exchange, response=response)


def _with_status(exchange: Exchange) -> Recognition:
    traits = traits_of(exchange)
    if traits.body.in_frame and traits.status < 400:
        return _in_a_frame(exchange, traits)
    if exchange.response.status == 0:
        return Recognition(
            plain=without_response(exchange.response.error, exchange.response.phases_ms)
        )
    answers = elsewhere.answers_of_others(traits.status, traits.headers, traits.body)
    if answers is not None:
        # A page is written for people and may replace the API's real answer.
        pages = answers & (CLOUDFRONT_PAGES | {Answer.S3_DENIED})
        return Recognition(plain=answers - pages, weak=pages)
    if traits.status < 400 and not (traits.error_type in TYPES and traits.by_rest):
        return _success(exchange, traits)
    return by_door(exchange, traits) or _by_capital(exchange, traits) or _refusal(exchange, traits)


_SWITCHING_PROTOCOLS = 101
_CHALLENGES_STATUS = 202
"""AWS WAF challenges with it and without a body; only a header, which may be lost, shows that."""
_SUCCESS = frozenset({Answer.SUCCESS})


def _success(exchange: Exchange, traits: Traits) -> Recognition:
    if traits.status < 200 and traits.status != _SWITCHING_PROTOCOLS:
        return UNRECOGNISED
    if traits.body.inner_failure:
        return plainly(Answer.INNER_FAILURE)
    if "Error from cloudfront" in traits.headers.get("x-cache", ""):
        # An error page with a status of its own: the origin answered 4xx or 5xx.
        return Recognition(weak=frozenset({Answer.INNER_FAILURE, Answer.SUCCESS}))
    unseen = traits.body.form is BodyForm.UNSEEN
    if unseen and is_appsync(exchange, traits.body):
        # GraphQL reports failures in the body, under a 200.
        return plainly(Answer.SUCCESS, Answer.INNER_FAILURE)
    if traits.body.broken:
        return Recognition(plain=_SUCCESS, disguised=frozenset({Answer.INNER_FAILURE}))
    if traits.status == _CHALLENGES_STATUS and unseen and not (traits.by_rest or traits.by_http):
        return Recognition(plain=_SUCCESS, disguised=frozenset({Answer.CHALLENGE}))
    return Recognition(plain=_SUCCESS)


def _by_capital(exchange: Exchange, traits: Traits) -> Recognition | None:
    """`Message` with a capital is a function URL's, or a REST API owner's."""
    if not traits.body.capital or traits.by_http or "x-amz-apigw-id" in traits.headers:
        return None
    found = by_function_url(traits)
    if found is None or traits.body.message != "Forbidden":
        return found
    return Recognition(plain=found.plain | _refusal(exchange, traits).plain)


def _refusal(exchange: Exchange, traits: Traits) -> Recognition:
    if typed := of_type(traits):
        return typed
    by_words = worded(traits)
    managed = "@connections" in parse(exchange.request.url).segments
    if managed and not by_words and not traits.by_http:
        return _by_management_api(traits)
    if traits.error_type is not None and not by_words:
        # Not an error type of the gateway's: another service's, or a new one.
        return UNRECOGNISED
    if traits.by_http:
        return _of_http_api(traits)
    if traits.writer is Writer.INTEGRATION:
        return plainly(traits.as_backends)
    if traits.writer in (Writer.PROBABLY_INTEGRATION, Writer.UNTYPED):
        return _probably_by_an_integration(traits, by_words)
    if not by_words:
        return _of_nobody_known(exchange, traits)
    if traits.writer is Writer.STRANGER and traits.error_type is None:
        return (
            Recognition(weak=by_words | {traits.as_backends}) if traits.body.alone else UNRECOGNISED
        )
    if traits.body.cut and len(traits.body.message) < TELLING_CHARACTERS:
        # So short a beginning may be that of any other text.
        return Recognition(
            plain=by_words, disguised=_of_nobody_known(exchange, traits).all - by_words
        )
    return Recognition(plain=by_words)


def _probably_by_an_integration(traits: Traits, by_words: frozenset[Answer]) -> Recognition:
    own = frozenset({traits.as_backends})
    unseen = traits.body.form is BodyForm.UNSEEN
    weak = by_words if traits.body.alone else frozenset()
    weak |= natural(traits.status, CUSTOMISABLE) if unseen else frozenset()
    hidden = _disguised(traits) if unseen or traits.writer is Writer.UNTYPED else frozenset()
    return Recognition(plain=own, weak=weak, disguised=hidden - own - weak)


def _disguised(traits: Traits) -> frozenset[Answer]:
    """The answers to which a REST API's owner may have given this status and text."""
    usual = natural(traits.status, CUSTOMISABLE)
    if traits.status == 429:
        return usual | {Answer.BLOCKED_BY_RULE}
    return usual | (OFTEN_CHANGED if traits.status in _DISGUISES else frozenset())


def _of_http_api(traits: Traits) -> Recognition:
    """HTTP APIs have no templates: any text but theirs is the backend's."""
    own = frozenset({traits.as_backends})
    by_words = worded(traits) & HTTP_ANSWERS
    if traits.body.form is BodyForm.UNSEEN:
        usual = challenged(traits, natural(traits.status, HTTP_ANSWERS))
        if traits.challenge is not None:
            return Recognition(plain=usual, weak=own)
        if traits.writer is Writer.PROBABLY_INTEGRATION:
            return Recognition(plain=own, weak=usual)
        return Recognition(plain=own | usual)
    if not by_words or not traits.body.alone:
        return Recognition(plain=own)
    if traits.writer is Writer.PROBABLY_INTEGRATION:
        plain, weak = (by_words, own) if traits.challenge else (own, by_words)
        return Recognition(plain=plain, weak=weak)
    return Recognition(plain=by_words)


def _by_management_api(traits: Traits) -> Recognition:
    """WebSocket management sends some answers without a text (ms-114, ms-115)."""
    if traits.status == 413:
        return plainly(Answer.TOO_LARGE)
    own = frozenset({traits.as_backends})
    usual = natural(traits.status, WORDED)
    if traits.status == 404 or traits.body.form is BodyForm.UNSEEN:
        return Recognition(weak=usual | own)
    return Recognition(weak=own, disguised=usual)


def _of_nobody_known(exchange: Exchange, traits: Traits) -> Recognition:
    """An answer without a text of the gateway's: the backend's, or a disguised one."""
    own = frozenset({traits.as_backends})
    if traits.by_rest:
        unseen = traits.body.form is BodyForm.UNSEEN
        usual = natural(traits.status, CUSTOMISABLE) if unseen else frozenset()
        return Recognition(weak=own | usual, disguised=_disguised(traits) - own - usual)
    if traits.has_all_headers or traits.body.form in (BodyForm.HTML, BodyForm.XML):
        return UNRECOGNISED
    usual = natural(traits.status, CUSTOMISABLE if parse(exchange.request.url).host else WORDED)
    if traits.challenge is not None:
        usual |= challenged(traits, natural(traits.status, HTTP_ANSWERS))
    hidden = usual | _disguised(traits)
    if traits.body.form in (BodyForm.UNSEEN, BodyForm.TEXT):
        # The remainder of a page looks like a text.
        hidden |= elsewhere.unseen_answers(traits.status, _host_kind(exchange))
    likelier = usual if traits.body.form is BodyForm.UNSEEN else _coded(traits)
    return Recognition(weak=own | likelier, disguised=hidden - likelier)


def _host_kind(exchange: Exchange) -> HostKind:
    return parse(exchange.request.url).host_kind


_DISGUISES = (400, 401, 403, 404)


def _coded(traits: Traits) -> frozenset[Answer]:
    """The answers that a customised template names by its response type."""
    return frozenset().union(*(CODES[code] for code in traits.body.codes))

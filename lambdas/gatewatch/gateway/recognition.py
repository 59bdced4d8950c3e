"""Which of the known answers a response may be: recognition, without any opinion on the cause.

`recognise` returns every answer that the evidence allows; the less of a response was seen, the
more it returns.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from gatewatch.gateway import elsewhere
from gatewatch.gateway.answers import CLOUDFRONT_PAGES, Answer
from gatewatch.gateway.body import Form
from gatewatch.gateway.failure import without_response
from gatewatch.gateway.seen import Seen, Writer, see
from gatewatch.gateway.url import HostKind, parse
from gatewatch.gateway.wires import (
    CODES,
    CUSTOMISABLE,
    FUNCTION_URL_ANSWERS,
    HTTP_ANSWERS,
    OF_ANY_TYPE,
    OFTEN_CHANGED,
    TYPES,
    Wire,
    natural,
)
from gatewatch.gateway.wording import challenged, worded
from gatewatch.model import Exchange


@dataclass(frozen=True, slots=True)
class Recognition:
    """The answers that a response may be, by what speaks for them.

    `plain`: it has their signs. `weak`: only the absence of other signs speaks for them.
    `disguised`: only if the API's owner changed their status and text, and the headers that
    would show it were not seen.
    """

    plain: frozenset[Answer] = frozenset()
    weak: frozenset[Answer] = frozenset()
    disguised: frozenset[Answer] = frozenset()

    @property
    def all(self) -> frozenset[Answer]:
        return self.plain | self.weak | self.disguised


UNRECOGNISED = Recognition()


def _plainly(*answers: Answer) -> Recognition:
    return Recognition(plain=frozenset(answers))


def recognise(exchange: Exchange) -> Recognition:
    """Every answer that this response may be; none where none is known to look so."""
    seen = see(exchange)
    if seen.said.in_frame and seen.status < 400:
        return _plainly(Answer.FRAME_FORBIDDEN)
    if exchange.response.status == 0:
        return Recognition(plain=without_response(exchange.response.error))
    answers = elsewhere.recognise(seen.status, seen.headers, seen.said)
    if answers is not None:
        # A page is written for people, and may stand in for what the API really said.
        pages = answers & (CLOUDFRONT_PAGES | {Answer.S3_DENIED})
        return Recognition(plain=answers - pages, weak=pages)
    if seen.status < 400 and not (seen.error_type in TYPES and seen.by_rest):
        return _success(exchange, seen)
    return _by_door(exchange, seen) or _refusal(exchange, seen)


_SWITCHING_PROTOCOLS = 101


def _success(exchange: Exchange, seen: Seen) -> Recognition:
    if seen.status < 200 and seen.status != _SWITCHING_PROTOCOLS:
        return UNRECOGNISED
    if seen.said.inner_failure:
        return _plainly(Answer.INNER_FAILURE)
    if "Error from cloudfront" in seen.headers.get("x-cache", ""):
        # An error page with a status of its own: what is behind it answered 4xx or 5xx.
        return Recognition(weak=frozenset({Answer.INNER_FAILURE, Answer.SUCCESS}))
    unseen = seen.said.form is Form.UNSEEN
    if unseen and parse(exchange.request.url).host_kind is HostKind.APPSYNC:
        # GraphQL tells failures in the body, under a 200.
        return _plainly(Answer.SUCCESS, Answer.INNER_FAILURE)
    return _plainly(Answer.SUCCESS)


def _by_door(exchange: Exchange, seen: Seen) -> Recognition | None:
    """Front doors with words of their own, told by the host or by the words."""
    kind = parse(exchange.request.url).host_kind
    if kind is HostKind.APPSYNC or exchange.api_kind == "appsync":
        return _by_appsync(seen)
    if "due to WAF block" in seen.said.message:
        return _plainly(Answer.COGNITO_BLOCKED)
    if kind is HostKind.COGNITO:
        return UNRECOGNISED
    if kind is HostKind.FUNCTION_URL or exchange.api_kind == "function_url":
        # What no function URL is known to say, the function said.
        own = frozenset({_backend(seen.status)})
        said = worded(seen) & FUNCTION_URL_ANSWERS
        return _by_function_url(seen) or _of_type(seen) or Recognition(plain=said or own)
    if seen.said.capital and not seen.by_http and "x-amz-apigw-id" not in seen.headers:
        found = _by_function_url(seen)
        return found and Recognition(
            plain=found.plain | _refusal(exchange, seen).plain if _is_shared(seen) else found.plain
        )
    return None


def _is_shared(seen: Seen) -> bool:
    """Whether a REST API with a template of its own could have said the same."""
    return seen.said.message == "Forbidden"


def _by_appsync(seen: Seen) -> Recognition:
    if seen.status not in (401, 403):
        return UNRECOGNISED
    if "authorization header not provided" in seen.said.message:
        return _plainly(Answer.APPSYNC_NO_CREDENTIAL)
    if seen.said.message or seen.said.form is Form.JSON:
        return _plainly(Answer.APPSYNC_REFUSED)
    return _plainly(Answer.APPSYNC_NO_CREDENTIAL, Answer.APPSYNC_REFUSED)


_HELP = re.compile(r"^Forbidden\. For troubleshooting Function URL")


def _by_function_url(seen: Seen) -> Recognition | None:
    """Function URLs write `Message`; some of what they say, REST APIs say as well."""
    unseen = seen.said.form is Form.UNSEEN
    if seen.status == 502 and (unseen or seen.said.message == "Internal Server Error"):
        return _plainly(Answer.FUNCTION_URL_ERROR)
    if seen.error_type not in (None, "AccessDeniedException"):
        return None
    if seen.said.is_null and seen.said.capital and seen.status < 500:
        return _plainly(Answer.FUNCTION_URL_NULL)
    if _HELP.search(seen.said.message):
        return _plainly(Answer.FUNCTION_URL_HELP)
    if seen.said.capital and seen.said.message == "Forbidden":
        return _plainly(Answer.FUNCTION_URL_FORBIDDEN)
    if unseen and seen.status == 403:
        return _plainly(
            Answer.FUNCTION_URL_FORBIDDEN, Answer.FUNCTION_URL_HELP, Answer.FUNCTION_URL_NULL
        )
    return None


def _refusal(exchange: Exchange, seen: Seen) -> Recognition:
    if typed := _of_type(seen):
        return typed
    managed = "@connections" in parse(exchange.request.url).segments
    if managed and not worded(seen) and not seen.by_http:
        return _by_management_api(seen)
    if seen.error_type is not None and not worded(seen):
        # An error type that is not the gateway's: another service's, or one not known yet.
        return UNRECOGNISED
    if seen.by_http:
        return _of_http_api(seen)
    said = worded(seen)
    own = frozenset({_backend(seen.status)})
    if seen.writer is Writer.INTEGRATION:
        return Recognition(plain=own)
    if seen.writer is Writer.PROBABLY_INTEGRATION:
        return Recognition(plain=own, weak=said if seen.said.alone else frozenset())
    if said and (seen.said.alone or seen.writer is not Writer.STRANGER):
        doubtful = seen.writer is Writer.STRANGER and seen.error_type is None
        plain = frozenset() if doubtful else said
        return Recognition(plain=plain, weak=said | own if doubtful else frozenset())
    return _of_nobody_known(seen)


def _of_type(seen: Seen) -> Recognition | None:
    """The type header survives customised bodies and empty HEAD answers, so it leads."""
    if seen.error_type not in TYPES:
        return None
    family = TYPES[seen.error_type]
    said = worded(seen)
    answers = frozenset(wire.answer for wire in family)
    if seen.error_type == "ForbiddenException" and seen.status != 403:
        # A WAF rule may answer with any status (recorded: cu-010, a 429).
        blocked = frozenset({Answer.BLOCKED_BY_RULE})
        return Recognition(plain=blocked if seen.status == 429 else blocked | answers)
    if narrowed := said & (answers | OF_ANY_TYPE):
        return Recognition(plain=narrowed)
    usual = natural(seen.status, OF_ANY_TYPE) if seen.status == 415 else frozenset()
    return Recognition(plain=_of_status(family, seen.status) or usual or answers)


def _of_status(family: tuple[Wire, ...], status: int) -> frozenset[Answer]:
    return frozenset(wire.answer for wire in family if wire.status == status)


def _of_http_api(seen: Seen) -> Recognition:
    """HTTP APIs have no templates: what is not exactly one of their texts is the backend's."""
    own = frozenset({_backend(seen.status)})
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
        return _plainly(Answer.TOO_LARGE)
    return Recognition(weak=frozenset({_backend(seen.status)}))


def _of_nobody_known(seen: Seen) -> Recognition:
    """An answer without a wording of the gateway's: the backend's, or one in disguise."""
    own = frozenset({_backend(seen.status)})
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


def _backend(status: int) -> Answer:
    if status in (401, 403):
        return Answer.BACKEND_DENIED
    if status in (404, 410):
        return Answer.BACKEND_NOT_FOUND
    return Answer.BACKEND_REJECTED if status < 500 else Answer.BACKEND_ERROR

"""Which of the known answers a response may be: recognition, without any opinion on the cause.

`recognise` returns every answer that the evidence allows; the less of a response was seen, the
more it returns. Wordings are matched by prefix, since AWS lengthens them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gatewatch.gateway import body as bodies
from gatewatch.gateway import elsewhere
from gatewatch.gateway.answers import (
    ANONYMOUS_DENIALS,
    AUTHORIZER_DENIALS,
    CLOUDFRONT_PAGES,
    IAM_DENIALS,
    NO_RESPONSE,
    SIGNATURE_REFUSALS,
    Answer,
)
from gatewatch.gateway.body import Form, Said
from gatewatch.gateway.denial import PolicySource, read
from gatewatch.gateway.url import HostKind, parse
from gatewatch.model import Exchange


@dataclass(frozen=True, slots=True)
class Seen:
    """A response, read once. `complete`: the headers are all that were sent, so absence counts."""

    status: int
    headers: Mapping[str, str]
    error_type: str | None
    said: Said
    complete: bool
    challenge: str | None
    integration_answered: bool
    amazon: bool


_TRANSPORT_HEADERS = ("date", "content-length", "transfer-encoding", "connection")
_REST_IDS = ("x-amzn-requestid", "x-amz-apigw-id")
_HTTP_ID = "apigw-requestid"
# An integration's answer on an HTTP API spells the id so; the gateway's own are lower case.
# Recorded over HTTP/1.1 without exception (radkawar/stackd, 2026-09).
_HTTP_ID_OF_AN_INTEGRATION = "Apigw-Requestid"


def see(exchange: Exchange) -> Seen:
    response = exchange.response
    headers = {name.lower(): value for name, value in response.headers.items()}
    error_type = headers.get("x-amzn-errortype", "").split(":")[0].split(",")[0].strip() or None
    return Seen(
        status=response.status,
        headers=headers,
        error_type=error_type,
        said=_said(exchange),
        complete=any(name in headers for name in (*_TRANSPORT_HEADERS, *_REST_IDS, _HTTP_ID)),
        challenge=headers.get("www-authenticate"),
        integration_answered=_integration_answered(exchange, headers, error_type),
        amazon=any(name in headers for name in (*_REST_IDS, _HTTP_ID)),
    )


def _said(exchange: Exchange) -> Said:
    response = exchange.response
    if response.body is None and response.body_sha256 is not None:
        return Said(Form.TEXT, inner_failure=bodies.INNER_FAILURE in response.signs)
    if not response.body and exchange.request.method.upper() == "HEAD":
        return Said(Form.UNSEEN)
    return bodies.read(response.body)


def _integration_answered(
    exchange: Exchange, headers: Mapping[str, str], error_type: str | None
) -> bool:
    """A positive sign only; that an error type is missing is weaker and judged elsewhere."""
    if any(name.startswith("x-amzn-remapped-") for name in headers):
        return True
    if _HTTP_ID_OF_AN_INTEGRATION in exchange.response.headers:
        return True
    return error_type is None and "x-amzn-trace-id" in headers and "x-amz-apigw-id" in headers


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
        return Recognition(plain=_without_response(exchange.response.error))
    answers = elsewhere.recognise(seen.status, seen.headers, seen.said)
    if answers is not None:
        # A page is written for people, and may stand in for what the API really said.
        pages = answers & (CLOUDFRONT_PAGES | {Answer.S3_DENIED})
        return Recognition(plain=answers - pages, weak=pages)
    if seen.status < 400:
        return _success(exchange, seen)
    return _by_host(exchange, seen) or _refusal(exchange, seen)


def _by_host(exchange: Exchange, seen: Seen) -> Recognition | None:
    """Front doors with words of their own, told by the host or by the words."""
    kind = parse(exchange.request.url).host_kind
    if kind is HostKind.APPSYNC or exchange.api_kind == "appsync":
        return _by_appsync(seen)
    if "due to WAF block" in seen.said.message:
        return _plainly(Answer.COGNITO_BLOCKED)
    if kind is HostKind.COGNITO:
        return UNRECOGNISED
    if kind is HostKind.FUNCTION_URL or seen.said.capital or exchange.api_kind == "function_url":
        return _by_function_url(seen)
    return None


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
    if seen.said.is_null and seen.said.capital:
        return _plainly(Answer.FUNCTION_URL_NULL)
    if _HELP.search(seen.said.message):
        return _plainly(Answer.FUNCTION_URL_HELP)
    if seen.said.capital and seen.said.message == "Forbidden":
        return _plainly(Answer.FUNCTION_URL_FORBIDDEN)
    unseen = seen.said.form is Form.UNSEEN
    if seen.status == 502 and (unseen or seen.said.message == "Internal Server Error"):
        return _plainly(Answer.FUNCTION_URL_ERROR)
    if unseen and seen.error_type in ("AccessDeniedException", None) and seen.status == 403:
        return _plainly(
            Answer.FUNCTION_URL_FORBIDDEN, Answer.FUNCTION_URL_HELP, Answer.FUNCTION_URL_NULL
        )
    return None


def _success(exchange: Exchange, seen: Seen) -> Recognition:
    if seen.said.inner_failure:
        return _plainly(Answer.INNER_FAILURE)
    unseen = seen.said.form is Form.UNSEEN
    if unseen and parse(exchange.request.url).host_kind is HostKind.APPSYNC:
        # GraphQL tells failures in the body, under a 200.
        return _plainly(Answer.SUCCESS, Answer.INNER_FAILURE)
    return _plainly(Answer.SUCCESS)


def _refusal(exchange: Exchange, seen: Seen) -> Recognition:
    if seen.error_type in _TYPES:
        return _plainly(*_of_type(seen, _TYPES[seen.error_type]))
    if worded := _worded(seen):
        return _plainly(*worded)
    if coded := _coded(seen.said.codes):
        return _plainly(*coded)
    if "@connections" in parse(exchange.request.url).segments:
        return _by_management_api(seen)
    if seen.error_type is not None:
        # An error type that is not the gateway's: another service's, or one not known yet.
        return UNRECOGNISED
    return _of_nobody_known(seen)


def _by_management_api(seen: Seen) -> Recognition:
    """WebSocket management says some things without a word (ms-114, ms-115)."""
    if seen.status == 413:
        return _plainly(Answer.TOO_LARGE)
    return Recognition(weak=frozenset({_backend(seen.status)}))


def _of_nobody_known(seen: Seen) -> Recognition:
    """An answer without a wording of the gateway's: the backend's, or one in disguise."""
    own = frozenset({_backend(seen.status)})
    if seen.integration_answered:
        return Recognition(plain=own)
    if _HTTP_ID in seen.headers:
        if seen.said.form is Form.UNSEEN:
            return Recognition(plain=own | _natural(seen.status, _HTTP_ONLY))
        return Recognition(plain=own)
    if seen.amazon:
        return Recognition(weak=own)
    if seen.complete or seen.said.form in (Form.HTML, Form.XML):
        return UNRECOGNISED
    natural = _natural(seen.status, _CUSTOMISABLE)
    if seen.said.form is Form.UNSEEN:
        return Recognition(weak=own | natural, disguised=_OFTEN_CHANGED - natural)
    return Recognition(weak=own, disguised=natural | _OFTEN_CHANGED)


def _backend(status: int) -> Answer:
    if status in (401, 403):
        return Answer.BACKEND_DENIED
    if status in (404, 410):
        return Answer.BACKEND_NOT_FOUND
    return Answer.BACKEND_REJECTED if status < 500 else Answer.BACKEND_ERROR


@dataclass(frozen=True, slots=True)
class Wire:
    """One answer as it stands on the wire by default; owners may change status and text."""

    answer: Answer
    status: int
    error_types: tuple[str, ...]
    wording: re.Pattern[str] | None


def _wire(answer: Answer, status: int, error_types: str, wording: str | None) -> Wire:
    text = re.compile(wording) if wording else None
    return Wire(answer, status, tuple(error_types.split()), text)


_SIGNATURE = "InvalidSignatureException"
_SECURITY_TOKEN = "UnrecognizedClientException InvalidSignatureException"
_INTERNAL = "InternalServerErrorException"

WIRES: tuple[Wire, ...] = (
    _wire(
        Answer.MISSING_TOKEN,
        403,
        "MissingAuthenticationTokenException",
        r"^Missing Authentication Token",
    ),
    _wire(
        Answer.INCOMPLETE_SIGNATURE,
        403,
        "IncompleteSignatureException",
        r"not a valid key=value pair|^Invalid key=value pair|^Authorization header requires"
        r"|^Credential must have exactly|must be a 'SignedHeader'",
    ),
    _wire(Answer.NO_METHOD_FOUND, 404, "NotFoundException", r"^No method found matching route"),
    _wire(
        Answer.SIGNATURE_MISMATCH,
        403,
        _SIGNATURE,
        r"^The request signature we calculated does not match",
    ),
    _wire(Answer.SIGNATURE_EXPIRED, 403, _SIGNATURE, r"^Signature expired"),
    _wire(Answer.SIGNATURE_NOT_YET_CURRENT, 403, _SIGNATURE, r"^Signature not yet current"),
    _wire(
        Answer.SIGNATURE_WRONG_SCOPE,
        403,
        _SIGNATURE,
        r"^Credential should be scoped|^Date in Credential scope does not match",
    ),
    _wire(
        Answer.SECURITY_TOKEN_INVALID,
        403,
        _SECURITY_TOKEN,
        r"^The security token included in the request is invalid",
    ),
    _wire(
        Answer.SECURITY_TOKEN_EXPIRED,
        403,
        f"ExpiredTokenException {_SECURITY_TOKEN}",
        r"^The security token included in the request is expired",
    ),
    _wire(Answer.UNAUTHORIZED, 401, "UnauthorizedException", r"^Unauthorized$"),
    _wire(Answer.TOKEN_EXPIRED, 401, "UnauthorizedException", r"^The incoming token has expired"),
    _wire(Answer.FORBIDDEN, 403, "ForbiddenException", r"^Forbidden$"),
    _wire(Answer.QUOTA_EXCEEDED, 429, "LimitExceededException", r"^Limit Exceeded"),
    _wire(
        Answer.RATE_EXCEEDED,
        429,
        "TooManyRequestsException",
        r"^Too Many Requests|^Rate [Ee]xceeded",
    ),
    _wire(
        Answer.BAD_REQUEST,
        400,
        "BadRequestException",
        r"^Invalid request body|^Missing required request parameters",
    ),
    _wire(Answer.BAD_CONNECTION_ID, 400, "BadRequestException", r"^Invalid connectionId"),
    _wire(
        Answer.TOO_LARGE,
        413,
        "RequestEntityTooLargeException RequestTooLargeException",
        r"^HTTP content length exceeded",
    ),
    _wire(
        Answer.UNSUPPORTED_MEDIA_TYPE,
        415,
        "UnsupportedMediaTypeException",
        r"^Unsupported Media Type",
    ),
    _wire(Answer.INTERNAL_ERROR, 500, _INTERNAL, r"^Internal server error$"),
    _wire(Answer.BAD_GATEWAY, 502, _INTERNAL, r"^Internal server error$"),
    _wire(Answer.INTEGRATION_TIMED_OUT, 504, _INTERNAL, r"^Endpoint request timed out"),
    _wire(
        Answer.INTEGRATION_UNREACHABLE,
        504,
        _INTERNAL,
        r"^Network error communicating with endpoint",
    ),
    _wire(Answer.HTTP_NOT_FOUND, 404, "", r"^Not Found$"),
    _wire(Answer.HTTP_INTERNAL_ERROR, 500, "", r"^Internal Server Error$"),
    _wire(Answer.HTTP_UNAVAILABLE, 503, "", r"^Service Unavailable$"),
    *(_wire(answer, 403, "AccessDeniedException", None) for answer in sorted(IAM_DENIALS)),
    *(_wire(answer, 403, "AccessDeniedException", None) for answer in sorted(ANONYMOUS_DENIALS)),
    *(_wire(answer, 403, "AccessDeniedException", None) for answer in sorted(AUTHORIZER_DENIALS)),
    _wire(Answer.AUTHORIZER_BROKEN, 500, "AuthorizerConfigurationException", None),
    _wire(Answer.CHALLENGED, 401, "", None),
    _wire(Answer.CHALLENGED_INVALID_TOKEN, 401, "", None),
    _wire(Answer.CHALLENGED_SCOPE, 403, "", None),
)

_HTTP_ONLY = frozenset(
    {
        Answer.UNAUTHORIZED,
        Answer.FORBIDDEN,
        Answer.CHALLENGED,
        Answer.CHALLENGED_INVALID_TOKEN,
        Answer.CHALLENGED_SCOPE,
        Answer.HTTP_NOT_FOUND,
        Answer.HTTP_INTERNAL_ERROR,
        Answer.HTTP_UNAVAILABLE,
        Answer.RATE_EXCEEDED,
    }
)
_CUSTOMISABLE = frozenset(wire.answer for wire in WIRES) - {Answer.BAD_CONNECTION_ID}
_OFTEN_CHANGED = AUTHORIZER_DENIALS | {Answer.MISSING_TOKEN, Answer.INCOMPLETE_SIGNATURE}
"""What owners give another status and text, to hide that a route or a refusal is there."""


def _by_type(wires: Iterable[Wire]) -> dict[str | None, tuple[Wire, ...]]:
    table: dict[str | None, list[Wire]] = {}
    for wire in wires:
        for error_type in wire.error_types:
            table.setdefault(error_type, []).append(wire)
    return {error_type: tuple(found) for error_type, found in table.items()}


_TYPES = _by_type(WIRES)


def _natural(status: int, among: frozenset[Answer]) -> frozenset[Answer]:
    """The answers that have this status by default."""
    return frozenset(
        wire.answer for wire in WIRES if wire.status == status and wire.answer in among
    )


def _of_type(seen: Seen, family: tuple[Wire, ...]) -> frozenset[Answer]:
    """The type header survives customised bodies and empty HEAD answers, so it leads."""
    answers = frozenset(wire.answer for wire in family)
    if seen.error_type == "ForbiddenException" and seen.status != 403:
        # A WAF rule may answer with any status (recorded: cu-010, a 429).
        blocked = frozenset({Answer.BLOCKED_BY_RULE})
        return blocked if seen.status == 429 else blocked | answers
    if narrowed := answers & _worded(seen):
        return narrowed
    of_status = frozenset(wire.answer for wire in family if wire.status == seen.status)
    return of_status or answers


def _worded(seen: Seen) -> frozenset[Answer]:
    said = seen.said
    if said.is_null:
        broken = seen.status == 500 and not said.capital
        return frozenset({Answer.AUTHORIZER_BROKEN}) if broken else frozenset()
    if not said.message:
        return frozenset()
    if denial := _denial(said.message):
        return denial
    found = [wire for wire in WIRES if wire.wording and wire.wording.search(said.message)]
    exact = [wire for wire in found if wire.status == seen.status] or found
    return _challenged(seen, frozenset(wire.answer for wire in exact))


def _challenged(seen: Seen, answers: frozenset[Answer]) -> frozenset[Answer]:
    """Splits Unauthorized and Forbidden by the challenge that only JWT authorizers add."""
    if seen.error_type or not answers & {Answer.UNAUTHORIZED, Answer.FORBIDDEN}:
        return answers
    if seen.challenge is None:
        extra = set() if seen.complete else _CHALLENGES
        natural = {wire.answer for wire in WIRES if wire.status == seen.status}
        return answers | (extra & natural)
    return frozenset({_challenge(seen.challenge)})


_CHALLENGES = frozenset(
    {Answer.CHALLENGED, Answer.CHALLENGED_INVALID_TOKEN, Answer.CHALLENGED_SCOPE}
)


def _challenge(header: str) -> Answer:
    """Only `error=` is stable; the descriptions changed between 2024 and 2026."""
    if "insufficient_scope" in header:
        return Answer.CHALLENGED_SCOPE
    return Answer.CHALLENGED_INVALID_TOKEN if "error=" in header else Answer.CHALLENGED


_IAM_ANSWERS = {
    (PolicySource.IDENTITY, True): Answer.IAM_DENIED_IDENTITY_EXPLICIT,
    (PolicySource.IDENTITY, False): Answer.IAM_DENIED_IDENTITY_IMPLICIT,
    (PolicySource.RESOURCE, True): Answer.IAM_DENIED_RESOURCE_EXPLICIT,
    (PolicySource.RESOURCE, False): Answer.IAM_DENIED_RESOURCE_IMPLICIT,
    (PolicySource.ENDPOINT, True): Answer.IAM_DENIED_ENDPOINT,
    (PolicySource.ENDPOINT, False): Answer.IAM_DENIED_ENDPOINT,
    (PolicySource.SESSION, True): Answer.IAM_DENIED_SESSION_EXPLICIT,
    (PolicySource.SESSION, False): Answer.IAM_DENIED_SESSION_IMPLICIT,
    (PolicySource.UNSTATED, True): Answer.IAM_DENIED_EXPLICIT,
}
_ANONYMOUS_ANSWERS = {
    PolicySource.RESOURCE: Answer.ANONYMOUS_DENIED_RESOURCE,
    PolicySource.ENDPOINT: Answer.ANONYMOUS_DENIED_ENDPOINT,
}
_AUTHORIZER_ANSWERS = {
    True: Answer.AUTHORIZER_DENIED_EXPLICIT,
    False: Answer.AUTHORIZER_DENIED_IMPLICIT,
    None: Answer.AUTHORIZER_DENIED_UNSTATED,
}


def _denial(message: str) -> frozenset[Answer]:
    denial = read(message)
    if denial is None:
        return frozenset()
    if denial.by_authorizer:
        return frozenset({_AUTHORIZER_ANSWERS[denial.explicit]})
    if denial.anonymous:
        return frozenset({_ANONYMOUS_ANSWERS.get(denial.source, Answer.ANONYMOUS_DENIED)})
    key = (denial.source, bool(denial.explicit))
    return frozenset({_IAM_ANSWERS.get(key, Answer.IAM_DENIED_UNSTATED)})


_CODES = {
    "MISSING_AUTHENTICATION_TOKEN": frozenset({Answer.MISSING_TOKEN, Answer.INCOMPLETE_SIGNATURE}),
    "MissingAuthenticationToken": frozenset({Answer.MISSING_TOKEN, Answer.INCOMPLETE_SIGNATURE}),
    "ACCESS_DENIED": IAM_DENIALS | ANONYMOUS_DENIALS | AUTHORIZER_DENIALS,
    "AUTHORIZER_CONFIGURATION_ERROR": frozenset({Answer.AUTHORIZER_BROKEN}),
    "AUTHORIZER_FAILURE": frozenset({Answer.AUTHORIZER_BROKEN}),
    "BAD_REQUEST_BODY": frozenset({Answer.BAD_REQUEST}),
    "BAD_REQUEST_PARAMETERS": frozenset({Answer.BAD_REQUEST}),
    "EXPIRED_TOKEN": frozenset({Answer.SECURITY_TOKEN_EXPIRED, Answer.TOKEN_EXPIRED}),
    "INTEGRATION_FAILURE": frozenset({Answer.INTEGRATION_UNREACHABLE}),
    "INTEGRATION_TIMEOUT": frozenset({Answer.INTEGRATION_TIMED_OUT}),
    "API_CONFIGURATION_ERROR": frozenset({Answer.INTERNAL_ERROR}),
    "INVALID_API_KEY": frozenset({Answer.FORBIDDEN}),
    "INVALID_SIGNATURE": SIGNATURE_REFUSALS,
    "QUOTA_EXCEEDED": frozenset({Answer.QUOTA_EXCEEDED}),
    "THROTTLED": frozenset({Answer.RATE_EXCEEDED}),
    "REQUEST_TOO_LARGE": frozenset({Answer.TOO_LARGE}),
    "RESOURCE_NOT_FOUND": frozenset({Answer.NO_METHOD_FOUND}),
    "UNAUTHORIZED": frozenset({Answer.UNAUTHORIZED}),
    "UNSUPPORTED_MEDIA_TYPE": frozenset({Answer.UNSUPPORTED_MEDIA_TYPE}),
    "WAF_FILTERED": frozenset({Answer.FORBIDDEN}),
}


def _coded(codes: frozenset[str]) -> frozenset[Answer]:
    """What a customised template says of its own type, where it says so."""
    return frozenset().union(*(_CODES[code] for code in codes))


_NETWORK = (
    (
        Answer.DNS_FAILURE,
        r"^dns:|could not resolve|name or service not known|nodename nor servname",
    ),
    (Answer.CERTIFICATE_REQUIRED, r"certificate required|bad certificate"),
    (Answer.TLS_FAILURE, r"^tls:|ssl|certificate|handshake"),
    (Answer.TIMEOUT, r"^timeout:|timed? ?out"),
    (Answer.RESET, r"^reset:|reset by peer|empty reply|closed connection|without response"),
    (Answer.CONNECT_FAILURE, r"^connect:|connection refused|couldn't connect|failed to connect"),
)
_NETWORK_TEXTS = tuple((answer, re.compile(text, re.IGNORECASE)) for answer, text in _NETWORK)


def usual_status(body: str) -> int:
    """The status with which the gateway sends a body of this wording by default; 0: unknown."""
    said = bodies.read(body)
    if said.is_null:
        return 403 if said.capital else 500
    if read(said.message) is not None:
        return 403
    found = {wire.status for wire in WIRES if wire.wording and wire.wording.search(said.message)}
    return min(found) if found else 0


def _without_response(error: str | None) -> frozenset[Answer]:
    if not error:
        return NO_RESPONSE
    for answer, text in _NETWORK_TEXTS:
        if text.search(error):
            return frozenset({answer})
    return frozenset()

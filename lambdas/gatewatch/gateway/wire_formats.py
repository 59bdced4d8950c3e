"""Every answer of API Gateway in its default form on the wire: status, error type, wording.

Owners may change status and text of a gateway response; its error type stays. Wordings are
matched by prefix, since AWS lengthens them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from gatewatch.gateway.answers import (
    ANONYMOUS_DENIALS,
    AUTHORIZER_DENIALS,
    IAM_DENIALS,
    SIGNATURE_REFUSALS,
    Answer,
)


@dataclass(frozen=True, slots=True)
class Wire:
    """One answer in its default form; owners may change status and text."""

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
        r"^HTTP content length exceeded|^Request (Entity )?Too L",
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


HTTP_ANSWERS = frozenset(
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
        Answer.TOO_LARGE,
    }
)
"""The answers of an HTTP API; it has no templates, so its texts are fixed."""
FUNCTION_URL_ANSWERS = SIGNATURE_REFUSALS | {Answer.RATE_EXCEEDED, Answer.TOO_LARGE}
"""The answers that a function URL words like a REST API."""
WORDED = frozenset(wire.answer for wire in WIRES)
"""Every answer that is API Gateway's own."""
CUSTOMISABLE = WORDED - {Answer.BAD_CONNECTION_ID}
OFTEN_CHANGED = AUTHORIZER_DENIALS | {Answer.MISSING_TOKEN, Answer.INCOMPLETE_SIGNATURE}
"""Answers to which owners give another status and text, to hide a route or a refusal."""
OF_ANY_TYPE = frozenset(
    {
        Answer.SECURITY_TOKEN_INVALID,
        Answer.SECURITY_TOKEN_EXPIRED,
        Answer.SIGNATURE_EXPIRED,
        Answer.SIGNATURE_NOT_YET_CURRENT,
        Answer.SIGNATURE_WRONG_SCOPE,
        Answer.UNSUPPORTED_MEDIA_TYPE,
    }
)
"""Answers recorded under several error types or none: their wording decides."""


def _by_type(wires: Iterable[Wire]) -> dict[str, tuple[Wire, ...]]:
    table: dict[str, list[Wire]] = {}
    for wire in wires:
        for error_type in wire.error_types:
            table.setdefault(error_type, []).append(wire)
    return {error_type: tuple(found) for error_type, found in table.items()}


TYPES = _by_type(WIRES)
"""The error types that API Gateway itself sends, with the answers of each."""
GATEWAYS_ALONE = frozenset({"AuthorizerConfigurationException"})
"""The types that no other AWS API sends. An integration that is an AWS API may pass the others on:
inferred, not recorded."""


def natural(status: int, among: frozenset[Answer]) -> frozenset[Answer]:
    """The answers with this default status."""
    return frozenset(
        wire.answer for wire in WIRES if wire.status == status and wire.answer in among
    )


CODES = {
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
"""Gateway response types that a customised template may name, with the answers of each."""

"""The bytes that the sandbox sends, each with where they are known from.

`recorded:` names a row of the recorded corpus in tests/corpus; a conformance test compares them.
"""

from __future__ import annotations

import base64
import secrets
import uuid
from dataclasses import dataclass
from enum import StrEnum


class Basis(StrEnum):
    RECORDED = "recorded"
    DOCUMENTED = "documented"
    INFERRED = "inferred"


@dataclass(frozen=True, slots=True)
class Answer:
    """A response without its ids. `row` names the recorded response that it repeats."""

    status: int
    error_type: str | None
    body: str
    basis: Basis
    row: str | None = None

    def headers(self) -> list[tuple[str, str]]:
        """The headers of a REST API, spelled and ordered as recorded, with fresh ids."""
        shown = [
            ("Content-Type", "application/json"),
            ("x-amzn-RequestId", str(uuid.uuid4())),
            ("x-amz-apigw-id", base64.b64encode(secrets.token_bytes(11)).decode()),
        ]
        if self.error_type is not None:
            return [*shown, ("x-amzn-ErrorType", self.error_type)]
        return [
            *shown,
            ("X-Amzn-Trace-Id", f"Root=1-{secrets.token_hex(4)}-{secrets.token_hex(12)}"),
        ]


def _recorded(row: str, status: int, error_type: str | None, body: str) -> Answer:
    return Answer(status, error_type, body, Basis.RECORDED, row)


MISSING_TOKEN = _recorded(
    "ms-017",
    403,
    "MissingAuthenticationTokenException",
    '{"message":"Missing Authentication Token"}',
)
FORBIDDEN = _recorded("key-001", 403, "ForbiddenException", '{"message":"Forbidden"}')
UNAUTHORIZED = _recorded("ms-098", 401, "UnauthorizedException", '{"message":"Unauthorized"}')
AUTHORIZER_DENIED = _recorded(
    "ms-103",
    403,
    "AccessDeniedException",
    '{"Message":"User is not authorized to access this resource with an explicit deny in an '
    'identity-based policy"}',
)
AUTHORIZER_BROKEN = _recorded("ms-090", 500, "AuthorizerConfigurationException", '{"message":null}')
NOT_PERMITTED = _recorded(
    "in-003", 500, "InternalServerErrorException", '{"message": "Internal server error"}'
)
FUNCTION_RAISED = _recorded(
    "in-005", 502, "InternalServerErrorException", '{"message": "Internal server error"}'
)
SIGNATURE_MISMATCH = _recorded(
    "fd-054",
    403,
    "InvalidSignatureException",
    '{"message":"The request signature we calculated does not match the signature you provided. '
    "Check your AWS Secret Access Key and signing method. Consult the service documentation for "
    'details."}',
)
SECURITY_TOKEN_INVALID = _recorded(
    "iam-018",
    403,
    "UnrecognizedClientException",
    '{"message":"The security token included in the request is invalid."}',
)


def no_method(method: str, path: str) -> Answer:
    body = f'{{"message":"No method found matching route {path} for http method {method}."}}'
    return _recorded("ms-051", 404, "NotFoundException", body)


def incomplete_signature(hashed: str) -> Answer:
    body = (
        '{"message":"Invalid key=value pair (missing equal-sign) in Authorization header (hashed '
        f"with SHA-256 and encoded with Base64): '{hashed}'.\"}}"
    )
    return _recorded("rt-029", 403, "IncompleteSignatureException", body)


def policy_denied(user: str, arn: str) -> Answer:
    body = (
        f'{{"Message":"User: {user} is not authorized to perform: execute-api:Invoke on resource: '
        f'{arn} with an explicit deny in a resource-based policy"}}'
    )
    return _recorded("iam-006", 403, "AccessDeniedException", body)


def identity_denied(user: str, arn: str) -> Answer:
    body = (
        f'{{"Message":"User: {user} is not authorized to perform: execute-api:Invoke on resource: '
        f'{arn} because no identity-based policy allows the execute-api:Invoke action"}}'
    )
    return Answer(403, "AccessDeniedException", body, Basis.DOCUMENTED)


def signature_expired(sent: str, now: str, limit: str) -> Answer:
    body = f'{{"message":"Signature expired: {sent} is now earlier than {limit} ({now} - 5 min.)"}}'
    return _recorded("fd-055", 403, "InvalidSignatureException", body)


def success(body: str) -> Answer:
    return _recorded("ms-018", 200, None, body)

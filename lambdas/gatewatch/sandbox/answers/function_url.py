"""What a function URL says."""

from __future__ import annotations

from gatewatch.sandbox.answers.base import Answer, Basis

_DENIED = "AccessDeniedException"

UNSIGNED = Answer(403, '{"Message":"Forbidden"}', Basis.RECORDED, "fu-001", _DENIED)
NOT_PERMITTED = Answer(
    403,
    '{"Message":"Forbidden. For troubleshooting Function URL authorization issues, see: '
    'https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"}',
    Basis.RECORDED,
    "fu-007",
    _DENIED,
)
NOT_FOUND = Answer(403, '{"Message":null}', Basis.RECORDED, "ls-027", _DENIED)
SECURITY_TOKEN_INVALID = Answer(
    403,
    '{"message":"The security token included in the request is invalid."}',
    Basis.RECORDED,
    "fu-002",
    "InvalidSignatureException",
)
BODY_NOT_SIGNED = Answer(
    403,
    '{"message":"The request signature we calculated does not match the signature you provided. '
    "Check your AWS Secret Access Key and signing method. Consult the service documentation for "
    'details."}',
    Basis.RECORDED,
    "fu-008",
    "InvalidSignatureException",
)
FUNCTION_RAISED = Answer(
    502, "Internal Server Error", Basis.DOCUMENTED, content_type="application/octet-stream"
)
TOO_MANY_REQUESTS = Answer(
    429,
    '{"Reason":"ConcurrentInvocationLimitExceeded","Type":"User","message":"Rate Exceeded."}',
    Basis.DOCUMENTED,
    error_type="TooManyRequestsException",
)

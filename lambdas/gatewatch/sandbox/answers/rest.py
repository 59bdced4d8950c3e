"""What a REST API says."""

from __future__ import annotations

from gatewatch.sandbox.answers.base import Answer, Basis, GatewayResponse


def _recorded(
    row: str, status: int, error_type: str, body: str, kind: GatewayResponse | None = None
) -> Answer:
    return Answer(status, body, Basis.RECORDED, row, error_type, kind)


def _documented(
    status: int, error_type: str, body: str, kind: GatewayResponse | None = None
) -> Answer:
    return Answer(status, body, Basis.DOCUMENTED, None, error_type, kind)


MISSING_TOKEN = _recorded(
    "ms-017",
    403,
    "MissingAuthenticationTokenException",
    '{"message":"Missing Authentication Token"}',
    GatewayResponse.MISSING_AUTHENTICATION_TOKEN,
)
NOT_SERVED = _recorded("rt-037", 403, "ForbiddenException", '{"message":"Forbidden"}')
"""No API, stage or mapping was found, so nobody's own wording applies."""
KEY_REFUSED = _recorded(
    "key-001",
    403,
    "ForbiddenException",
    '{"message":"Forbidden"}',
    GatewayResponse.INVALID_API_KEY,
)
WAF_BLOCKED = Answer(
    403,
    '{"message":"Forbidden"}',
    Basis.DOCUMENTED,
    error_type="ForbiddenException",
    type=GatewayResponse.WAF_FILTERED,
)
UNAUTHORIZED = _recorded(
    "ms-098",
    401,
    "UnauthorizedException",
    '{"message":"Unauthorized"}',
    GatewayResponse.UNAUTHORIZED,
)
TOKEN_EXPIRED = _recorded(
    "az-009",
    401,
    "UnauthorizedException",
    '{"message":"The incoming token has expired"}',
    GatewayResponse.UNAUTHORIZED,
)
_USER = '{"Message":"User is not authorized to access this resource'
AUTHORIZER_DENIED = _recorded(
    "ms-103",
    403,
    "AccessDeniedException",
    f'{_USER} with an explicit deny in an identity-based policy"}}',
    GatewayResponse.ACCESS_DENIED,
)
AUTHORIZER_DOES_NOT_ALLOW = _recorded(
    "ms-087",
    403,
    "AccessDeniedException",
    f'{_USER} because no identity-based policy allows the execute-api:Invoke action"}}',
    GatewayResponse.ACCESS_DENIED,
)
SCOPE_MISSING = Answer(
    403,
    f'{_USER}"}}',
    Basis.INFERRED,
    error_type="AccessDeniedException",
    type=GatewayResponse.ACCESS_DENIED,
)
AUTHORIZER_BROKEN = _recorded(
    "ms-090",
    500,
    "AuthorizerConfigurationException",
    '{"message":null}',
    GatewayResponse.AUTHORIZER_CONFIGURATION_ERROR,
)
_INTERNAL = "InternalServerErrorException"
INTERNAL_ERROR = _recorded(
    "in-003",
    500,
    _INTERNAL,
    '{"message": "Internal server error"}',
    GatewayResponse.API_CONFIGURATION_ERROR,
)
BAD_GATEWAY = _recorded("in-005", 502, _INTERNAL, '{"message": "Internal server error"}')
TIMED_OUT = _documented(
    504,
    _INTERNAL,
    '{"message": "Endpoint request timed out"}',
    GatewayResponse.INTEGRATION_TIMEOUT,
)
UNREACHABLE = _documented(
    504,
    _INTERNAL,
    '{"message": "Network error communicating with endpoint"}',
    GatewayResponse.INTEGRATION_FAILURE,
)
SIGNATURE_MISMATCH = _recorded(
    "fd-054",
    403,
    "InvalidSignatureException",
    '{"message":"The request signature we calculated does not match the signature you provided. '
    "Check your AWS Secret Access Key and signing method. Consult the service documentation for "
    'details."}',
    GatewayResponse.INVALID_SIGNATURE,
)
SECURITY_TOKEN_INVALID = _recorded(
    "iam-018",
    403,
    "UnrecognizedClientException",
    '{"message":"The security token included in the request is invalid."}',
    GatewayResponse.INVALID_SIGNATURE,
)
SECURITY_TOKEN_EXPIRED = _documented(
    403,
    "ExpiredTokenException",
    '{"message":"The security token included in the request is expired"}',
    GatewayResponse.EXPIRED_TOKEN,
)
QUOTA_EXCEEDED = _recorded(
    "thr-001",
    429,
    "LimitExceededException",
    '{"message":"Limit Exceeded"}',
    GatewayResponse.QUOTA_EXCEEDED,
)
TOO_MANY_REQUESTS = _recorded(
    "thr-002",
    429,
    "TooManyRequestsException",
    '{"message": "Too Many Requests"}',
    GatewayResponse.THROTTLED,
)
INVALID_BODY = _documented(
    400,
    "BadRequestException",
    '{"message": "Invalid request body"}',
    GatewayResponse.BAD_REQUEST_BODY,
)
TOO_LARGE = Answer(
    413,
    "HTTP content length exceeded 10485760 bytes.",
    Basis.RECORDED,
    row="cu-005",
    error_type="RequestTooLargeException",
    content_type="text/plain",
)
UNSUPPORTED_MEDIA_TYPE = _documented(
    415,
    "UnsupportedMediaTypeException",
    '{"message": "Unsupported Media Type"}',
    GatewayResponse.UNSUPPORTED_MEDIA_TYPE,
)


def missing_parameters(names: list[str]) -> Answer:
    return _documented(
        400,
        "BadRequestException",
        f'{{"message": "Missing required request parameters: [{", ".join(names)}]"}}',
        GatewayResponse.BAD_REQUEST_PARAMETERS,
    )


def no_method(method: str, path: str) -> Answer:
    body = f'{{"message":"No method found matching route {path} for http method {method}."}}'
    kind = GatewayResponse.RESOURCE_NOT_FOUND
    return _recorded("ms-051", 404, "NotFoundException", body, kind)


def no_key_value_pair(hashed: str) -> Answer:
    body = (
        '{"message":"Invalid key=value pair (missing equal-sign) in Authorization header (hashed '
        f"with SHA-256 and encoded with Base64): '{hashed}'.\"}}"
    )
    kind = GatewayResponse.INVALID_SIGNATURE
    return _recorded("rt-029", 403, "IncompleteSignatureException", body, kind)


def parameters_required(lacking: list[str], hashed: str) -> Answer:
    """A header with no scheme before its value lacks every part of a signature (iam-003)."""
    told = " ".join(f"Authorization header requires '{name}' parameter." for name in lacking)
    body = (
        f'{{"message":"{told} (Hashed with SHA-256 and encoded with Base64) '
        f'Authorization={hashed}"}}'
    )
    kind = GatewayResponse.INVALID_SIGNATURE
    return Answer(403, body, Basis.INFERRED, None, "IncompleteSignatureException", kind)


def signature_refused(text: str, basis: Basis, row: str | None = None) -> Answer:
    kind = GatewayResponse.INVALID_SIGNATURE
    return Answer(403, f'{{"message":"{text}"}}', basis, row, "InvalidSignatureException", kind)


def access_denied(user: str, arn: str, because: str, basis: Basis, row: str | None) -> Answer:
    body = (
        f'{{"Message":"User: {user} is not authorized to perform: execute-api:Invoke on resource: '
        f'{arn} {because}"}}'
    )
    kind = GatewayResponse.ACCESS_DENIED
    return Answer(403, body, basis, row, "AccessDeniedException", kind)

"""One example of each answer on the wire, for people to compare with.

Bodies are as recorded, if a recording exists. A test checks that `gateway.recognition` recognises
each example.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from gatewatch.gateway.answers import Answer
from gatewatch.gateway.body import read_body
from gatewatch.gateway.wire_formats import WIRES
from gatewatch.model import ApiKind, Response

_DENIED = (
    '{"Message":"User: arn:aws:sts::111122223333:assumed-role/caller/session is not authorized to'
    " perform: execute-api:Invoke on resource:"
    " arn:aws:execute-api:us-east-1:********3333:abc123/prod/GET/orders"
)
_ANONYMOUS = (
    '{"Message":"User: anonymous is not authorized to perform: execute-api:Invoke on resource:'
    " arn:aws:execute-api:us-east-1:********3333:abc123/prod/GET/orders"
)
_REFUSED = '{"Message":"User is not authorized to access this resource'
_ALLOWS_INVOKE = 'allows the execute-api:Invoke action"}'

BODIES: dict[Answer, str] = {
    Answer.SUCCESS: '{"ok":true}',
    Answer.INNER_FAILURE: '{"message":"Forbidden"}',
    Answer.MISSING_TOKEN: '{"message":"Missing Authentication Token"}',
    Answer.INCOMPLETE_SIGNATURE: '{"message":"Invalid key=value pair (missing equal-sign) in'
    " Authorization header (hashed with SHA-256 and encoded with Base64): '<hash>'.\"}",
    Answer.NO_METHOD_FOUND: '{"message":"No method found matching route sessions for http method'
    ' PUT."}',
    Answer.SIGNATURE_MISMATCH: '{"message":"The request signature we calculated does not match the'
    " signature you provided. Check your AWS Secret Access Key and signing method. Consult the"
    ' service documentation for details."}',
    Answer.SIGNATURE_EXPIRED: '{"message":"Signature expired: 20170212T175938Z is now earlier than'
    ' 20170215T145534Z (20170215T150034Z - 5 min.)"}',
    Answer.SIGNATURE_NOT_YET_CURRENT: '{"message":"Signature not yet current: 20170215T150534Z is'
    ' still later than 20170215T150034Z (20170215T145534Z + 5 min.)"}',
    Answer.SIGNATURE_WRONG_SCOPE: '{"message":"Credential should be scoped to a valid region,'
    " not 'eu-west-1'.\"}",
    Answer.SECURITY_TOKEN_INVALID: '{"message":"The security token included in the request is'
    ' invalid."}',
    Answer.SECURITY_TOKEN_EXPIRED: '{"message":"The security token included in the request is'
    ' expired"}',
    Answer.IAM_DENIED_IDENTITY_EXPLICIT: f"{_DENIED} with an explicit deny in an identity-based"
    ' policy"}',
    Answer.IAM_DENIED_IDENTITY_IMPLICIT: f"{_DENIED} because no identity-based policy"
    f" {_ALLOWS_INVOKE}",
    Answer.IAM_DENIED_RESOURCE_EXPLICIT: f"{_DENIED} with an explicit deny in a resource-based"
    ' policy"}',
    Answer.IAM_DENIED_RESOURCE_IMPLICIT: f"{_DENIED} because no resource-based policy"
    f" {_ALLOWS_INVOKE}",
    Answer.IAM_DENIED_ENDPOINT: f"{_DENIED} because no VPC endpoint policy {_ALLOWS_INVOKE}",
    Answer.IAM_DENIED_LIMIT_EXPLICIT: f"{_DENIED} with an explicit deny in a service control"
    ' policy"}',
    Answer.IAM_DENIED_LIMIT_IMPLICIT: f"{_DENIED} because no permissions boundary {_ALLOWS_INVOKE}",
    Answer.IAM_DENIED_SESSION_EXPLICIT: f'{_DENIED} with an explicit deny in a session policy"}}',
    Answer.IAM_DENIED_SESSION_IMPLICIT: f"{_DENIED} because no session policy {_ALLOWS_INVOKE}",
    Answer.IAM_DENIED_EXPLICIT: f'{_DENIED} with an explicit deny"}}',
    Answer.IAM_DENIED_UNSTATED: f'{_DENIED}"}}',
    Answer.ANONYMOUS_DENIED: f'{_ANONYMOUS}"}}',
    Answer.ANONYMOUS_DENIED_RESOURCE: f"{_ANONYMOUS} with an explicit deny in a resource-based"
    ' policy"}',
    Answer.ANONYMOUS_DENIED_ENDPOINT: f"{_ANONYMOUS} because no VPC endpoint policy"
    f" {_ALLOWS_INVOKE}",
    Answer.AUTHORIZER_DENIED_EXPLICIT: f"{_REFUSED} with an explicit deny in an identity-based"
    ' policy"}',
    Answer.AUTHORIZER_DENIED_IMPLICIT: f"{_REFUSED} because no identity-based policy"
    f" {_ALLOWS_INVOKE}",
    Answer.AUTHORIZER_DENIED_UNSTATED: f'{_REFUSED}"}}',
    Answer.UNAUTHORIZED: '{"message":"Unauthorized"}',
    Answer.TOKEN_EXPIRED: '{"message":"The incoming token has expired"}',
    Answer.CHALLENGED: '{"message":"Unauthorized"}',
    Answer.CHALLENGED_INVALID_TOKEN: '{"message":"Unauthorized"}',
    Answer.CHALLENGED_SCOPE: '{"message":"Forbidden"}',
    Answer.AUTHORIZER_BROKEN: '{"message":null}',
    Answer.FORBIDDEN: '{"message":"Forbidden"}',
    Answer.BLOCKED_BY_RULE: "whatever the rule's custom response says",
    Answer.QUOTA_EXCEEDED: '{"message":"Limit Exceeded"}',
    Answer.RATE_EXCEEDED: '{"message": "Too Many Requests"}',
    Answer.BAD_REQUEST: '{"message": "Missing required request parameters: [divisor]"}',
    Answer.BAD_CONNECTION_ID: '{"message":"Invalid connectionId: AAAAAAAAAAAAAAA="}',
    Answer.TOO_LARGE: "HTTP content length exceeded 10485760 bytes.",
    Answer.UNSUPPORTED_MEDIA_TYPE: '{"message": "Unsupported Media Type"}',
    Answer.INTERNAL_ERROR: '{"message": "Internal server error"}',
    Answer.BAD_GATEWAY: '{"message": "Internal server error"}',
    Answer.INTEGRATION_TIMED_OUT: '{"message": "Endpoint request timed out"}',
    Answer.INTEGRATION_UNREACHABLE: '{"message": "Network error communicating with endpoint"}',
    Answer.HTTP_NOT_FOUND: '{"message":"Not Found"}',
    Answer.HTTP_INTERNAL_ERROR: '{"message":"Internal Server Error"}',
    Answer.HTTP_UNAVAILABLE: '{"message":"Service Unavailable"}',
}


def bodies() -> frozenset[str]:
    """Every body of AWS's own refusals."""
    of_others = (Answer.SUCCESS, Answer.BLOCKED_BY_RULE, Answer.EDGE_FUNCTION)
    own = [one.body for answer, one in _OWN.items() if answer not in of_others]
    shared = [one for answer, one in BODIES.items() if answer not in of_others]
    return frozenset(one for one in (*own, *shared) if one)


_CHALLENGES = {
    Answer.CHALLENGED: "Bearer",
    Answer.CHALLENGED_INVALID_TOKEN: 'Bearer error="invalid_token"',
    Answer.CHALLENGED_SCOPE: 'Bearer error="insufficient_scope"',
}


def _page(sentence: str) -> Response:
    """CloudFront's error page, which differs in one sentence."""
    return Response(
        status=403,
        headers={"Server": "CloudFront", "X-Cache": "Error from cloudfront"},
        body=f"<H1>403 ERROR</H1> The request could not be satisfied. {sentence}",
    )


def _balancer(status: int, text: str) -> Response:
    return Response(status=status, headers={"Server": "awselb/2.0"}, body=f"<html>{text}</html>")


def _function_url(status: int, error_type: str | None, body: str) -> Response:
    headers = {"x-amzn-ErrorType": error_type} if error_type else {}
    return Response(status=status, headers={"x-amzn-RequestId": "<id>", **headers}, body=body)


# Answers that look the same whichever kind of API they were meant for.
_OWN: dict[Answer, Response] = {
    Answer.FUNCTION_URL_FORBIDDEN: _function_url(
        403, "AccessDeniedException", '{"Message":"Forbidden"}'
    ),
    Answer.FUNCTION_URL_HELP: _function_url(
        403,
        "AccessDeniedException",
        '{"Message":"Forbidden. For troubleshooting Function URL authorization issues, see:'
        ' https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"}',
    ),
    Answer.FUNCTION_URL_NULL: _function_url(403, "AccessDeniedException", '{"Message":null}'),
    Answer.FUNCTION_URL_ERROR: _function_url(502, None, "Internal Server Error"),
    Answer.FRAME_FORBIDDEN: Response(
        status=101, body='{"message":"Forbidden","connectionId":"<id>","requestId":"<id>"}'
    ),
    Answer.APPSYNC_NO_CREDENTIAL: Response(
        status=401,
        body='{"errors":[{"errorType":"UnauthorizedException",'
        '"message":"Valid authorization header not provided."}]}',
    ),
    Answer.APPSYNC_NOT_AUTHORIZED: Response(
        status=401,
        body='{"errors":[{"errorType":"UnauthorizedException",'
        '"message":"You are not authorized to make this call."}]}',
    ),
    Answer.APPSYNC_REFUSED: Response(
        status=401,
        body='{"errors":[{"errorType":"UnauthorizedException",'
        '"message":"Unable to parse JWT token."}]}',
    ),
    Answer.APPSYNC_BLOCKED: Response(
        status=403,
        body='{"errors":[{"errorType":"WAFForbiddenException","message":"403 Forbidden"}]}',
    ),
    Answer.COGNITO_BLOCKED: Response(
        status=403,
        body='{"__type":"ForbiddenException","message":"Request not allowed due to WAF block."}',
    ),
    Answer.CLOUDFRONT_METHOD: _page(
        "This distribution is not configured to allow the HTTP request method that was used for"
        " this request."
    ),
    Answer.CLOUDFRONT_BAD_REQUEST: _page("Bad request."),
    Answer.CLOUDFRONT_BLOCKED: _page("Request blocked."),
    Answer.CLOUDFRONT_COUNTRY: _page(
        "The Amazon CloudFront distribution is configured to block access from your country."
    ),
    Answer.EDGE_FUNCTION: Response(
        status=403, headers={"X-Cache": "LambdaGeneratedResponse from cloudfront"}, body="denied"
    ),
    Answer.CHALLENGE: Response(status=202, headers={"x-amzn-waf-action": "challenge"}, body=""),
    Answer.BOT_CHALLENGE: Response(
        status=403, headers={"cf-mitigated": "challenge"}, body="<html>Just a moment...</html>"
    ),
    Answer.S3_DENIED: Response(
        status=403,
        headers={"Server": "AmazonS3", "content-type": "application/xml"},
        body="<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>",
    ),
    Answer.BALANCER_UNAVAILABLE: _balancer(503, "503 Service Temporarily Unavailable"),
    Answer.BALANCER_FORBIDDEN: _balancer(403, "403 Forbidden"),
    Answer.PROXY_REFUSED: Response(
        status=403, headers={"Server": "squid"}, body="<html>ERR_ACCESS_DENIED</html>"
    ),
    Answer.DNS_FAILURE: Response(error="Could not resolve host"),
    Answer.CONNECT_FAILURE: Response(error="Connection refused"),
    Answer.TLS_FAILURE: Response(error="SSL certificate problem"),
    Answer.CERTIFICATE_REQUIRED: Response(error="tls: alert certificate required"),
    Answer.TIMEOUT: Response(error="Connection timed out"),
    Answer.SILENCE: Response(error="Operation timed out with 0 bytes received"),
    Answer.RESET: Response(error="Connection reset by peer"),
}
_BEHIND: dict[Answer, int] = {
    Answer.BACKEND_DENIED: 403,
    Answer.BACKEND_NOT_FOUND: 404,
    Answer.BACKEND_REJECTED: 409,
    Answer.BACKEND_ERROR: 500,
}
_SERVED_HEADERS: dict[ApiKind, dict[str, str]] = {
    ApiKind.HTTP: {"Apigw-Requestid": "<id>"},
    ApiKind.FUNCTION_URL: {"x-amzn-RequestId": "<id>", "X-Amzn-Trace-Id": "<id>"},
    ApiKind.APPSYNC: {"x-amzn-RequestId": "<id>"},
}
_REST_IDS = {"x-amzn-RequestId": "<id>", "x-amz-apigw-id": "<id>"}


def example(answer: Answer, kind: ApiKind) -> Response:
    """A response with this answer by this front door, reduced to what people compare."""
    if answer in _OWN:
        return _OWN[answer]
    if answer in _BEHIND or answer in (Answer.SUCCESS, Answer.INNER_FAILURE):
        body = BODIES.get(answer, '{"error":"in the backend\'s own words"}')
        return Response(status=_BEHIND.get(answer, 200), headers=_served(kind), body=body)
    status, error_types = _on_the_wire(answer)
    return Response(status=status, headers=_headers(answer, kind, error_types), body=BODIES[answer])


def _on_the_wire(answer: Answer) -> tuple[int, tuple[str, ...]]:
    if answer is Answer.BLOCKED_BY_RULE:
        return 429, ("ForbiddenException",)
    wire = next(wire for wire in WIRES if wire.answer is answer)
    return wire.status, () if answer in _OF_UNRECORDED_TYPE else wire.error_types


_OF_UNRECORDED_TYPE = (Answer.TOO_LARGE, Answer.UNSUPPORTED_MEDIA_TYPE)


def _served(kind: ApiKind) -> dict[str, str]:
    return _SERVED_HEADERS.get(kind, {**_REST_IDS, "X-Amzn-Trace-Id": "<id>"})


def _headers(answer: Answer, kind: ApiKind, error_types: tuple[str, ...]) -> dict[str, str]:
    if kind is ApiKind.HTTP:
        challenge = _CHALLENGES.get(answer)
        challenges = {"www-authenticate": challenge} if challenge else {}
        return {"apigw-requestid": "<id>", **challenges}
    error_type = {"x-amzn-ErrorType": error_types[0]} if error_types else {}
    ids = {"x-amzn-RequestId": "<id>"} if kind is ApiKind.FUNCTION_URL else _REST_IDS
    return {**ids, **error_type}


@dataclass(frozen=True, slots=True)
class WireForm:
    """What to compare. Status 0: no HTTP response; `sign`: the most significant header."""

    status: int
    sign: str
    body: str


_SIGNS = (
    "x-amzn-errortype",
    "www-authenticate",
    "x-amzn-waf-action",
    "cf-mitigated",
    "server",
    "x-cache",
    "x-amzn-trace-id",
    "apigw-requestid",
    "x-amzn-requestid",
)


def wire_form(answer: Answer, kind: ApiKind) -> WireForm:
    shown = example(answer, kind)
    # The spelling of some names is significant, so it is kept.
    spelled = {name.lower(): name for name in shown.headers}
    found = next((spelled[name] for name in _SIGNS if name in spelled), None)
    sign = f"{found}: {shown.headers[found]}" if found else ""
    return WireForm(shown.status, sign, shown.body if shown.body is not None else shown.error or "")


@cache
def _message(answer: Answer) -> str:
    body = _OWN[answer].body if answer in _OWN else BODIES.get(answer)
    return read_body(body).message


def begins(answer: Answer, text: str) -> bool:
    """Whether a text that was cut is the beginning of the answer's own."""
    return _message(answer).startswith(text)

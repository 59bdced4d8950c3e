"""The answers that API Gateway and its neighbours are known to give, as a vocabulary.

An answer is one form on the wire: an error type, a wording, a status. It does not imply a cause.
`gateway.recognition` decides which answers a response may be.
"""

from __future__ import annotations

from enum import StrEnum


class Answer(StrEnum):
    """The value is the phrase that people read."""

    SUCCESS = "a success"
    INNER_FAILURE = "a success that carries a failure in its body"

    MISSING_TOKEN = "403 Missing Authentication Token"
    INCOMPLETE_SIGNATURE = "403 about a malformed Authorization header"
    NO_METHOD_FOUND = "404 No method found matching route"
    SIGNATURE_MISMATCH = "403 signature does not match"
    SIGNATURE_EXPIRED = "403 Signature expired"
    SIGNATURE_NOT_YET_CURRENT = "403 Signature not yet current"
    SIGNATURE_WRONG_SCOPE = "403 Credential should be scoped differently"
    SECURITY_TOKEN_INVALID = "403 security token invalid"
    SECURITY_TOKEN_EXPIRED = "403 security token expired"

    IAM_DENIED_IDENTITY_EXPLICIT = "403 explicit deny in an identity-based policy"
    IAM_DENIED_IDENTITY_IMPLICIT = "403 no identity-based policy allows"
    IAM_DENIED_RESOURCE_EXPLICIT = "403 explicit deny in a resource-based policy"
    IAM_DENIED_RESOURCE_IMPLICIT = "403 no resource-based policy allows"
    IAM_DENIED_ENDPOINT = "403 denied by a VPC endpoint policy"
    IAM_DENIED_SESSION_EXPLICIT = "403 explicit deny in a session policy"
    IAM_DENIED_SESSION_IMPLICIT = "403 no session policy allows"
    IAM_DENIED_LIMIT_EXPLICIT = "403 explicit deny in a control policy or permissions boundary"
    IAM_DENIED_LIMIT_IMPLICIT = "403 no control policy or permissions boundary allows"
    IAM_DENIED_EXPLICIT = "403 user not authorized, explicit deny"
    IAM_DENIED_UNSTATED = "403 user not authorized, policy not named"
    ANONYMOUS_DENIED = "403 User: anonymous is not authorized"
    ANONYMOUS_DENIED_RESOURCE = "403 User: anonymous refused by a resource-based policy"
    ANONYMOUS_DENIED_ENDPOINT = "403 User: anonymous refused by a VPC endpoint policy"

    AUTHORIZER_DENIED_EXPLICIT = "403 explicit deny by the authorizer's policy"
    AUTHORIZER_DENIED_IMPLICIT = "403 authorizer's policy allows nothing here"
    AUTHORIZER_DENIED_UNSTATED = "403 User is not authorized to access this resource"
    UNAUTHORIZED = "401 Unauthorized"
    TOKEN_EXPIRED = "401 The incoming token has expired"
    CHALLENGED = "401 with a bare Bearer challenge"
    CHALLENGED_INVALID_TOKEN = "401 with a challenge that names an invalid token"
    CHALLENGED_SCOPE = "403 with a challenge for another scope"
    AUTHORIZER_BROKEN = "500 with a null message"
    FORBIDDEN = "403 Forbidden"
    BLOCKED_BY_RULE = "a ForbiddenException under another status than 403"

    QUOTA_EXCEEDED = "429 Limit Exceeded"
    RATE_EXCEEDED = "429 Too Many Requests"
    BAD_REQUEST = "400 from the request validator"
    BAD_CONNECTION_ID = "400 Invalid connectionId"
    TOO_LARGE = "413 content length exceeded"
    UNSUPPORTED_MEDIA_TYPE = "415 Unsupported Media Type"
    INTERNAL_ERROR = "500 Internal server error"
    BAD_GATEWAY = "502 Internal server error"
    INTEGRATION_TIMED_OUT = "504 Endpoint request timed out"
    INTEGRATION_UNREACHABLE = "504 Network error communicating with endpoint"

    HTTP_NOT_FOUND = "404 Not Found"
    HTTP_INTERNAL_ERROR = "500 Internal Server Error"
    HTTP_UNAVAILABLE = "503 Service Unavailable"

    FUNCTION_URL_FORBIDDEN = "403 Forbidden of a function URL"
    FUNCTION_URL_HELP = "403 Forbidden with the address of the troubleshooting page"
    FUNCTION_URL_NULL = "403 with a null message"
    FUNCTION_URL_ERROR = "502 Internal Server Error of a function URL"
    FRAME_FORBIDDEN = "a Forbidden message inside the WebSocket connection"
    APPSYNC_NO_CREDENTIAL = "401 Valid authorization header not provided"
    APPSYNC_NOT_AUTHORIZED = "401 You are not authorized to make this call"
    APPSYNC_REFUSED = "401 of AppSync"
    APPSYNC_BLOCKED = "403 WAFForbiddenException of AppSync"
    COGNITO_BLOCKED = "403 Request not allowed due to WAF block"

    CLOUDFRONT_METHOD = "CloudFront's page about a method that is not allowed"
    CLOUDFRONT_BAD_REQUEST = "CloudFront's page that says Bad request"
    CLOUDFRONT_BLOCKED = "CloudFront's page that says Request blocked"
    CLOUDFRONT_COUNTRY = "CloudFront's page about the caller's country"
    EDGE_FUNCTION = "a refusal that an edge function generated"
    CHALLENGE = "a challenge of AWS WAF"
    BOT_CHALLENGE = "a challenge of another bot protection"
    S3_DENIED = "403 AccessDenied of S3"
    BALANCER_UNAVAILABLE = "503 of the load balancer itself"
    BALANCER_FORBIDDEN = "403 of the load balancer itself"
    PROXY_REFUSED = "a refusal by a proxy on the caller's side"

    BACKEND_DENIED = "a 401 or 403 of the backend's own"
    BACKEND_NOT_FOUND = "a 404 of the backend's own"
    BACKEND_REJECTED = "another 4xx of the backend's own"
    BACKEND_ERROR = "a 5xx of the backend's own"

    DNS_FAILURE = "no address for the name"
    CONNECT_FAILURE = "no connection"
    TLS_FAILURE = "a failed TLS handshake"
    CERTIFICATE_REQUIRED = "a TLS alert that asks for a client certificate"
    TIMEOUT = "no answer in time"
    SILENCE = "a connection that was made, and no answer on it in time"
    RESET = "a connection closed without an answer"


IAM_DENIALS = frozenset(
    {
        Answer.IAM_DENIED_IDENTITY_EXPLICIT,
        Answer.IAM_DENIED_IDENTITY_IMPLICIT,
        Answer.IAM_DENIED_RESOURCE_EXPLICIT,
        Answer.IAM_DENIED_RESOURCE_IMPLICIT,
        Answer.IAM_DENIED_ENDPOINT,
        Answer.IAM_DENIED_SESSION_EXPLICIT,
        Answer.IAM_DENIED_SESSION_IMPLICIT,
        Answer.IAM_DENIED_LIMIT_EXPLICIT,
        Answer.IAM_DENIED_LIMIT_IMPLICIT,
        Answer.IAM_DENIED_EXPLICIT,
        Answer.IAM_DENIED_UNSTATED,
    }
)
ANONYMOUS_DENIALS = frozenset(
    {
        Answer.ANONYMOUS_DENIED,
        Answer.ANONYMOUS_DENIED_RESOURCE,
        Answer.ANONYMOUS_DENIED_ENDPOINT,
    }
)
AUTHORIZER_DENIALS = frozenset(
    {
        Answer.AUTHORIZER_DENIED_EXPLICIT,
        Answer.AUTHORIZER_DENIED_IMPLICIT,
        Answer.AUTHORIZER_DENIED_UNSTATED,
    }
)
SIGNATURE_REFUSALS = frozenset(
    {
        Answer.SIGNATURE_MISMATCH,
        Answer.SIGNATURE_EXPIRED,
        Answer.SIGNATURE_NOT_YET_CURRENT,
        Answer.SIGNATURE_WRONG_SCOPE,
        Answer.SECURITY_TOKEN_INVALID,
        Answer.SECURITY_TOKEN_EXPIRED,
    }
)
BACKEND_ANSWERS = frozenset(
    {
        Answer.BACKEND_DENIED,
        Answer.BACKEND_NOT_FOUND,
        Answer.BACKEND_REJECTED,
        Answer.BACKEND_ERROR,
    }
)
HTTP_ONLY = frozenset(
    {
        Answer.CHALLENGED,
        Answer.CHALLENGED_INVALID_TOKEN,
        Answer.CHALLENGED_SCOPE,
        Answer.HTTP_NOT_FOUND,
        Answer.HTTP_INTERNAL_ERROR,
        Answer.HTTP_UNAVAILABLE,
    }
)
"""Answers of HTTP APIs only; only their JWT authorizers add a challenge (ms-005..008)."""
CLOUDFRONT_PAGES = frozenset(
    {
        Answer.CLOUDFRONT_METHOD,
        Answer.CLOUDFRONT_BAD_REQUEST,
        Answer.CLOUDFRONT_BLOCKED,
        Answer.CLOUDFRONT_COUNTRY,
    }
)
NO_RESPONSE = frozenset(
    {
        Answer.DNS_FAILURE,
        Answer.CONNECT_FAILURE,
        Answer.TLS_FAILURE,
        Answer.CERTIFICATE_REQUIRED,
        Answer.TIMEOUT,
        Answer.RESET,
    }
)

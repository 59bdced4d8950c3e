"""What an HTTP API says. It never names an error type, and its refusals cannot be changed."""

from __future__ import annotations

from gatewatch.sandbox.answers.base import Answer, Basis

NOT_FOUND = Answer(404, '{"message":"Not Found"}', Basis.DOCUMENTED)
FORBIDDEN = Answer(403, '{"message":"Forbidden"}', Basis.RECORDED, "ms-003")
UNAUTHORIZED = Answer(401, '{"message":"Unauthorized"}', Basis.RECORDED, "ms-066")
INTERNAL_ERROR = Answer(500, '{"message":"Internal Server Error"}', Basis.RECORDED, "ms-069")
UNAVAILABLE = Answer(503, '{"message":"Service Unavailable"}', Basis.RECORDED, "ht-001")
UNREACHABLE = Answer(503, '{"message":"Service Unavailable"}', Basis.INFERRED)
TOO_MANY_REQUESTS = Answer(429, '{"message":"Too Many Requests"}', Basis.DOCUMENTED)


def token_refused(challenge: str, basis: Basis = Basis.DOCUMENTED) -> Answer:
    headers = (("www-authenticate", challenge),)
    return Answer(401, '{"message":"Unauthorized"}', basis, headers=headers)


TOKEN_MISSING = token_refused("Bearer")
TOKEN_MALFORMED = token_refused(
    'Bearer scope="" error="invalid_token" '
    'error_description="token contains an invalid number of segments"'
)
TOKEN_EXPIRED = token_refused(
    'Bearer scope="" error="invalid_token" error_description="the token has expired"'
)
TOKEN_UNKNOWN = token_refused(
    'Bearer scope="" error="invalid_token" error_description="signing method is invalid"',
    Basis.INFERRED,
)


def scope_missing(wanted: str) -> Answer:
    challenge = (
        f'Bearer scope="{wanted}" error="insufficient_scope" '
        'error_description="expected scopes within the token"'
    )
    headers = (("www-authenticate", challenge),)
    return Answer(403, '{"message":"Forbidden"}', Basis.RECORDED, "ht-014", headers=headers)

"""User pool tokens on REST APIs, and JSON Web Tokens on HTTP APIs."""

from __future__ import annotations

from gatewatch.sandbox.answers import http, rest
from gatewatch.sandbox.answers.base import Answer
from gatewatch.sandbox.authorizers import Token, TokenAuthorizer, TokenUse
from gatewatch.sandbox.call import Call


def check_token(call: Call, authorizer: TokenAuthorizer) -> Answer | None:
    header = call.headers.get("authorization")
    sent = (header or "").removeprefix("Bearer ")
    if call.is_http:
        return _by_jwt(call, authorizer, header, sent)
    return _by_user_pool(call, authorizer.tokens.get(sent))


def _by_user_pool(call: Call, token: Token | None) -> Answer | None:
    """Without scopes a method takes ID tokens only, with scopes access tokens (ms-019..023)."""
    if token is None:
        return rest.UNAUTHORIZED
    if token.expired:
        return rest.TOKEN_EXPIRED
    wanted = TokenUse.ACCESS if call.rule.scopes else TokenUse.ID
    if token.use is not wanted:
        return rest.UNAUTHORIZED
    has_scope = not call.rule.scopes or call.rule.scopes & token.scopes
    return None if has_scope else rest.SCOPE_MISSING


def _by_jwt(
    call: Call, authorizer: TokenAuthorizer, header: str | None, sent: str
) -> Answer | None:
    if header is None:
        return http.TOKEN_MISSING
    if sent.count(".") != 2:
        return http.TOKEN_MALFORMED
    token = authorizer.tokens.get(sent)
    if token is None:
        return http.TOKEN_UNKNOWN
    if token.expired:
        return http.TOKEN_EXPIRED
    if call.rule.scopes and not call.rule.scopes & token.scopes:
        return http.scope_missing(" ".join(sorted(call.rule.scopes)))
    return None

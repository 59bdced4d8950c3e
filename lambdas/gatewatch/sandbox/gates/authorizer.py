"""Lambda authorizers: identity sources, the cache, the function, and what its policy covers."""

from __future__ import annotations

import re
from urllib.parse import parse_qs

from gatewatch.sandbox.answers import http, rest
from gatewatch.sandbox.answers.base import Answer
from gatewatch.sandbox.authorizers import Decision, Effect, LambdaAuthorizer
from gatewatch.sandbox.call import Call
from gatewatch.sandbox.gates.token import check_token
from gatewatch.sandbox.memory import Remembered

_KEPT = (Effect.ALLOW, Effect.DENY)
"""Errors are not cached."""


def ask_authorizer(call: Call) -> Answer | None:
    if not call.rule.authorization.is_by_authorizer:
        return None
    authorizer = call.stage.served.authorizers[call.rule.authorizer_name]
    if isinstance(authorizer, LambdaAuthorizer):
        return _ask_function(call, authorizer)
    return check_token(call, authorizer)


def _ask_function(call: Call, authorizer: LambdaAuthorizer) -> Answer | None:
    identity = [_source(call, source) for source in authorizer.identity_sources]
    if any(value is None for value in identity):
        return _unauthorized(call)
    values = [value or "" for value in identity]
    token = re.sub(r"^Bearer ", "", values[0]) if values else ""
    if authorizer.validation is not None and not re.fullmatch(authorizer.validation, token):
        return _unauthorized(call)
    answered = _remembered(call, authorizer, tuple(values), token)
    return _judge(call, authorizer, answered)


def _source(call: Call, source: str) -> str | None:
    """An identity source's value. An empty one is absent on REST APIs, and present on HTTP."""
    place, _, name = source.partition(".")
    if place == "header":
        found = call.headers.get(name)
    else:
        found = parse_qs(call.arrived.query, keep_blank_values=True).get(name, [None])[0]
    return found if found or call.is_http else None


def _remembered(
    call: Call, authorizer: LambdaAuthorizer, identity: tuple[str, ...], token: str
) -> Remembered:
    key = (call.api.id, call.stage_name, call.rule.authorizer_name, *identity)
    known = call.memory.recall(key, call.now) if authorizer.ttl_seconds else None
    if known is not None:
        return known
    function = authorizer.function
    decision = function.answers.get(token, function.otherwise)
    if not authorizer.may_be_invoked:
        decision = Decision(Effect.UNUSABLE)
    answered = Remembered(decision, f"{call.method}{call.path}")
    if authorizer.ttl_seconds and decision.effect in _KEPT:
        call.memory.keep(key, answered, call.now, authorizer.ttl_seconds)
    return answered


def _judge(call: Call, authorizer: LambdaAuthorizer, answered: Remembered) -> Answer | None:
    """A cached policy is judged again for each method; a simple response is not."""
    match answered.decision.effect:
        case Effect.UNAUTHORIZED:
            return _unauthorized(call)
        case Effect.UNUSABLE:
            return http.INTERNAL_ERROR if call.is_http else rest.AUTHORIZER_BROKEN
        case Effect.DENY:
            return http.FORBIDDEN if call.is_http else rest.AUTHORIZER_DENIED
        case Effect.ALLOW:
            call.usage_key = answered.decision.usage_key
    covers_one = answered.decision.this_method_only and not authorizer.simple_responses
    if covers_one and answered.asked_for != f"{call.method}{call.path}":
        return http.FORBIDDEN if call.is_http else rest.AUTHORIZER_DOES_NOT_ALLOW
    return None


def _unauthorized(call: Call) -> Answer:
    return http.UNAUTHORIZED if call.is_http else rest.UNAUTHORIZED

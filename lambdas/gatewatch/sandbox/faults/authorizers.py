"""Lambda authorizers that refuse, or break."""

from __future__ import annotations

from dataclasses import replace

from gatewatch.sandbox.authorizers import (
    AuthorizerFunction,
    Decision,
    Effect,
    LambdaAuthorizer,
)
from gatewatch.sandbox.faults.base import (
    HTTP,
    ORDER,
    ORDERS,
    ApiChange,
    Caller,
    Fault,
    Look,
    by_name,
    http_api,
    rest_api,
    users,
)
from gatewatch.sandbox.orders import USER_TOKEN

_TICKETS = Look(f"{HTTP}/tickets", Caller.USER)
_THIS_METHOD = Decision(Effect.ALLOW, this_method_only=True)


def _always(effect: Effect) -> ApiChange:
    """A new version of the authorizer's function says the same to everybody."""
    function = AuthorizerFunction({}, Decision(effect))
    return users(lambda before: replace(before, function=function))


def _reads_another_header(before: LambdaAuthorizer) -> LambdaAuthorizer:
    return replace(before, identity_sources=("header.x-token",))


def _caches_a_narrow_policy(before: LambdaAuthorizer) -> LambdaAuthorizer:
    return replace(before, function=AuthorizerFunction({USER_TOKEN: _THIS_METHOD}), ttl_seconds=300)


FAULTS = by_name(
    Fault(
        "authorizer_denies",
        "a new version of the authorizer denies everybody",
        "authorizer_denied",
        ORDERS,
        rest_api(_always(Effect.DENY)),
    ),
    Fault(
        "authorizer_broken",
        "a new version of the authorizer crashes",
        "authorizer_failure",
        ORDERS,
        rest_api(_always(Effect.UNUSABLE)),
    ),
    Fault(
        "authorizer_unauthorized",
        "a new version of the authorizer raises Unauthorized, whoever calls",
        "authorizer_unauthorized",
        ORDERS,
        rest_api(_always(Effect.UNAUTHORIZED)),
    ),
    Fault(
        "authorizer_not_permitted",
        "the gateway loses its permission to invoke the authorizer",
        "authorizer_failure",
        ORDERS,
        rest_api(users(lambda before: replace(before, may_be_invoked=False))),
    ),
    Fault(
        "identity_source_moved",
        "the authorizer reads X-Token in place of Authorization",
        "identity_source_missing",
        ORDERS,
        rest_api(users(_reads_another_header)),
    ),
    Fault(
        "narrow_policy_cached",
        "the authorizer's policy names one method only, and its answers are cached",
        "authorizer_cached_policy",
        ORDER,
        rest_api(users(_caches_a_narrow_policy)),
        after=ORDERS,
    ),
    Fault(
        "http_authorizer_denies",
        "the HTTP API's authorizer denies everybody",
        "authorizer_denied",
        _TICKETS,
        http_api(_always(Effect.DENY)),
    ),
    Fault(
        "http_authorizer_broken",
        "the HTTP API's authorizer crashes",
        "authorizer_failure",
        _TICKETS,
        http_api(_always(Effect.UNUSABLE)),
    ),
    Fault(
        "http_identity_source_moved",
        "the HTTP API's authorizer reads X-Token in place of Authorization",
        "identity_source_missing",
        _TICKETS,
        http_api(users(_reads_another_header)),
    ),
)

"""Tokens and signing keys that are no longer what their holder takes them for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from gatewatch.sandbox.api import Api, Authorization, Method
from gatewatch.sandbox.authorizers import Token, TokenAuthorizer
from gatewatch.sandbox.faults.base import (
    HTTP,
    PROFILE,
    REPORTS,
    ApiChange,
    Caller,
    Change,
    Fault,
    Look,
    by_name,
    deployed,
    http_api,
    method,
    rest_api,
)
from gatewatch.sandbox.orders import ACCESS_KEY_ID, NEW_SECRET_ACCESS_KEY
from gatewatch.sandbox.world import Signer, World

_CARTS = Look(f"{HTTP}/carts", Caller.SHOPPER)
_CART = Look(f"{HTTP}/carts/7", Caller.SHOPPER)


def _signer(change: Callable[[Signer], Signer]) -> Change:
    def apply(world: World) -> World:
        changed = change(world.signers[ACCESS_KEY_ID])
        return replace(world, signers={**world.signers, ACCESS_KEY_ID: changed})

    return apply


def _tokens(name: Authorization, change: Callable[[Token], Token | None]) -> ApiChange:
    """A change of every token that an authorizer knows; None: it is unknown from now on."""

    def apply(api: Api) -> Api:
        before = api.definition.authorizers[name]
        if not isinstance(before, TokenAuthorizer):
            raise TypeError(f"{name} knows no tokens")
        changed = {value: change(token) for value, token in before.tokens.items()}
        left = {value: token for value, token in changed.items() if token is not None}
        return api.with_authorizer(name, TokenAuthorizer(left))

    return deployed(apply)


def _unknown(_: Token) -> Token | None:
    return None


def _expired(token: Token) -> Token:
    return replace(token, expired=True)


def _with_scope(rule: Method) -> Method:
    return replace(rule, scopes=frozenset({"profile/read"}))


FAULTS = by_name(
    Fault(
        "signer_not_allowed",
        "the service's IAM policy loses execute-api:Invoke",
        "iam_implicit_deny",
        REPORTS,
        _signer(lambda one: replace(one, may_invoke=False)),
    ),
    Fault(
        "secret_key_rotated",
        "the service's secret access key is rotated",
        "signature_mismatch",
        REPORTS,
        _signer(lambda one: replace(one, secret_access_key=NEW_SECRET_ACCESS_KEY)),
    ),
    Fault(
        "access_key_deleted",
        "the service's access key is deleted",
        "security_token_invalid",
        REPORTS,
        lambda world: replace(world, signers={}),
    ),
    Fault(
        "session_expired",
        "the service's session ends, and nobody renews it",
        "security_token_expired",
        REPORTS,
        _signer(lambda one: replace(one, expired=True)),
    ),
    Fault(
        "cognito_token_expired",
        "the member's ID token expires",
        "cognito_token_rejected",
        PROFILE,
        rest_api(_tokens(Authorization.COGNITO, _expired)),
    ),
    Fault(
        "user_pool_replaced",
        "the authorizer is pointed at another user pool",
        "cognito_token_rejected",
        PROFILE,
        rest_api(_tokens(Authorization.COGNITO, _unknown)),
    ),
    Fault(
        "scope_demanded",
        "GET /profile demands a scope, so it takes access tokens only",
        "cognito_token_rejected",
        PROFILE,
        rest_api(method("/profile", _with_scope)),
    ),
    Fault(
        "jwt_expired",
        "the shopper's token expires",
        "jwt_rejected",
        _CARTS,
        http_api(_tokens(Authorization.JWT, _expired)),
    ),
    Fault(
        "jwt_issuer_replaced",
        "the JWT authorizer is pointed at another issuer",
        "jwt_rejected",
        _CARTS,
        http_api(_tokens(Authorization.JWT, _unknown)),
    ),
    Fault(
        "jwt_scope_removed",
        "the shopper's tokens are issued without carts/read",
        "jwt_scope_insufficient",
        _CART,
        http_api(_tokens(Authorization.JWT, lambda one: replace(one, scopes=frozenset()))),
    ),
    Fault(
        "http_signer_not_allowed",
        "the service may not invoke the HTTP API any more",
        "iam_implicit_deny",
        Look(f"{HTTP}/ledger", Caller.SERVICE),
        _signer(lambda one: replace(one, may_invoke=False)),
    ),
)

"""Rows in which a guard answered: signatures, policies, authorizers, tokens, keys, throttles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from gatewatch.sandbox.answers.base import GatewayResponse
from gatewatch.sandbox.api import Authorization, Custom, Method
from gatewatch.sandbox.authorizers import (
    ALLOW,
    AuthorizerFunction,
    Decision,
    Effect,
    LambdaAuthorizer,
    Token,
    TokenAuthorizer,
    TokenUse,
)
from gatewatch.sandbox.firewall import CustomResponse, Rule
from gatewatch.sandbox.integrations import Function, Integration, Reply
from gatewatch.sandbox.plans import Quota, Rate
from gatewatch.sandbox.policies import DENY_EVERYBODY
from gatewatch.sandbox.world import World

from .scene import TOKEN, Scene, Sent, at, staging, with_plan, with_signer

_IAM = Method(Authorization.IAM)
_LAMBDA = Method(Authorization.LAMBDA)
_KEYED = Method(api_key_required=True)
_UNUSABLE = Decision(Effect.UNUSABLE)
_DENY = Decision(Effect.DENY)
_UNAUTHORIZED = Decision(Effect.UNAUTHORIZED)
_NARROW = Decision(Effect.ALLOW, this_method_only=True)
_BY_X_AUTH = ("header.x-auth",)
_BY_TENANT = ("header.x-auth", "querystring.tenant")
_NOTHING = Rate(0, 0)
_ACCESS_DENIED = GatewayResponse.ACCESS_DENIED

_DENIED_IN_LINES = """{
  "errors": [
    {
      "message": "Access to requested resource is denied.",
     "code": "Unauthorized",
     "details": ""
    }
  ]
}"""
_RATE_WORDS = (
    '{"message": "Too Many Requests. Please wait and try again or apply for a key for higher rate '
    'limits. https://api.example.com/product/api#api-key-form", "code": "429"}'
)


def _function(scene: Scene) -> Integration:
    return Integration(Function(Reply(body=scene.body or "")))


def _authorized(
    decision: Decision,
    sources: tuple[str, ...] = ("header.authorization",),
    *,
    ttl_seconds: int = 0,
    simple: bool = False,
    validation: str | None = None,
) -> Callable[[Scene], World]:
    """A route behind a Lambda authorizer that says the same to everybody."""
    authorizer = LambdaAuthorizer(
        AuthorizerFunction({}, decision), sources, validation, ttl_seconds, simple
    )
    return lambda scene: scene.world(_LAMBDA, authorizer=authorizer)


def _worded(decision: Decision, custom: Custom) -> Callable[[Scene], World]:
    authorizer = LambdaAuthorizer(AuthorizerFunction({}, decision))
    return lambda scene: scene.world(
        _LAMBDA, authorizer=authorizer, gateway_responses={_ACCESS_DENIED: custom}
    )


def _narrow(source: str) -> Callable[[Scene], World]:
    """Two routes behind an authorizer whose policy names the one that is called first."""
    authorizer = LambdaAuthorizer(AuthorizerFunction({}, _NARROW), (source,), ttl_seconds=300)

    def build(scene: Scene) -> World:
        world = scene.world(_LAMBDA, authorizer=authorizer)
        [api] = world.apis.values()
        changed = api.with_method("/sibling", scene.method, _LAMBDA).deployed(scene.stage)
        return world.having(changed)

    return build


def _tokens(token: Token | None, *scopes: str) -> Callable[[Scene], World]:
    """A route behind a user pool, which knows our token or not."""
    rule = Method(Authorization.COGNITO, scopes=frozenset(scopes))
    issuer = TokenAuthorizer({} if token is None else {TOKEN: token})
    return lambda scene: scene.world(rule, authorizer=issuer)


def _jwt(token: Token, *scopes: str) -> Callable[[Scene], World]:
    rule = Method(Authorization.JWT, scopes=frozenset(scopes))
    issuer = TokenAuthorizer({_JWT: token})
    return lambda scene: scene.world(rule, authorizer=issuer)


_JWT = "staged.staged.staged"
_SHOWS_JWT = Sent({"authorization": f"Bearer {_JWT}"})
_ID = Token(TokenUse.ID)
_ACCESS = Token(TokenUse.ACCESS, frozenset({"scope"}))


def _denied_by_policy(rule: Method) -> Callable[[Scene], World]:
    return lambda scene: scene.world(rule, policy=DENY_EVERYBODY)


def _without_key(scene: Scene) -> World:
    return replace(scene.world(_KEYED), usage=replace(scene.world().usage, keys={}))


def _outside_plan(scene: Scene) -> World:
    return with_plan(scene.world(_KEYED), stages=frozenset())


def _slow_down(scene: Scene) -> World:
    custom = {GatewayResponse.THROTTLED: Custom(None, _RATE_WORDS)}
    return scene.world(
        edge=True, gateway_responses=custom, stage=lambda one: replace(one, rate=_NOTHING)
    )


def _rate_rule(scene: Scene) -> World:
    rule = Rule(response=CustomResponse(429))
    return scene.world(stage=lambda one: replace(one, web_acl=(rule,)))


STAGINGS = (
    staging("ms-017", lambda scene: scene.world(_IAM)),
    staging("ms-018 iam-009", lambda scene: scene.world(_IAM)),
    staging(
        "iam-003",
        lambda scene: scene.world(_IAM, edge=True),
        Sent({"authorization": "staged.jwt.value"}),
    ),
    staging("iam-005", _denied_by_policy(_IAM)),
    staging("iam-006", _denied_by_policy(Method())),
    staging(
        "iam-008",
        lambda scene: scene.world(_IAM, integration=Integration(Function(permitted=False))),
    ),
    staging("iam-018", lambda scene: with_signer(scene.world(_IAM), session_token=TOKEN)),
    staging("fd-054 ms-033", lambda scene: scene.world(_IAM), Sent(signed="another-secret")),
    staging(
        "fd-055",
        lambda scene: scene.world(_IAM),
        Sent(signed="staged-secret", signed_at=at("20170212T175938Z")),
        now=at("20170215T150034Z"),
    ),
    staging("ms-003", lambda scene: scene.world(_IAM)),
    staging("ms-004", lambda scene: scene.world(_IAM, integration=_function(scene))),
    staging("ht-016", lambda scene: with_signer(scene.world(_IAM), may_invoke=False)),
    staging("az-006", _authorized(ALLOW)),
    staging("az-013", _authorized(ALLOW, _BY_TENANT)),
    staging("az-011 fd-075 fd-076", _authorized(_UNUSABLE)),
    staging("ms-039", _narrow("header.authorization"), before="/sibling"),
    staging("ms-087", _narrow("header.x-auth"), before="/sibling"),
    staging("ms-092", _narrow("header.x-auth")),
    staging("ms-048", _authorized(ALLOW, ("header.x-api-key",))),
    staging("ms-088", _authorized(_DENY, ())),
    staging("ms-090", _authorized(_UNUSABLE, ())),
    staging("ms-091", _authorized(ALLOW, ())),
    staging("ms-094", _authorized(_UNAUTHORIZED, _BY_X_AUTH, ttl_seconds=300)),
    staging("ms-098", _authorized(ALLOW, _BY_X_AUTH, ttl_seconds=300, validation="[a-z0-9-]+")),
    staging("ms-099", _authorized(_UNUSABLE, _BY_X_AUTH)),
    staging("ms-103", _authorized(_DENY, _BY_TENANT)),
    staging("ms-062", _authorized(_DENY)),
    staging("ms-066", _authorized(_UNAUTHORIZED)),
    staging("ms-072 ms-073", _authorized(_UNUSABLE)),
    staging("ms-069", _authorized(_UNUSABLE, simple=True)),
    staging("ms-078 ms-079", _authorized(ALLOW)),
    staging("ms-081", _authorized(ALLOW, simple=True)),
    staging("ms-084", _authorized(ALLOW, simple=True, ttl_seconds=300)),
    staging("cu-001", _worded(_DENY, Custom(None, _DENIED_IN_LINES))),
    staging(
        "cu-004",
        _worded(
            _DENY,
            Custom(
                401,
                '{"message":$context.error.messageString}',
                (("access-control-allow-origin", "*"),),
            ),
        ),
    ),
    staging(
        "fd-144",
        _worded(_DENY, Custom(404, '{"message": "404 Not found" }')),
        url="https://demo/things",
    ),
    staging("az-009 ms-053", _tokens(Token(expired=True))),
    staging("ms-020", _tokens(_ACCESS)),
    staging("ms-021 ms-025", _tokens(_ID)),
    staging("ms-022", _tokens(_ID, "scope")),
    staging("ms-023", _tokens(None)),
    staging("ms-024 ms-026", _tokens(_ACCESS, "scope")),
    staging("ms-007", _jwt(_ACCESS), _SHOWS_JWT),
    staging("ms-009", _jwt(_ID), _SHOWS_JWT),
    staging("ms-012", _jwt(_ACCESS), _SHOWS_JWT),
    staging("ms-010 ms-013", _jwt(_ACCESS, "scope"), _SHOWS_JWT),
    staging("ht-014", _jwt(_ACCESS, "another"), _SHOWS_JWT),
    staging("key-001 key-008 fd-129", lambda scene: scene.world(_KEYED)),
    staging("key-003 fd-130", lambda scene: scene.world(_KEYED, integration=_function(scene))),
    staging("key-006 fd-016 fd-087 fd-092 fd-100", _without_key),
    staging("key-007", _outside_plan),
    staging(
        "thr-001", lambda scene: with_plan(scene.world(_KEYED), quota=Quota(1000, offset=1000))
    ),
    staging("thr-002", lambda scene: with_plan(scene.world(_KEYED), rate=_NOTHING)),
    staging("thr-003", _slow_down),
    staging("cu-010", _rate_rule),
)

"""Who guards a method, and how those guards decide."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Effect(StrEnum):
    """The outcome of calling an authorizer function."""

    ALLOW = "allow"
    DENY = "deny"
    UNAUTHORIZED = "raises Unauthorized"
    UNUSABLE = "crashes, or returns what the gateway cannot use"


@dataclass(frozen=True, slots=True)
class Decision:
    """One answer of an authorizer function.

    `this_method_only`: its policy names the method that was called, and no other. `usage_key` is
    the API key that it hands on, where the API takes keys from its authorizer.
    """

    effect: Effect
    this_method_only: bool = False
    usage_key: str | None = None


DENY = Decision(Effect.DENY)
ALLOW = Decision(Effect.ALLOW)


@dataclass(frozen=True, slots=True)
class AuthorizerFunction:
    """The Lambda function behind an authorizer: its answer to each token it knows."""

    answers: Mapping[str, Decision] = field(default_factory=dict)
    otherwise: Decision = DENY


@dataclass(frozen=True, slots=True)
class LambdaAuthorizer:
    """A TOKEN or REQUEST authorizer. One identity source that is absent, and it is not called.

    `validation` is a pattern that the token must match. An answer is kept for `ttl_seconds` under
    the identity; `simple_responses` (HTTP APIs) are kept whatever the route.
    """

    function: AuthorizerFunction
    identity_sources: tuple[str, ...] = ("header.authorization",)
    validation: str | None = None
    ttl_seconds: int = 0
    simple_responses: bool = False
    may_be_invoked: bool = True


class TokenUse(StrEnum):
    ID = "id"
    ACCESS = "access"


@dataclass(frozen=True, slots=True)
class Token:
    """A JSON Web Token of some issuer."""

    use: TokenUse = TokenUse.ID
    scopes: frozenset[str] = frozenset()
    expired: bool = False


@dataclass(frozen=True, slots=True)
class TokenAuthorizer:
    """A Cognito user pool authorizer of a REST API, or a JWT authorizer of an HTTP API."""

    tokens: Mapping[str, Token]


Authorizer = LambdaAuthorizer | TokenAuthorizer

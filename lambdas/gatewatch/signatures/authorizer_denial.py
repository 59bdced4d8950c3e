"""A Lambda authorizer ran, and its policy, fresh or cached, does not let this call through."""

from __future__ import annotations

from gatewatch.gateway.answers import AUTHORIZER_DENIALS, Answer
from gatewatch.signatures.rules import HTTP, REST_LIKE, ROUTE, Sends, Signature, rule

_NO_IDENTITY = "an authorizer is not called without its identity source"

_STRANGERS = (
    rule(
        REST_LIKE | HTTP,
        ROUTE,
        Sends.NO_CREDENTIAL,
        allows={Answer.UNAUTHORIZED},
        because=_NO_IDENTITY,
    ),
)

DENIED: Signature = (
    rule(
        REST_LIKE,
        ROUTE,
        Sends.A_CREDENTIAL,
        expects=AUTHORIZER_DENIALS,
        because="an authorizer's denial is told as User is not authorized to access this resource",
    ),
    rule(
        HTTP,
        ROUTE,
        Sends.A_CREDENTIAL,
        expects={Answer.FORBIDDEN},
        because="an HTTP API says only Forbidden when its Lambda authorizer denies",
    ),
    rule(
        REST_LIKE,
        ROUTE,
        expects=AUTHORIZER_DENIALS,
        allows={Answer.UNAUTHORIZED},
        because="an authorizer without an identity source may deny anybody",
    ),
    rule(
        HTTP,
        ROUTE,
        expects={Answer.FORBIDDEN},
        allows={Answer.UNAUTHORIZED},
        because="an authorizer without an identity source may deny anybody",
    ),
)

CACHED_POLICY: Signature = (
    rule(
        REST_LIKE,
        ROUTE,
        Sends.A_CREDENTIAL,
        expects=AUTHORIZER_DENIALS,
        because="a cached policy that names other routes only is judged anew for this one",
    ),
    rule(
        HTTP,
        ROUTE,
        Sends.A_CREDENTIAL,
        expects={Answer.FORBIDDEN},
        because="a cached answer for this identity is used again",
    ),
    *_STRANGERS,
)

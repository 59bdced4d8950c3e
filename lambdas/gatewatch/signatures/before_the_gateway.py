"""Refusals by what stands before the gateway: the owner's CDN, a bot protection, a proxy."""

from __future__ import annotations

from gatewatch.gateway.answers import Answer
from gatewatch.signatures.rules import (
    ANY_KIND,
    FUNCTION_URL,
    HTTP,
    REST_LIKE,
    ROUTE,
    SAME_STAGE,
    Sends,
    Signature,
    rule,
)
from gatewatch.signatures.way import GUARD_REFUSALS

HOST_FORWARDED: Signature = (
    rule(
        REST_LIKE,
        SAME_STAGE,
        expects={Answer.FORBIDDEN},
        because="a gateway that is asked for the CDN's host name knows no such API",
    ),
    rule(
        HTTP,
        SAME_STAGE,
        surmises={Answer.FORBIDDEN},
        because="a gateway that is asked for the CDN's host name knows no such API",
    ),
    rule(
        FUNCTION_URL,
        SAME_STAGE,
        surmises={
            Answer.FUNCTION_URL_NULL,
            Answer.FUNCTION_URL_FORBIDDEN,
            Answer.FUNCTION_URL_HELP,
        },
        because="a function URL that is asked for the CDN's host name knows no such function",
    ),
)

_DROPPED = frozenset(
    {Answer.UNAUTHORIZED, Answer.MISSING_TOKEN, Answer.CHALLENGED, Answer.FUNCTION_URL_FORBIDDEN}
)

AUTHORIZATION_DROPPED: Signature = (
    rule(
        ANY_KIND,
        ROUTE,
        Sends.NO_AUTHORIZATION,
        allows=GUARD_REFUSALS,
        because="without a credential there is nothing to drop",
    ),
    rule(
        ANY_KIND,
        ROUTE,
        expects=_DROPPED,
        because="a CDN that does not forward Authorization makes every call anonymous",
        weight=0.5,
    ),
)

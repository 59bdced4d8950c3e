"""Refusals by what stands before the gateway: the owner's CDN, a bot protection, a proxy."""

from __future__ import annotations

from gatewatch.diagnosis.predictions.progress import GUARD_REFUSALS
from gatewatch.diagnosis.predictions.rules import (
    ANY_KIND,
    FUNCTION_URL,
    HTTP,
    REST_LIKE,
    ROUTE,
    SAME_STAGE,
    Prediction,
    Rule,
    Sends,
    rule,
)
from gatewatch.gateway.answers import Answer
from gatewatch.model import ApiKind

HOST_FORWARDED: Prediction = (
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


def _dropped(kinds: frozenset[ApiKind], *answers: Answer) -> Rule:
    return rule(
        kinds,
        ROUTE,
        surmises=answers,
        because="a CDN that does not forward Authorization makes every call anonymous",
        weight=0.5,
    )


AUTHORIZATION_DROPPED: Prediction = (
    rule(
        ANY_KIND,
        ROUTE,
        Sends.NO_AUTHORIZATION,
        allows=GUARD_REFUSALS,
        because="without a credential there is nothing to drop",
    ),
    _dropped(REST_LIKE, Answer.UNAUTHORIZED, Answer.MISSING_TOKEN),
    _dropped(HTTP, Answer.UNAUTHORIZED, Answer.CHALLENGED),
    _dropped(FUNCTION_URL, Answer.FUNCTION_URL_FORBIDDEN),
)
"""Documented of CDNs in general; no answer of API Gateway's was recorded behind one."""

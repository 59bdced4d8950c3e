"""The gateway let the request through and then could not get an answer from behind it.

Such a failure comes and goes, and other callers may be stopped before it, so no other look
refutes it.
"""

from __future__ import annotations

from gatewatch.diagnosis.predictions.rules import (
    ANY_ANSWER,
    APPSYNC,
    FUNCTION_URL,
    HTTP,
    REST_LIKE,
    ROUTE,
    Prediction,
    rule,
)
from gatewatch.gateway.answers import Answer

_REST_500 = rule(
    REST_LIKE,
    ROUTE,
    expects={Answer.INTERNAL_ERROR},
    allows=ANY_ANSWER,
    because="a REST API answers an integration that it cannot call with 500",
)
_HTTP_500 = rule(
    HTTP,
    ROUTE,
    expects={Answer.HTTP_INTERNAL_ERROR},
    allows=ANY_ANSWER,
    because="an HTTP API has one 500 for every fault of its integration",
)

CANNOT_INVOKE: Prediction = (_REST_500, _HTTP_500)

TLS_MISMATCH: Prediction = (_REST_500,)

LAMBDA_THROTTLED: Prediction = (
    _REST_500,
    rule(
        HTTP,
        ROUTE,
        expects={Answer.HTTP_UNAVAILABLE},
        allows=ANY_ANSWER,
        because="an HTTP API answers a throttled function with 503, at once",
    ),
    rule(
        FUNCTION_URL,
        ROUTE,
        surmises={Answer.RATE_EXCEEDED},
        allows=ANY_ANSWER,
        because="a function URL answers a throttled function with 429",
    ),
)

BAD_ANSWER: Prediction = (
    rule(
        REST_LIKE,
        ROUTE,
        expects={Answer.BAD_GATEWAY},
        allows=ANY_ANSWER,
        because="a REST API answers a function that raised, or answered nonsense, with 502",
    ),
    _HTTP_500,
)

RAISED: Prediction = (
    *BAD_ANSWER,
    rule(
        FUNCTION_URL,
        ROUTE,
        expects={Answer.FUNCTION_URL_ERROR},
        allows=ANY_ANSWER,
        because="a function URL answers a function that raised with 502",
    ),
)

TIMED_OUT: Prediction = (
    rule(
        REST_LIKE,
        ROUTE,
        expects={Answer.INTEGRATION_TIMED_OUT},
        surmises={Answer.SILENCE},
        allows=ANY_ANSWER,
        because="a REST API answers a slow integration with 504 after its timeout",
    ),
    rule(
        HTTP,
        ROUTE,
        expects={Answer.HTTP_UNAVAILABLE},
        surmises={Answer.SILENCE},
        allows=ANY_ANSWER,
        because="an HTTP API answers a slow integration with 503 after 30 seconds",
    ),
    rule(
        FUNCTION_URL | APPSYNC,
        ROUTE,
        surmises={Answer.SILENCE},
        allows=ANY_ANSWER,
        because="what was asked and keeps silent waits for its function",
    ),
)

UNREACHABLE: Prediction = (
    rule(
        REST_LIKE,
        ROUTE,
        expects={Answer.INTEGRATION_UNREACHABLE},
        allows=ANY_ANSWER,
        because="a REST API answers an endpoint that it cannot reach with 504",
    ),
    rule(
        HTTP,
        ROUTE,
        surmises={Answer.HTTP_UNAVAILABLE, Answer.HTTP_INTERNAL_ERROR},
        allows=ANY_ANSWER,
        because="an HTTP API has no words of its own for an endpoint that it cannot reach",
    ),
)

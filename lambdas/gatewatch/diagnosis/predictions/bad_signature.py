"""A signature that the gateway read and did not accept. It is judged before the route is known."""

from __future__ import annotations

from gatewatch.diagnosis.predictions.rules import (
    APPSYNC,
    FUNCTION_URL,
    HTTP,
    REST_LIKE,
    ROUTE,
    Prediction,
    Sends,
    rule,
)
from gatewatch.gateway.answers import Answer


def bad_signature(answer: Answer, because: str, *surmised: Answer) -> Prediction:
    return (
        rule(
            REST_LIKE | FUNCTION_URL | APPSYNC,
            ROUTE,
            Sends.A_SIGNATURE,
            expects={answer},
            surmises=surmised,
            because=because,
        ),
        rule(
            HTTP,
            ROUTE,
            Sends.A_SIGNATURE,
            surmises={Answer.FORBIDDEN},
            because="an HTTP API answers every unusable signature with 403 Forbidden",
            weight=0.2,
        ),
    )


MISMATCH: Prediction = (
    *bad_signature(
        Answer.SIGNATURE_MISMATCH,
        "a signature over other text, or by another secret, does not match",
    ),
    rule(
        FUNCTION_URL,
        ROUTE,
        expects={Answer.SIGNATURE_MISMATCH},
        because="a CDN before a function URL may sign in the caller's place",
    ),
)

"""A signature that the gateway read and did not accept. It is judged before the route is known."""

from __future__ import annotations

from gatewatch.gateway.answers import Answer
from gatewatch.signatures.rules import FUNCTION_URL, REST_LIKE, ROUTE, Sends, Signature, rule


def bad_signature(answer: Answer, because: str, *surmised: Answer) -> Signature:
    return (
        rule(
            REST_LIKE | FUNCTION_URL,
            ROUTE,
            Sends.A_SIGNATURE,
            expects={answer},
            surmises=surmised,
            because=because,
        ),
    )

"""A Lambda function URL: no routes, a signature and two permissions before the function.

Its refusals are worded like API Gateway's, under `Message`.
"""

from __future__ import annotations

from gatewatch.diagnosis.predictions.progress import REACHED_INTEGRATION
from gatewatch.diagnosis.predictions.rules import (
    APPSYNC,
    FUNCTION_URL,
    HTTP,
    REST_LIKE,
    ROUTE,
    Prediction,
    Rule,
    Sends,
    rule,
)
from gatewatch.gateway.answers import SIGNATURE_REFUSALS, Answer

_FORBIDDEN = frozenset({Answer.FUNCTION_URL_FORBIDDEN, Answer.FUNCTION_URL_HELP})

UNSIGNED: tuple[Rule, ...] = (
    rule(
        FUNCTION_URL,
        ROUTE,
        Sends.A_SIGNATURE,
        allows={*_FORBIDDEN, *SIGNATURE_REFUSALS, *REACHED_INTEGRATION},
        because="a signed call was not refused for want of a signature",
    ),
    rule(
        FUNCTION_URL,
        ROUTE,
        expects={Answer.FUNCTION_URL_FORBIDDEN},
        surmises={Answer.FUNCTION_URL_HELP},
        because="a function URL with AWS_IAM answers an unsigned call with Forbidden",
    ),
)

DENIED: tuple[Rule, ...] = (
    rule(
        FUNCTION_URL,
        ROUTE,
        Sends.A_SIGNATURE,
        expects={Answer.FUNCTION_URL_FORBIDDEN},
        because="a function URL answers a signer without permission with Forbidden",
    ),
)

PERMISSION_MISSING: Prediction = (
    rule(
        FUNCTION_URL,
        ROUTE,
        expects={Answer.FUNCTION_URL_HELP},
        surmises={Answer.FUNCTION_URL_FORBIDDEN},
        allows=SIGNATURE_REFUSALS,
        because="a function URL without both permissions refuses everybody",
    ),
)

NOT_FOUND: Prediction = (
    rule(
        FUNCTION_URL,
        ROUTE,
        expects={Answer.FUNCTION_URL_NULL},
        surmises={Answer.FUNCTION_URL_HELP},
        because="a function URL that does not exist answers with a null message",
    ),
)

CDN_SIGNS_WRONGLY: Prediction = (
    rule(
        FUNCTION_URL,
        ROUTE,
        expects={Answer.SIGNATURE_MISMATCH},
        allows={*REACHED_INTEGRATION, *SIGNATURE_REFUSALS, *_FORBIDDEN},
        because="a CDN that signs for the caller may sign other text than it sends",
        weight=0.5,
    ),
    rule(
        REST_LIKE | HTTP | APPSYNC,
        ROUTE,
        Sends.A_SIGNATURE,
        surmises={Answer.SIGNATURE_MISMATCH},
        allows={*REACHED_INTEGRATION, *SIGNATURE_REFUSALS},
        because="an edge function may put a signature of its own in the place of the caller's",
        weight=0.3,
    ),
    rule(
        REST_LIKE | HTTP | APPSYNC,
        ROUTE,
        expects={Answer.SIGNATURE_MISMATCH},
        allows={*REACHED_INTEGRATION, *SIGNATURE_REFUSALS},
        because="the caller sent no signature, so something on the way signed the call",
    ),
)

PAYLOAD_HASH: Prediction = (
    rule(
        FUNCTION_URL,
        ROUTE,
        expects={Answer.SIGNATURE_MISMATCH},
        allows={*REACHED_INTEGRATION, *SIGNATURE_REFUSALS, *_FORBIDDEN},
        because="a CDN that signs for the caller cannot sign a body whose hash it does not know",
    ),
)

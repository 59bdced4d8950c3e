"""A method with AWS_IAM authorization that was called without a usable signature.

On a REST API it answers exactly as if the route did not exist.
"""

from __future__ import annotations

from gatewatch.diagnosis.predictions import function_url
from gatewatch.diagnosis.predictions.guarded_alike import GUARDED_ALIKE
from gatewatch.diagnosis.predictions.progress import MATCHED, PAST_AUTHENTICATION
from gatewatch.diagnosis.predictions.rules import (
    FUNCTION_URL,
    HTTP,
    REST_LIKE,
    ROUTE,
    WITHOUT_FIRST_SEGMENT,
    Prediction,
    Rule,
    Sends,
    rule,
)
from gatewatch.gateway.answers import SIGNATURE_REFUSALS, Answer

_SIGNED: tuple[Rule, ...] = (
    rule(
        REST_LIKE | HTTP,
        ROUTE,
        Sends.A_VALID_SIGNATURE,
        allows={*PAST_AUTHENTICATION, *SIGNATURE_REFUSALS, Answer.INCOMPLETE_SIGNATURE},
        because="an IAM route judges a signature; it never says that there is no such route",
    ),
    rule(
        REST_LIKE | HTTP,
        ROUTE,
        Sends.AN_INVALID_SIGNATURE,
        allows={*SIGNATURE_REFUSALS, Answer.INCOMPLETE_SIGNATURE, Answer.FORBIDDEN},
        because="an IAM route refuses an invalid signature as such",
    ),
)

NO_STAGE_BEFORE_IT: Rule = rule(
    REST_LIKE,
    WITHOUT_FIRST_SEGMENT,
    allows=frozenset(Answer) - MATCHED,
    because="what is a route without its first segment is none with it: that names the stage",
)
"""Applies only where the first segment has a name that stages have."""

_NEVER_ARRIVED = "a signature that was lost on the way leaves the call unsigned"

UNSIGNED: Prediction = (
    GUARDED_ALIKE,
    NO_STAGE_BEFORE_IT,
    rule(
        REST_LIKE,
        ROUTE,
        Sends.A_SIGNATURE_FROM_AFAR,
        surmises={Answer.MISSING_TOKEN},
        allows={*PAST_AUTHENTICATION, *SIGNATURE_REFUSALS, Answer.INCOMPLETE_SIGNATURE},
        because=f"an IAM route judges a signature; {_NEVER_ARRIVED}",
        weight=0.5,
    ),
    *_SIGNED,
    *function_url.UNSIGNED,
    rule(
        REST_LIKE,
        ROUTE,
        Sends.A_TOKEN,
        surmises={Answer.MISSING_TOKEN},
        allows={Answer.INCOMPLETE_SIGNATURE},
        because="an IAM route reads any Authorization header as an AWS signature",
    ),
    rule(
        REST_LIKE,
        ROUTE,
        Sends.NO_AUTHORIZATION,
        expects={Answer.MISSING_TOKEN},
        because="an IAM route answers an unsigned call with Missing Authentication Token",
    ),
    rule(
        HTTP,
        ROUTE,
        Sends.NO_AUTHORIZATION,
        expects={Answer.FORBIDDEN},
        because="an HTTP API answers an unsigned call to an IAM route with 403 Forbidden",
    ),
    rule(
        HTTP,
        ROUTE,
        Sends.A_TOKEN,
        surmises={Answer.FORBIDDEN},
        because="an HTTP API answers an unsigned call to an IAM route with 403 Forbidden",
    ),
)

_ON_A_FUNCTION_URL = rule(
    FUNCTION_URL,
    ROUTE,
    Sends.A_CREDENTIAL,
    surmises={Answer.INCOMPLETE_SIGNATURE},
    allows={Answer.FUNCTION_URL_FORBIDDEN, *SIGNATURE_REFUSALS},
    because="a function URL judges a signature's form as the gateway does",
)

NON_SIGV4: Prediction = (
    NO_STAGE_BEFORE_IT,
    _ON_A_FUNCTION_URL,
    *_SIGNED,
    rule(
        REST_LIKE,
        ROUTE,
        Sends.A_TOKEN,
        expects={Answer.INCOMPLETE_SIGNATURE},
        because="an IAM route reads any Authorization header as an AWS signature",
    ),
    rule(
        REST_LIKE,
        ROUTE,
        Sends.NO_AUTHORIZATION,
        allows={Answer.MISSING_TOKEN},
        because="an IAM route answers an unsigned call with Missing Authentication Token",
    ),
    rule(
        HTTP,
        ROUTE,
        allows={Answer.FORBIDDEN},
        because="an HTTP API answers every unusable signature with 403 Forbidden",
    ),
)

MALFORMED: Prediction = (
    NO_STAGE_BEFORE_IT,
    _ON_A_FUNCTION_URL,
    rule(
        REST_LIKE,
        ROUTE,
        Sends.A_SIGNATURE,
        expects={Answer.INCOMPLETE_SIGNATURE},
        because="a signature header that lacks a part, or has one twice, is refused as malformed",
    ),
    rule(
        REST_LIKE,
        ROUTE,
        Sends.A_TOKEN,
        expects={Answer.INCOMPLETE_SIGNATURE},
        because="a header meant as an AWS signature but without its form is refused as malformed",
        weight=0.5,
    ),
    rule(
        REST_LIKE,
        ROUTE,
        allows={Answer.MISSING_TOKEN},
        because="an IAM route answers an unsigned call with Missing Authentication Token",
    ),
)

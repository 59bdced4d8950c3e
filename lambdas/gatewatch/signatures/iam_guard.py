"""A method with AWS_IAM authorization that was called without a usable signature.

On a REST API it answers exactly as if the route did not exist.
"""

from __future__ import annotations

from gatewatch.gateway.answers import SIGNATURE_REFUSALS, Answer
from gatewatch.signatures import function_url
from gatewatch.signatures.rules import (
    HTTP,
    REST,
    REST_LIKE,
    ROUTE,
    Rule,
    Sends,
    Signature,
    rule,
)
from gatewatch.signatures.way import PAST_AUTHENTICATION

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

UNSIGNED: Signature = (
    *_SIGNED,
    *function_url.UNSIGNED,
    rule(
        REST,
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

NON_SIGV4: Signature = (
    *_SIGNED,
    rule(
        REST,
        ROUTE,
        Sends.A_TOKEN,
        expects={Answer.INCOMPLETE_SIGNATURE},
        because="an IAM route reads any Authorization header as an AWS signature",
    ),
    rule(
        REST,
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

MALFORMED: Signature = (
    rule(
        REST,
        ROUTE,
        Sends.A_SIGNATURE,
        expects={Answer.INCOMPLETE_SIGNATURE},
        because="a signature header that lacks a part, or has one twice, is refused as malformed",
    ),
    rule(
        REST,
        ROUTE,
        Sends.A_TOKEN,
        expects={Answer.INCOMPLETE_SIGNATURE},
        because="a header meant as an AWS signature but without its form is refused as malformed",
        weight=0.5,
    ),
    rule(
        REST,
        ROUTE,
        allows={Answer.MISSING_TOKEN},
        because="an IAM route answers an unsigned call with Missing Authentication Token",
    ),
)

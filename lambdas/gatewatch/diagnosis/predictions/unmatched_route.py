"""A request for which the deployed stage has no resource and method.

A REST API then treats it like a call to an IAM method: without Authorization it says Missing
Authentication Token, with any other Authorization it complains of the signature's form, and only
a valid signature by a permitted signer gets 404 No method found. An HTTP API says 404 Not Found.
"""

from __future__ import annotations

from gatewatch.diagnosis.predictions.progress import MATCHED, UNMATCHED
from gatewatch.diagnosis.predictions.rules import (
    ANY_ANSWER,
    BEHIND_A_STAGE,
    HTTP,
    NO_SUCH_SIBLING,
    OTHER_METHOD,
    PREFLIGHT,
    REST,
    ROUTE,
    WITHOUT_FIRST_SEGMENT,
    Prediction,
    Sends,
    rule,
)
from gatewatch.gateway.answers import IAM_DENIALS, SIGNATURE_REFUSALS, Answer

_NO_TOKEN = (
    "without a matching route, a call without Authorization gets Missing Authentication Token"
)
_BAD_HEADER = "without a matching route, any Authorization header is read as an AWS signature"
_NO_METHOD = "without a matching route, a valid signature is answered with 404 No method found"


UNMATCHED_METHOD: Prediction = (
    rule(
        REST,
        ROUTE,
        Sends.A_VALID_SIGNATURE,
        expects={Answer.NO_METHOD_FOUND},
        surmises=IAM_DENIALS | {Answer.MISSING_TOKEN},
        allows=SIGNATURE_REFUSALS,
        because=f"{_NO_METHOD}; a signer without permission is denied before that",
        weight=0.2,
    ),
    rule(
        REST,
        ROUTE,
        Sends.AN_INVALID_SIGNATURE,
        surmises={Answer.MISSING_TOKEN},
        allows={*SIGNATURE_REFUSALS, *UNMATCHED},
        because="a signature is checked before the route is looked up",
    ),
    rule(
        REST,
        ROUTE,
        Sends.A_TOKEN,
        expects={Answer.INCOMPLETE_SIGNATURE},
        surmises={Answer.MISSING_TOKEN},
        because=f"{_BAD_HEADER}, unless the header is lost on the way",
    ),
    rule(REST, ROUTE, expects={Answer.MISSING_TOKEN}, because=_NO_TOKEN),
    rule(
        HTTP,
        ROUTE,
        expects={Answer.HTTP_NOT_FOUND},
        because="an HTTP API answers what no route matches with 404 Not Found",
    ),
    rule(
        REST | HTTP,
        NO_SUCH_SIBLING,
        allows=ANY_ANSWER - {Answer.SUCCESS},
        because="a path that cannot exist gets through, so a greedy route would match this one",
    ),
    rule(
        REST | HTTP,
        WITHOUT_FIRST_SEGMENT | BEHIND_A_STAGE,
        surmises=UNMATCHED,
        allows=ANY_ANSWER,
        because="a path that an API does not have is mostly none with a segment more or less",
    ),
)
_NO_METHOD_AT_ALL = "a path without a resource has no method at all"
UNMATCHED_PATH: Prediction = (
    *UNMATCHED_METHOD,
    rule(
        REST | HTTP,
        OTHER_METHOD,
        allows=UNMATCHED | SIGNATURE_REFUSALS | IAM_DENIALS,
        because=_NO_METHOD_AT_ALL,
    ),
    rule(
        REST,
        PREFLIGHT,
        allows=UNMATCHED | SIGNATURE_REFUSALS | IAM_DENIALS,
        because=_NO_METHOD_AT_ALL,
    ),
    # An HTTP API with CORS answers preflights by itself, at any path.
)
"""https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html"""

STAGE_REPEATED: Prediction = (
    rule(
        REST | HTTP,
        WITHOUT_FIRST_SEGMENT,
        expects=MATCHED,
        because="without the stage that the mapping already names, the path finds its route",
    ),
    *UNMATCHED_PATH,
)
"""re:Post on custom domains: without the first segment, the call succeeds."""

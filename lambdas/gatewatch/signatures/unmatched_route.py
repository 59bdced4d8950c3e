"""A request for which the deployed stage has no resource and method.

A REST API then treats it like a call to an IAM method: without Authorization it says Missing
Authentication Token, with any other Authorization it complains of the signature's form, and only
a valid signature by a permitted signer is told the truth. An HTTP API says 404 Not Found.
"""

from __future__ import annotations

from gatewatch.gateway.answers import IAM_DENIALS, SIGNATURE_REFUSALS, Answer
from gatewatch.look import Place
from gatewatch.signatures.rules import (
    ANY_ANSWER,
    HTTP,
    NO_SUCH_PATH,
    REST,
    ROUTE,
    SAME_PATH,
    Sends,
    Signature,
    rule,
)
from gatewatch.signatures.way import UNMATCHED

OTHER_METHOD = frozenset({Place.OTHER_METHOD})

_NO_TOKEN = (
    "without a matching route, a call without Authorization is told Missing Authentication Token"
)
_BAD_HEADER = "without a matching route, any Authorization header is read as an AWS signature"
_NO_METHOD = "without a matching route, a valid signature is answered with 404 No method found"


def unmatched(places: frozenset[Place] = SAME_PATH) -> Signature:
    """`places`: where else than on the route itself the cause expects the same answers."""
    return (
        rule(
            REST,
            places,
            Sends.A_VALID_SIGNATURE,
            expects={Answer.NO_METHOD_FOUND},
            surmises=IAM_DENIALS,
            allows=SIGNATURE_REFUSALS,
            because=f"{_NO_METHOD}; a signer without permission is denied before that",
        ),
        rule(
            REST,
            places,
            Sends.AN_INVALID_SIGNATURE,
            allows={*SIGNATURE_REFUSALS, *UNMATCHED},
            because="a signature is checked before the route is looked up",
        ),
        rule(
            REST,
            places,
            Sends.A_TOKEN,
            expects={Answer.INCOMPLETE_SIGNATURE},
            surmises={Answer.MISSING_TOKEN},
            because=f"{_BAD_HEADER}, unless the header is lost on the way",
        ),
        rule(REST, places, expects={Answer.MISSING_TOKEN}, because=_NO_TOKEN),
        rule(
            HTTP,
            places,
            expects={Answer.HTTP_NOT_FOUND},
            because="an HTTP API answers what no route matches with 404 Not Found",
        ),
        rule(
            REST | HTTP,
            NO_SUCH_PATH,
            allows=ANY_ANSWER - {Answer.SUCCESS},
            because="a path that cannot exist gets through, so a greedy route would match this one",
        ),
    )


UNMATCHED_PATH = unmatched()
UNMATCHED_METHOD = unmatched(ROUTE)

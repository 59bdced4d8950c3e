"""What a route shows when nothing is wrong: it answers or refuses just whom it should."""

from __future__ import annotations

from gatewatch.gateway.answers import Answer
from gatewatch.signatures.rules import ANY_KIND, ROUTE, Sends, Signature, rule
from gatewatch.signatures.way import GUARD_REFUSALS

REFUSALS_TO_STRANGERS = GUARD_REFUSALS | {Answer.BACKEND_DENIED}

HEALTHY: Signature = (
    rule(
        ANY_KIND,
        ROUTE,
        Sends.A_VALID_CREDENTIAL,
        expects={Answer.SUCCESS},
        because="a healthy route answers a valid credential with a success",
    ),
    rule(
        ANY_KIND,
        ROUTE,
        expects={Answer.SUCCESS},
        allows=REFUSALS_TO_STRANGERS,
        because="a healthy route answers with a success or lets its guard refuse",
    ),
)

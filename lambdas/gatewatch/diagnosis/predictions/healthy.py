"""What a route shows when nothing is wrong: it answers whom it should, and refuses the rest."""

from __future__ import annotations

from gatewatch.diagnosis.predictions.progress import GUARD_REFUSALS
from gatewatch.diagnosis.predictions.rules import ANY_KIND, ROUTE, Prediction, Sends, rule
from gatewatch.gateway.answers import Answer

REFUSALS_TO_STRANGERS = GUARD_REFUSALS | {Answer.BACKEND_DENIED}

HEALTHY: Prediction = (
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

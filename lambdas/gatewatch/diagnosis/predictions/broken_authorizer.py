"""An authorizer that crashed, timed out, may not be invoked, or answered in no valid form."""

from __future__ import annotations

from gatewatch.diagnosis.predictions.rules import (
    ANY_ANSWER,
    HTTP,
    REST_LIKE,
    ROUTE,
    Prediction,
    rule,
)
from gatewatch.gateway.answers import Answer

BROKEN_AUTHORIZER: Prediction = (
    rule(
        REST_LIKE,
        ROUTE,
        expects={Answer.AUTHORIZER_BROKEN},
        allows=ANY_ANSWER,
        because="a REST API answers a broken authorizer with 500 and a null message",
    ),
    rule(
        HTTP,
        ROUTE,
        expects={Answer.HTTP_INTERNAL_ERROR},
        allows=ANY_ANSWER,
        because="an HTTP API answers a broken authorizer with 500 Internal Server Error",
    ),
)

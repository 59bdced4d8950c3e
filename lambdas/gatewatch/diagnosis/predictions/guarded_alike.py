"""A path that passes without a credential behind a stage has no guard at any other stage.

Every stage of an HTTP API has the same routes with the same guards.
"""

from __future__ import annotations

from gatewatch.diagnosis.predictions.progress import PAST_API_KEY
from gatewatch.diagnosis.predictions.rules import (
    ANY_ANSWER,
    BEHIND_A_STAGE,
    HTTP,
    Rule,
    Sends,
    rule,
)

GUARDED_ALIKE: Rule = rule(
    HTTP,
    BEHIND_A_STAGE,
    Sends.NO_CREDENTIAL,
    allows=ANY_ANSWER - PAST_API_KEY,
    because="a guarded route is guarded behind each of its stages",
)

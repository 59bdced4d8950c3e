"""A method that requires an API key, called with none or with one that does not count here.

All of these are one answer, 403 Forbidden; only the control plane tells them apart. Routing comes
before the key: a path that cannot exist answers as such, whatever key was sent (rt-010, rt-011).
"""

from __future__ import annotations

from gatewatch.diagnosis.predictions.progress import GUARD_REFUSALS, MATCHED, PAST_API_KEY
from gatewatch.diagnosis.predictions.rules import (
    ANY_ANSWER,
    BEHIND_A_STAGE,
    NO_SUCH_PATH,
    OTHER_ENTRANCE,
    REST_LIKE,
    ROUTE,
    Prediction,
    Rule,
    Sends,
    rule,
)
from gatewatch.gateway.answers import Answer

_BEHIND_ROUTING: tuple[Rule, ...] = (
    rule(
        REST_LIKE,
        NO_SUCH_PATH,
        surmises={Answer.MISSING_TOKEN},
        allows=ANY_ANSWER - {Answer.FORBIDDEN},
        because="routes are matched before keys: a path that cannot exist gets that answer, unless"
        " a greedy route requires a key",
        presumes=True,
    ),
    rule(
        REST_LIKE,
        BEHIND_A_STAGE,
        allows=ANY_ANSWER - MATCHED,
        because="what is a route behind a stage is no stage itself, and has no route of its own",
    ),
    rule(
        REST_LIKE,
        OTHER_ENTRANCE,
        Sends.NO_KEY,
        surmises={Answer.FORBIDDEN},
        allows=ANY_ANSWER,
        because="a method that requires a key does so at every entrance of its stage",
    ),
)
_REFUSES_STRANGERS: Rule = rule(
    REST_LIKE,
    ROUTE,
    Sends.NO_KEY,
    allows=GUARD_REFUSALS,
    because="a route that requires a key refuses a call without one",
)

KEY_MISSING: Prediction = (
    rule(
        REST_LIKE,
        ROUTE,
        Sends.NO_KEY,
        expects={Answer.FORBIDDEN},
        allows=GUARD_REFUSALS,
        because="a route that requires a key refuses a call without one",
    ),
    rule(
        REST_LIKE,
        ROUTE,
        Sends.A_KEY,
        allows=PAST_API_KEY | GUARD_REFUSALS,
        because="a key was sent",
    ),
    *_BEHIND_ROUTING,
)

KEY_REFUSED: Prediction = (
    rule(
        REST_LIKE,
        ROUTE,
        Sends.A_KEY,
        expects={Answer.FORBIDDEN},
        because="the gateway does not know the key, or has it disabled",
    ),
    _REFUSES_STRANGERS,
    *_BEHIND_ROUTING,
)

KEY_OUTSIDE_PLAN: Prediction = (
    rule(
        REST_LIKE,
        ROUTE,
        Sends.A_VALID_KEY,
        expects={Answer.FORBIDDEN},
        because="a key outside every usage plan of this stage is refused like an unknown one",
    ),
    _REFUSES_STRANGERS,
    *_BEHIND_ROUTING,
)

USAGE_KEY_NOT_SET: Prediction = (
    rule(
        REST_LIKE,
        ROUTE,
        Sends.AN_IDENTITY,
        expects={Answer.FORBIDDEN},
        because="an authorizer that should supply the key let the caller in without naming one",
        weight=0.5,
    ),
    *_BEHIND_ROUTING,
)

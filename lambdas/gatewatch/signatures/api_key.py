"""A method that requires an API key, called with none or with one that does not count here.

All of these are one answer, 403 Forbidden; only the control plane tells them apart. Routing comes
before the key: a path that cannot exist answers as such, whatever key was sent (rt-010, rt-011).
"""

from __future__ import annotations

from gatewatch.gateway.answers import Answer
from gatewatch.signatures.rules import (
    ANY_ANSWER,
    NO_SUCH_PATH,
    REST_LIKE,
    ROUTE,
    Rule,
    Sends,
    Signature,
    rule,
)
from gatewatch.signatures.way import GUARD_REFUSALS, PAST_API_KEY

_BEHIND_ROUTING: Rule = rule(
    REST_LIKE,
    NO_SUCH_PATH,
    surmises={Answer.MISSING_TOKEN},
    allows=ANY_ANSWER,
    because="routes are matched before keys: only a greedy route that requires a key says Forbidden"
    " to a path that cannot exist",
)
_REFUSES_STRANGERS: Rule = rule(
    REST_LIKE,
    ROUTE,
    Sends.NO_KEY,
    allows=GUARD_REFUSALS,
    because="a route that requires a key refuses a call without one",
)

KEY_MISSING: Signature = (
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
    _BEHIND_ROUTING,
)

KEY_REFUSED: Signature = (
    rule(
        REST_LIKE,
        ROUTE,
        Sends.A_KEY,
        expects={Answer.FORBIDDEN},
        because="the gateway does not know the key, or has it disabled",
    ),
    _REFUSES_STRANGERS,
    _BEHIND_ROUTING,
)

KEY_OUTSIDE_PLAN: Signature = (
    rule(
        REST_LIKE,
        ROUTE,
        Sends.A_VALID_KEY,
        expects={Answer.FORBIDDEN},
        because="a key outside every usage plan of this stage is refused like an unknown one",
    ),
    _REFUSES_STRANGERS,
    _BEHIND_ROUTING,
)

USAGE_KEY_NOT_SET: Signature = (
    rule(
        REST_LIKE,
        ROUTE,
        Sends.AN_IDENTITY,
        expects={Answer.FORBIDDEN},
        because="an authorizer that should supply the key let the caller in without naming one",
        weight=0.5,
    ),
    _BEHIND_ROUTING,
)

"""The request never got as far as a route: its stage, mapping, domain or endpoint refused it.

Such a refusal is the same for every path, method and caller at that entrance.
"""

from __future__ import annotations

from gatewatch.diagnosis.predictions.progress import MATCHED
from gatewatch.diagnosis.predictions.rules import (
    ANY_ANSWER,
    BEHIND_A_BASE_PATH,
    BEHIND_A_STAGE,
    HTTP,
    OTHER_ENTRANCE,
    OTHER_STAGE,
    PREFLIGHT,
    REST_LIKE,
    SAME_STAGE,
    Prediction,
    Rule,
    rule,
)
from gatewatch.gateway.answers import Answer

_ANY_STAGE = OTHER_STAGE | BEHIND_A_STAGE
_REFUSED_AT_ANY_STAGE: Rule = rule(
    REST_LIKE | HTTP,
    _ANY_STAGE,
    allows={Answer.FORBIDDEN, Answer.HTTP_NOT_FOUND},
    because="what closes an entrance as a whole closes it for every stage",
)
_REST_FORBIDDEN: Rule = rule(
    REST_LIKE,
    SAME_STAGE,
    expects={Answer.FORBIDDEN},
    because="an entrance that is closed or leads nowhere says Forbidden to every path",
)
_HTTP_FORBIDDEN: Rule = rule(
    HTTP,
    SAME_STAGE,
    surmises={Answer.FORBIDDEN},
    because="a host that no HTTP API answers for is refused by the shared front",
)

_BEHIND_AN_ERROR_PAGE: Rule = rule(
    REST_LIKE,
    SAME_STAGE,
    expects={Answer.FORBIDDEN},
    surmises={Answer.S3_DENIED},
    because="an entrance that leads nowhere says Forbidden to every path, unless a CDN hides it",
)

_PREFLIGHTS_ANSWERED: Rule = rule(
    HTTP,
    PREFLIGHT,
    allows=ANY_ANSWER,
    because="an HTTP API with CORS answers preflights by itself, wherever they lead",
)
_STAGELESS: tuple[Rule, ...] = (
    _BEHIND_AN_ERROR_PAGE,
    _PREFLIGHTS_ANSWERED,
    rule(
        HTTP,
        SAME_STAGE,
        expects={Answer.HTTP_NOT_FOUND},
        because="an HTTP API without a stage for the path says Not Found to every path",
    ),
)

STAGE_LEFT_OUT: Prediction = (
    rule(
        REST_LIKE | HTTP,
        BEHIND_A_STAGE | BEHIND_A_BASE_PATH,
        expects=MATCHED,
        because="with its stage before it, the path finds its route",
    ),
    *_STAGELESS,
)
NO_STAGE: Prediction = (
    rule(
        REST_LIKE | HTTP,
        BEHIND_A_STAGE,
        allows=ANY_ANSWER - MATCHED,
        because="what is a route behind a stage was never meant for a stage itself",
    ),
    rule(
        REST_LIKE | HTTP,
        OTHER_ENTRANCE,
        surmises={Answer.FORBIDDEN, Answer.HTTP_NOT_FOUND},
        allows=ANY_ANSWER,
        because="what is mapped to a stage that is gone fails, too",
    ),
    *_STAGELESS,
)

NO_MAPPING: Prediction = (
    rule(
        REST_LIKE | HTTP,
        BEHIND_A_BASE_PATH,
        surmises=MATCHED,
        allows=ANY_ANSWER,
        because="with the base path of its mapping before it, the path leads to an API",
    ),
    _REST_FORBIDDEN,
    _HTTP_FORBIDDEN,
)

_AT_ANOTHER_ENTRANCE: Rule = rule(
    REST_LIKE | HTTP,
    OTHER_ENTRANCE,
    surmises=MATCHED,
    allows=ANY_ANSWER,
    because="what closes one entrance leaves the others open",
)
NO_API_TOLD: Prediction = (_REST_FORBIDDEN, _REFUSED_AT_ANY_STAGE, _AT_ANOTHER_ENTRANCE)

ENDPOINT_DISABLED: Prediction = (
    rule(
        REST_LIKE,
        SAME_STAGE,
        expects={Answer.FORBIDDEN},
        because="a disabled default endpoint says Forbidden to every stage and path",
    ),
    rule(
        HTTP,
        SAME_STAGE,
        surmises={Answer.FORBIDDEN},
        because="a disabled default endpoint refuses every stage and path alike",
    ),
    _REFUSED_AT_ANY_STAGE,
    _AT_ANOTHER_ENTRANCE,
)
ENDPOINT_NOT_FOUND: Prediction = (
    rule(
        HTTP,
        SAME_STAGE,
        surmises={Answer.HTTP_NOT_FOUND},
        because="a disabled default endpoint refuses every stage and path alike",
    ),
    _REFUSED_AT_ANY_STAGE,
    _AT_ANOTHER_ENTRANCE,
)
"""AWS's knowledge center says 404 for HTTP APIs, others saw 403; neither was recorded."""

CERTIFICATE_REFUSED: Prediction = (
    rule(
        REST_LIKE | HTTP,
        SAME_STAGE,
        expects={Answer.FORBIDDEN},
        because="a client certificate that is not trusted is refused on every path of the domain",
    ),
    _REFUSED_AT_ANY_STAGE,
    _AT_ANOTHER_ENTRANCE,
)

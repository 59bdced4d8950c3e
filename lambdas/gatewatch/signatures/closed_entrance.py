"""The request never got as far as a route: its stage, mapping, domain or endpoint refused it.

Such a refusal is the same for every path, method and caller at that entrance.
"""

from __future__ import annotations

from gatewatch.gateway.answers import Answer
from gatewatch.signatures.rules import (
    HTTP,
    OTHER_STAGE,
    REST_LIKE,
    SAME_STAGE,
    Rule,
    Signature,
    rule,
)

_REFUSED_AT_ANY_STAGE: Rule = rule(
    REST_LIKE | HTTP,
    OTHER_STAGE,
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

NO_STAGE: Signature = (
    _BEHIND_AN_ERROR_PAGE,
    rule(
        HTTP,
        SAME_STAGE,
        expects={Answer.HTTP_NOT_FOUND},
        because="an HTTP API without a stage for the path says Not Found to every path",
    ),
)

NO_MAPPING: Signature = (_REST_FORBIDDEN, _HTTP_FORBIDDEN)

NO_API_TOLD: Signature = (_REST_FORBIDDEN,)

ENDPOINT_DISABLED: Signature = (
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
)
ENDPOINT_NOT_FOUND: Signature = (
    rule(
        HTTP,
        SAME_STAGE,
        surmises={Answer.HTTP_NOT_FOUND},
        because="a disabled default endpoint refuses every stage and path alike",
    ),
    _REFUSED_AT_ANY_STAGE,
)
"""AWS's knowledge center says 404 for HTTP APIs, others saw 403; neither was recorded."""

CERTIFICATE_REFUSED: Signature = (
    rule(
        REST_LIKE | HTTP,
        SAME_STAGE,
        expects={Answer.FORBIDDEN},
        because="a client certificate that is not trusted is refused on every path of the domain",
    ),
    _REFUSED_AT_ANY_STAGE,
)

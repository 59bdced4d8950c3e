"""A web ACL refused the request before any route was looked up. REST APIs only, and CDNs."""

from __future__ import annotations

from gatewatch.diagnosis.predictions.progress import REACHED_INTEGRATION
from gatewatch.diagnosis.predictions.rules import (
    ANY_ANSWER,
    ANY_KIND,
    APPSYNC,
    BEHIND_A_STAGE,
    OTHER_ENTRANCE,
    REST,
    ROUTE,
    SAME_STAGE,
    Prediction,
    rule,
)
from gatewatch.gateway.answers import Answer

_BY_OTHERS = (Answer.CLOUDFRONT_BLOCKED, Answer.BALANCER_FORBIDDEN, Answer.COGNITO_BLOCKED)

WAF_BLOCK: Prediction = (
    rule(
        REST,
        (SAME_STAGE - ROUTE) | BEHIND_A_STAGE | OTHER_ENTRANCE,
        surmises={Answer.FORBIDDEN, Answer.BLOCKED_BY_RULE},
        allows=ANY_ANSWER,
        because="a web ACL that blocks a caller mostly blocks it on every path",
    ),
    rule(
        REST,
        ROUTE,
        expects={Answer.FORBIDDEN, Answer.BLOCKED_BY_RULE},
        surmises=_BY_OTHERS,
        allows=ANY_ANSWER - REACHED_INTEGRATION,
        because="a web ACL's block answers Forbidden, or what its custom response says",
    ),
    rule(
        APPSYNC,
        ROUTE,
        expects={Answer.APPSYNC_BLOCKED},
        allows=ANY_ANSWER - REACHED_INTEGRATION,
        because="AppSync names a web ACL's block WAFForbiddenException",
    ),
    rule(
        ANY_KIND - REST - APPSYNC,
        ROUTE,
        expects={Answer.BLOCKED_BY_RULE},
        surmises=_BY_OTHERS,
        allows=ANY_ANSWER - REACHED_INTEGRATION,
        because="a web ACL of a CDN or balancer answers in their words",
    ),
)

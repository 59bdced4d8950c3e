"""A policy refused a caller whom the gateway recognised, or took for anonymous.

The text's suffix names the policy since 2025; older texts have none, and then every policy that
could have refused stays possible. An HTTP API says only Forbidden.
"""

from __future__ import annotations

from gatewatch.diagnosis.predictions import function_url
from gatewatch.diagnosis.predictions.guarded_alike import GUARDED_ALIKE
from gatewatch.diagnosis.predictions.progress import REACHED_INTEGRATION, UNAUTHORIZED
from gatewatch.diagnosis.predictions.rules import (
    ANY_ANSWER,
    APPSYNC,
    HTTP,
    REST,
    REST_LIKE,
    ROUTE,
    SAME_STAGE,
    WITHOUT_FIRST_SEGMENT,
    Prediction,
    Sends,
    rule,
)
from gatewatch.gateway.answers import Answer

_HTTP_FORBIDDEN = "an HTTP API says only Forbidden to a signer without permission"
_SILENT_ON_STRANGERS = "an IAM route refuses unsigned calls before it looks at policies"

_UNSIGNED = (
    rule(
        REST_LIKE,
        ROUTE,
        Sends.NO_AUTHORIZATION,
        allows={Answer.MISSING_TOKEN},
        because=_SILENT_ON_STRANGERS,
    ),
    rule(
        HTTP,
        ROUTE,
        Sends.NO_AUTHORIZATION,
        allows={Answer.FORBIDDEN},
        because=_SILENT_ON_STRANGERS,
    ),
)

EXPLICIT_DENY: Prediction = (
    GUARDED_ALIKE,
    rule(
        REST_LIKE | APPSYNC,
        ROUTE,
        Sends.A_SIGNATURE,
        expects={
            Answer.IAM_DENIED_IDENTITY_EXPLICIT,
            Answer.IAM_DENIED_EXPLICIT,
            Answer.IAM_DENIED_UNSTATED,
            Answer.IAM_DENIED_SESSION_EXPLICIT,
            Answer.IAM_DENIED_LIMIT_EXPLICIT,
        },
        surmises={Answer.IAM_DENIED_SESSION_IMPLICIT},
        because="the explicit deny of an identity's, session's or limiting policy is named as such",
    ),
    rule(HTTP, ROUTE, Sends.A_SIGNATURE, expects={Answer.FORBIDDEN}, because=_HTTP_FORBIDDEN),
    *function_url.DENIED,
    *_UNSIGNED,
)

IMPLICIT_DENY: Prediction = (
    GUARDED_ALIKE,
    rule(
        REST_LIKE | APPSYNC,
        ROUTE,
        Sends.A_SIGNATURE,
        expects={
            Answer.IAM_DENIED_IDENTITY_IMPLICIT,
            Answer.IAM_DENIED_UNSTATED,
            Answer.IAM_DENIED_SESSION_IMPLICIT,
            Answer.IAM_DENIED_LIMIT_IMPLICIT,
        },
        because="a missing permission is named as such",
    ),
    rule(HTTP, ROUTE, Sends.A_SIGNATURE, expects={Answer.FORBIDDEN}, because=_HTTP_FORBIDDEN),
    *function_url.DENIED,
    *_UNSIGNED,
)

_BEFORE_POLICIES = UNAUTHORIZED | {Answer.MISSING_TOKEN, Answer.INCOMPLETE_SIGNATURE}
"""IAM asks for a signature, and Cognito for a token, before any policy is read (iam-007)."""

RESOURCE_POLICY: Prediction = (
    rule(
        REST_LIKE,
        ROUTE,
        Sends.A_SIGNATURE,
        expects={
            Answer.IAM_DENIED_RESOURCE_EXPLICIT,
            Answer.IAM_DENIED_RESOURCE_IMPLICIT,
            Answer.IAM_DENIED_EXPLICIT,
            Answer.IAM_DENIED_UNSTATED,
        },
        surmises={Answer.ANONYMOUS_DENIED, Answer.ANONYMOUS_DENIED_RESOURCE},
        because="a resource policy's refusal names the signer, if the method reads signatures",
    ),
    rule(
        REST_LIKE,
        ROUTE,
        expects={Answer.ANONYMOUS_DENIED, Answer.ANONYMOUS_DENIED_RESOURCE},
        allows=_BEFORE_POLICIES,
        because="a resource policy refuses an unsigned caller as User: anonymous",
    ),
)

_ENDPOINT_TEXTS = (
    Answer.ANONYMOUS_DENIED,
    Answer.ANONYMOUS_DENIED_ENDPOINT,
    Answer.ANONYMOUS_DENIED_RESOURCE,
)
"""An endpoint policy's explicit deny was never recorded; it may call itself resource-based."""

ENDPOINT_POLICY: Prediction = (
    rule(
        REST,
        (SAME_STAGE - ROUTE) | WITHOUT_FIRST_SEGMENT,
        Sends.A_TOKEN,
        allows=ANY_ANSWER - REACHED_INTEGRATION,
        because="a VPC endpoint policy makes the gateway read any Authorization as a signature,"
        " at every path",
    ),
    rule(
        REST,
        ROUTE,
        Sends.A_SIGNATURE,
        expects={Answer.IAM_DENIED_ENDPOINT, Answer.IAM_DENIED_UNSTATED},
        surmises={
            Answer.IAM_DENIED_RESOURCE_EXPLICIT,
            Answer.IAM_DENIED_EXPLICIT,
            *_ENDPOINT_TEXTS,
        },
        because="a VPC endpoint policy's refusal names the endpoint policy",
    ),
    rule(
        REST,
        ROUTE,
        Sends.A_TOKEN,
        surmises={Answer.INCOMPLETE_SIGNATURE, *_ENDPOINT_TEXTS},
        because="a VPC endpoint policy makes the gateway read any Authorization as a signature",
    ),
    rule(
        REST,
        ROUTE,
        surmises=_ENDPOINT_TEXTS,
        allows=_BEFORE_POLICIES,
        because="a VPC endpoint policy refuses an unsigned caller as User: anonymous",
    ),
)

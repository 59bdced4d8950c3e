"""A Lambda authorizer ran, and its policy, fresh or cached, does not let this call through.

It judges each identity by itself, so another caller may get in.
"""

from __future__ import annotations

from gatewatch.diagnosis.predictions.guarded_alike import GUARDED_ALIKE
from gatewatch.diagnosis.predictions.progress import PAST_AUTHENTICATION
from gatewatch.diagnosis.predictions.rules import (
    HTTP,
    REST_LIKE,
    ROUTE,
    Prediction,
    Rule,
    Sends,
    rule,
)
from gatewatch.gateway.answers import AUTHORIZER_DENIALS, Answer

_TO_OTHERS = PAST_AUTHENTICATION | {Answer.UNAUTHORIZED}

_STRANGER: Rule = rule(
    REST_LIKE | HTTP,
    ROUTE,
    Sends.NO_CREDENTIAL,
    allows={Answer.UNAUTHORIZED, Answer.FORBIDDEN, *AUTHORIZER_DENIALS},
    because="an authorizer is not called without its identity source",
)

DENIED: Prediction = (
    GUARDED_ALIKE,
    rule(
        REST_LIKE,
        ROUTE,
        Sends.A_CREDENTIAL,
        expects=AUTHORIZER_DENIALS,
        allows=_TO_OTHERS,
        because="an authorizer's denial reads User is not authorized to access this resource",
    ),
    rule(
        HTTP,
        ROUTE,
        Sends.A_CREDENTIAL,
        expects={Answer.FORBIDDEN},
        allows=_TO_OTHERS,
        because="an HTTP API says only Forbidden when its Lambda authorizer denies",
    ),
    _STRANGER,
)
DENIED_TO_ANYBODY: Prediction = (
    GUARDED_ALIKE,
    rule(
        REST_LIKE,
        ROUTE,
        expects=AUTHORIZER_DENIALS,
        allows=_TO_OTHERS,
        because="an authorizer without an identity source may deny anybody",
    ),
    rule(
        HTTP,
        ROUTE,
        expects={Answer.FORBIDDEN},
        allows=_TO_OTHERS,
        because="an authorizer without an identity source may deny anybody",
    ),
)

CACHED_POLICY: Prediction = (
    GUARDED_ALIKE,
    rule(
        REST_LIKE,
        ROUTE,
        Sends.A_CREDENTIAL,
        expects=AUTHORIZER_DENIALS,
        allows=_TO_OTHERS,
        because="a cached policy that names other routes only is judged anew for this one",
    ),
    rule(
        HTTP,
        ROUTE,
        Sends.A_CREDENTIAL,
        expects={Answer.FORBIDDEN},
        allows=_TO_OTHERS,
        because="a cached answer for this identity is used again",
    ),
    _STRANGER,
)

"""The caller's temporary credentials have expired."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, documented
from gatewatch.diagnosis.predictions.bad_signature import bad_signature
from gatewatch.gateway.answers import Answer
from gatewatch.model import Gate, Layer, Owner

CAUSE = Cause(
    id="security_token_expired",
    layer=Layer.AUTH,
    gate=Gate.AUTHENTICATION,
    owner=Owner.CALLER,
    title="The caller's temporary credentials have expired",
    prediction=bad_signature(
        Answer.SECURITY_TOKEN_EXPIRED,
        "temporary credentials past their end are refused as expired",
        Answer.SECURITY_TOKEN_INVALID,
    ),
    prior=3,
    sources=(
        documented(
            "https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html",
            "2026-11-22",
        ),
    ),
    prose="""
## What happens
The session behind the temporary keys has ended.

## Why it misleads
It looks like an outage of the API: everything signed fails at once, hours after it worked.

## Confirm

    aws sts get-caller-identity

## Fix
Take fresh credentials from the role; let the SDK refresh them rather than copy them.
""",
)

"""AWS does not know the access key, or its session token is missing."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, recorded
from gatewatch.diagnosis.predictions.bad_signature import bad_signature
from gatewatch.gateway.answers import Answer
from gatewatch.model import Gate, Layer, Owner

CAUSE = Cause(
    id="security_token_invalid",
    layer=Layer.AUTH,
    gate=Gate.AUTHENTICATION,
    owner=Owner.CALLER,
    title="AWS does not know the access key, or its session token is missing",
    prediction=bad_signature(
        Answer.SECURITY_TOKEN_INVALID,
        "an unknown key or a missing session token is refused as invalid",
    ),
    prior=4,
    sources=(recorded("iam-018, fu-002", "2026-06-01"),),
    prose="""
## What happens
The access key does not exist (any more), or temporary keys were used without
`X-Amz-Security-Token`.

## Why it misleads
"Security token" sounds like a token of the API.

## Confirm

    aws sts get-caller-identity

## Fix
Send the session token with temporary keys, or replace the key.
""",
)

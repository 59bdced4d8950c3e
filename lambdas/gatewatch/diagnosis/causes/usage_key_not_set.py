"""The authorizer let the caller in without naming an API key."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, documented
from gatewatch.diagnosis.predictions.api_key import USAGE_KEY_NOT_SET
from gatewatch.model import Gate, Guard, Layer, Owner

CAUSE = Cause(
    id="usage_key_not_set",
    layer=Layer.AUTH,
    gate=Gate.API_KEY,
    owner=Owner.API,
    guards=frozenset({Guard.API_KEY}),
    title="The authorizer let the caller in without naming an API key",
    prediction=USAGE_KEY_NOT_SET,
    prior=1.5,
    sources=(
        documented(
            "https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-api-key-source.html",
            "2026-11-22",
        ),
    ),
    prose="""
## What happens
The API takes its keys from the authorizer (`apiKeySource: AUTHORIZER`), and the authorizer's answer
has no `usageIdentifierKey`, or one that no usage plan knows.

## Why it misleads
The authorizer allowed the call, and the answer is the Forbidden of a missing key.

## Confirm

    aws apigateway get-rest-api --rest-api-id <api_id> --region <region> --query apiKeySource

## Fix
Return `usageIdentifierKey` with the policy.
""",
)

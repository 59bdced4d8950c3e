"""The request came over a rate limit."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, recorded
from gatewatch.diagnosis.predictions.plain import plain
from gatewatch.gateway.answers import Answer
from gatewatch.model import Gate, Layer, Owner

CAUSE = Cause(
    id="rate_throttled",
    layer=Layer.THROTTLE,
    gate=Gate.THROTTLE,
    owner=Owner.API,
    title="The request came over a rate limit",
    prediction=plain(
        Answer.RATE_EXCEEDED, because="a rate limit is answered with Too Many Requests"
    ),
    prior=4,
    sources=(recorded("thr-002, thr-003", "2026-06-01"),),
    prose="""
## What happens
A rate or burst limit of the usage plan, method, stage or account was reached. There is no
Retry-After.

## Why it misleads
The account's limit is shared: another API may have spent it.

## Confirm

    aws apigateway get-stage --rest-api-id <api_id> --stage-name <stage> --region <region> \\
        --query methodSettings
    aws apigateway get-account --region <region> --query throttleSettings

## Fix
Raise the limit that is the smallest, or call less often.
""",
)

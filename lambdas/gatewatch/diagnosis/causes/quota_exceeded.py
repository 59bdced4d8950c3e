"""The key's usage-plan quota is used up."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, recorded
from gatewatch.diagnosis.predictions.plain import plain
from gatewatch.gateway.answers import Answer
from gatewatch.model import Gate, Layer, Owner

CAUSE = Cause(
    id="quota_exceeded",
    layer=Layer.THROTTLE,
    gate=Gate.THROTTLE,
    owner=Owner.CALLER,
    title="The key's usage-plan quota is used up",
    prediction=plain(
        Answer.QUOTA_EXCEEDED, because="a used-up quota is answered with Limit Exceeded"
    ),
    prior=3,
    sources=(recorded("thr-001", "2026-06-01"),),
    prose="""
## What happens
The usage plan's quota for the day, week or month is spent. There is no Retry-After.

## Why it misleads
It looks like a rate limit that will pass in a moment.

## Confirm

    aws apigateway get-usage --usage-plan-id <usage_plan_id> --region <region> \\
        --start-date <date> --end-date <date>

## Fix
Raise the quota, or wait for the period's end.
""",
)

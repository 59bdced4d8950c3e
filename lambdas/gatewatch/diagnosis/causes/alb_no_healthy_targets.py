"""The load balancer has no healthy target."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, recorded
from gatewatch.diagnosis.predictions.plain import plain
from gatewatch.gateway.answers import Answer
from gatewatch.model import Gate, Layer, Owner

CAUSE = Cause(
    id="alb_no_healthy_targets",
    layer=Layer.EDGE,
    gate=Gate.CDN,
    owner=Owner.API,
    title="The load balancer has no healthy target",
    prediction=plain(
        Answer.BALANCER_UNAVAILABLE,
        because="a load balancer without a healthy target answers 503 itself",
    ),
    prior=2,
    sources=(recorded("ed-008", "2026-06-01"),),
    prose="""
## What happens
`server: awselb/2.0` and a 503: the load balancer answered because no target is healthy.

## Why it misleads
It looks like an overloaded service.

## Confirm

    aws elbv2 describe-target-health --target-group-arn <target_group_arn> --region <region>

## Fix
Mend the targets or their health check.
""",
)

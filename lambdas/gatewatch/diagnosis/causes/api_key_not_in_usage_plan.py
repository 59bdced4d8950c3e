"""The API key is in no usage plan of this stage."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, recorded
from gatewatch.diagnosis.predictions.api_key import KEY_OUTSIDE_PLAN
from gatewatch.model import Gate, Guard, Layer, Owner

CAUSE = Cause(
    id="api_key_not_in_usage_plan",
    layer=Layer.AUTH,
    gate=Gate.API_KEY,
    owner=Owner.API,
    guards=frozenset({Guard.API_KEY}),
    title="The API key is in no usage plan of this stage",
    prediction=KEY_OUTSIDE_PLAN,
    prior=6,
    sources=(recorded("key-007, ms-123", "2026-09-24"),),
    prose="""
## What happens
The key exists and is enabled, but no usage plan connects it with this API and stage. A change to
a plan has taken more than a minute to count.

## Why it misleads
It answers the same Forbidden as an unknown key, and the key looks right in the console.

## Confirm

    aws apigateway get-usage-plans --key-id <key_id> --region <region> --query 'items[].apiStages'

## Fix
Add the stage to a usage plan of the key:

    aws apigateway update-usage-plan --usage-plan-id <usage_plan_id> --region <region> \\
        --patch-operations op=add,path=/apiStages,value=<api_id>:<stage>
""",
)

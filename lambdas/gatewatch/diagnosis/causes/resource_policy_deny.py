"""The API's resource policy refuses the caller."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, recorded
from gatewatch.diagnosis.predictions.iam_denial import RESOURCE_POLICY
from gatewatch.model import Gate, Guard, Layer, Owner

CAUSE = Cause(
    id="resource_policy_deny",
    layer=Layer.AUTH,
    gate=Gate.AUTHORIZER,
    owner=Owner.API,
    proves_guard=True,
    guards=frozenset({Guard.RESOURCE_POLICY}),
    title="The API's resource policy refuses the caller",
    prediction=RESOURCE_POLICY,
    prior=8,
    sources=(recorded("iam-005, iam-006, iam-010, fd-041", "2026-10-02"),),
    prose="""
## What happens
The API has a resource policy, and it denies this caller: an address range, a VPC endpoint, an
account, or simply no statement that allows. `User: anonymous` means that nobody was recognised.

## Why it misleads
It applies to routes without any authorizer. A policy left over from a private API denies
everything after a switch to a regional endpoint, preflights included. An edited policy does
nothing until the stage is deployed.

## Confirm

    aws apigateway get-rest-api --rest-api-id <api_id> --region <region> --query policy

## Fix
Correct the policy, then deploy the stage:

    aws apigateway create-deployment --rest-api-id <api_id> --stage-name <stage> --region <region>
""",
)

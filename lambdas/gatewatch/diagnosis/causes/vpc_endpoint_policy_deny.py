"""The VPC endpoint's policy refuses the call."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, recorded
from gatewatch.diagnosis.predictions.conditions import INSIDE_A_VPC
from gatewatch.diagnosis.predictions.iam_denial import ENDPOINT_POLICY
from gatewatch.model import Gate, Guard, Layer, Owner

CAUSE = Cause(
    id="vpc_endpoint_policy_deny",
    layer=Layer.AUTH,
    gate=Gate.AUTHORIZER,
    owner=Owner.API,
    guards=frozenset({Guard.RESOURCE_POLICY}),
    only_if=(INSIDE_A_VPC,),
    title="The VPC endpoint's policy refuses the call",
    prediction=ENDPOINT_POLICY,
    prior=1,
    sources=(recorded("index id 54262849454", "2026-06-01"),),
    prose="""
## What happens
The request came through an interface endpoint whose own policy does not allow it. With such a
policy the gateway also reads any Authorization header as an AWS signature.

## Why it misleads
The API's own policy and authorizers are right, and the same call works from elsewhere.

## Confirm

    aws ec2 describe-vpc-endpoints --region <region> \\
        --filters Name=service-name,Values=com.amazonaws.<region>.execute-api \\
        --query 'VpcEndpoints[].PolicyDocument'

## Fix
Allow `execute-api:Invoke` on the API in the endpoint's policy.
""",
)

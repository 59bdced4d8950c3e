"""The gateway cannot reach the backend."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, recorded
from gatewatch.diagnosis.predictions.integration_failure import UNREACHABLE
from gatewatch.model import Gate, Layer, Owner

CAUSE = Cause(
    id="integration_unreachable",
    layer=Layer.INTEGRATION,
    gate=Gate.INTEGRATION,
    owner=Owner.API,
    title="The gateway cannot reach the backend",
    prediction=UNREACHABLE,
    prior=2,
    sources=(recorded("in-007", "2026-06-01"),),
    prose="""
## What happens
No connection to the backend: a closed port, a security group, an unhealthy target behind a VPC
link, a name that does not resolve.

## Why it misleads
It is a 504, though nothing was slow.

## Confirm
Read the execution log of the request:

    aws logs filter-log-events --region <region> \\
        --log-group-name API-Gateway-Execution-Logs_<api_id>/<stage> \\
        --filter-pattern \\"<request_id>\\"

An HTTP API has no such log. Its access log tells, where the stage has one:

    aws apigatewayv2 get-stages --api-id <api_id> --region <region> \\
        --query 'Items[].[StageName,AccessLogSettings]'

## Fix
Open the way: VPC link, target group, security group, name.
""",
)

"""The integration's settings cannot work."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, recorded
from gatewatch.diagnosis.predictions.integration_failure import CANNOT_INVOKE
from gatewatch.model import Gate, Layer, Owner

CAUSE = Cause(
    id="integration_misconfigured",
    layer=Layer.INTEGRATION,
    gate=Gate.INTEGRATION,
    owner=Owner.API,
    title="The integration's settings cannot work",
    prediction=CANNOT_INVOKE,
    prior=3,
    sources=(recorded("ls-017, in-004", "2026-06-01"),),
    prose="""
## What happens
A forbidden header mapping, a bad endpoint, a wrong credentials role or a missing mapping template:
the gateway fails before it calls anything.

## Why it misleads
It is the same 500 as for a missing Lambda permission.

## Confirm
Read the execution log of the request:

    aws logs filter-log-events --region <region> \\
        --log-group-name API-Gateway-Execution-Logs_<api_id>/<stage> \\
        --filter-pattern \\"<request_id>\\"

An HTTP API has no such log. Its access log tells, where the stage has one:

    aws apigatewayv2 get-stages --api-id <api_id> --region <region> \\
        --query 'Items[].[StageName,AccessLogSettings]'

## Fix
Correct the integration and deploy the stage.
""",
)

"""The function's answer has the wrong form."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, recorded
from gatewatch.diagnosis.predictions.integration_failure import BAD_ANSWER
from gatewatch.model import Gate, Layer, Owner

CAUSE = Cause(
    id="malformed_integration_response",
    layer=Layer.INTEGRATION,
    gate=Gate.INTEGRATION,
    owner=Owner.API,
    title="The function's answer has the wrong form",
    prediction=BAD_ANSWER,
    prior=4,
    sources=(recorded("in-002, ht-002", "2026-06-01"),),
    prose="""
## What happens
A Lambda proxy integration must get `{"statusCode": …, "headers": …, "body": "…"}`; the function
returned something else, often a body that is an object instead of a string.

## Why it misleads
The function's log shows a success.

## Confirm
The execution log says "Malformed Lambda proxy response":

    aws logs filter-log-events --region <region> \\
        --log-group-name API-Gateway-Execution-Logs_<api_id>/<stage> \\
        --filter-pattern \\"<request_id>\\"

An HTTP API has no such log. Its access log tells, where the stage has one:

    aws apigatewayv2 get-stages --api-id <api_id> --region <region> \\
        --query 'Items[].[StageName,AccessLogSettings]'

## Fix
Return the form that proxy integrations want.
""",
)

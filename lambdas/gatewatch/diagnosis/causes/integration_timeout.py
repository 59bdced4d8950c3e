"""The integration did not answer in time."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, recorded
from gatewatch.diagnosis.predictions.conditions import MAYBE_LONG
from gatewatch.diagnosis.predictions.integration_failure import TIMED_OUT
from gatewatch.model import Gate, Layer, Owner

CAUSE = Cause(
    id="integration_timeout",
    layer=Layer.INTEGRATION,
    gate=Gate.INTEGRATION,
    owner=Owner.API,
    title="The integration did not answer in time",
    prediction=TIMED_OUT,
    typical=(MAYBE_LONG,),
    prior=1.6,
    sources=(recorded("in-001, ht-001", "2026-06-01"),),
    prose="""
## What happens
The backend took longer than the integration's timeout: 29 seconds by default on REST APIs, 30 on
HTTP APIs. A caller with less patience sees a connection on which no answer comes.

## Why it misleads
The function may end well after that, and its log shows no error.

## Confirm
Compare the elapsed time with 29 or 30 seconds, and the function's duration:

    aws logs filter-log-events --region <region> \\
        --log-group-name API-Gateway-Execution-Logs_<api_id>/<stage> \\
        --filter-pattern \\"<request_id>\\"

An HTTP API has no such log. Its access log tells, where the stage has one:

    aws apigatewayv2 get-stages --api-id <api_id> --region <region> \\
        --query 'Items[].[StageName,AccessLogSettings]'

## Fix
Make the backend faster, raise the integration's timeout, or answer asynchronously.
""",
)

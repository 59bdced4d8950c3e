"""The function has no free concurrency."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, documented, recorded
from gatewatch.diagnosis.predictions.conditions import NOT_LONG
from gatewatch.diagnosis.predictions.integration_failure import LAMBDA_THROTTLED
from gatewatch.model import Gate, Layer, Owner

CAUSE = Cause(
    id="lambda_throttled",
    layer=Layer.INTEGRATION,
    gate=Gate.INTEGRATION,
    owner=Owner.API,
    title="The function has no free concurrency",
    prediction=LAMBDA_THROTTLED,
    only_if=(NOT_LONG,),
    prior=3,
    sources=(
        recorded("ht-004", "2026-06-01"),
        documented(
            "https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html",
            "2026-11-22",
        ),
    ),
    prose="""
## What happens
Lambda refused to run the function: its reserved concurrency, or the account's, is used up. A REST
API answers 500, an HTTP API 503 at once.

## Why it misleads
It is no 429, though it is a throttle.

## Confirm

    aws cloudwatch get-metric-statistics --namespace AWS/Lambda --metric-name Throttles \\
        --dimensions Name=FunctionName,Value=<function> --statistics Sum --period 60 \\
        --start-time <from> --end-time <to> --region <region>

## Fix
Raise the reserved concurrency or the account's limit, or slow the callers down.
""",
)

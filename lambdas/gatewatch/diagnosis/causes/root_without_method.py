"""The API's root has no method."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, recorded
from gatewatch.diagnosis.predictions.conditions import IS_ROOT, MAY_BE_ROOT
from gatewatch.diagnosis.predictions.unmatched_route import UNMATCHED_METHOD
from gatewatch.model import Gate, Layer, Owner

CAUSE = Cause(
    id="root_without_method",
    layer=Layer.ROUTING,
    gate=Gate.ROUTE,
    owner=Owner.API,
    title="The API's root has no method",
    prediction=UNMATCHED_METHOD,
    only_if=(MAY_BE_ROOT,),
    typical=(IS_ROOT,),
    prior=5,
    sources=(recorded("fd-003, fd-004", "2026-09-24"),),
    prose="""
## What happens
The URL ends at the stage or base path, and the root resource `/` has no method. A greedy
`/{proxy+}` does not match its own parent.

## Why it misleads
Opening the stage's invoke URL in a browser is everybody's first test, and it says Missing
Authentication Token although the API works.

## Confirm
Look for `"/"` in what the stage serves:

    aws apigateway get-stage --rest-api-id <api_id> --stage-name <stage> --region <region> \\
        --query deploymentId --output text
    aws apigateway get-deployment --rest-api-id <api_id> --deployment-id <deployment_id> \\
        --embed apisummary --region <region>

On an HTTP API:

    aws apigatewayv2 get-routes --api-id <api_id> --region <region> --query 'Items[].RouteKey'

## Fix
Call a path that exists, or add a method on `/` and deploy.
""",
)

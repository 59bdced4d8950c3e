"""The path exists, but not for this method."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, recorded
from gatewatch.diagnosis.predictions.conditions import PREFLIGHT_OR_HEAD
from gatewatch.diagnosis.predictions.unmatched_route import UNMATCHED_METHOD
from gatewatch.model import Gate, Layer, Owner

CAUSE = Cause(
    id="wrong_method",
    layer=Layer.ROUTING,
    gate=Gate.ROUTE,
    owner=Owner.API,
    title="The path exists, but not for this method",
    prediction=UNMATCHED_METHOD,
    typical=(PREFLIGHT_OR_HEAD,),
    prior=18,
    sources=(recorded("ls-003, rt-003, rt-008, fd-009, fd-023", "2026-09-24"),),
    prose="""
## What happens
The path has other methods, but not this one. API Gateway never answers 405; it answers as if the
whole path did not exist. HEAD (`curl -I`) and OPTIONS (a browser's preflight) need methods of
their own.

## Why it misleads
Missing Authentication Token on a path that works for GET looks like a credential problem. On a
preflight it shows up in the browser as a CORS error.

## Confirm
List the methods that the deployed stage has for the path:

    aws apigateway get-stage --rest-api-id <api_id> --stage-name <stage> --region <region> \\
        --query deploymentId --output text
    aws apigateway get-deployment --rest-api-id <api_id> --deployment-id <deployment_id> \\
        --embed apisummary --region <region>

On an HTTP API:

    aws apigatewayv2 get-routes --api-id <api_id> --region <region> --query 'Items[].RouteKey'

## Fix
Call with a method that exists, or add this one (for preflights: an OPTIONS method) and deploy:

    aws apigateway create-deployment --rest-api-id <api_id> --stage-name <stage> --region <region>
""",
)

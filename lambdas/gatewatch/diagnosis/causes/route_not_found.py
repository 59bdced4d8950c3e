"""The deployed stage has no such path."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, recorded
from gatewatch.diagnosis.predictions.unmatched_route import UNMATCHED_PATH
from gatewatch.model import Gate, Layer, Owner

CAUSE = Cause(
    id="route_not_found",
    layer=Layer.ROUTING,
    gate=Gate.ROUTE,
    owner=Owner.API,
    title="The deployed stage has no such path",
    prediction=UNMATCHED_PATH,
    prior=26,
    sources=(recorded("ls-002, rt-001, rt-010, rt-024, rt-026", "2026-09-24"),),
    prose="""
## What happens
No resource of the deployed stage matches the path. A REST API then treats the request like a call
to an IAM method: without Authorization it answers Missing Authentication Token, with any other
Authorization it complains of the signature's form, and a valid signature gets a 404.

## Why it misleads
The text speaks of authentication, so people add or change credentials. That changes the text to
one about `Credential` and `Signature`, which looks like progress and is not.

## Confirm
Look the path up in what the stage really serves, not in the definition:

    aws apigateway get-stage --rest-api-id <api_id> --stage-name <stage> --region <region> \\
        --query deploymentId --output text
    aws apigateway get-deployment --rest-api-id <api_id> --deployment-id <deployment_id> \\
        --embed apisummary --region <region>

On an HTTP API:

    aws apigatewayv2 get-routes --api-id <api_id> --region <region> --query 'Items[].RouteKey'

## Fix
Call the path that exists (a trailing slash is another path), or add the resource and method and
deploy the stage:

    aws apigateway create-deployment --rest-api-id <api_id> --stage-name <stage> --region <region>
""",
)

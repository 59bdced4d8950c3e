"""The route is defined but not deployed to this stage."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, documented, recorded
from gatewatch.diagnosis.predictions.unmatched_route import UNMATCHED_METHOD
from gatewatch.model import Gate, Layer, Owner

CAUSE = Cause(
    id="route_not_deployed",
    layer=Layer.ROUTING,
    gate=Gate.ROUTE,
    owner=Owner.API,
    title="The route is defined but not deployed to this stage",
    prediction=UNMATCHED_METHOD,
    prior=8,
    sources=(
        recorded("ms-015, rt-021", "2026-09-24"),
        documented(
            "https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-deploy-api.html",
            "2026-11-22",
        ),
    ),
    prose="""
## What happens
A stage serves a snapshot. A resource or method added after the stage's last deployment is in the
definition, in the console and in the export, but not on the stage.

## Why it misleads
Everything one looks at shows the route, and the console's test-invoke even runs it, since that
skips the stage.

## Confirm
Compare the definition with the snapshot that the stage serves:

    aws apigateway get-resources --rest-api-id <api_id> --embed methods --region <region>
    aws apigateway get-stage --rest-api-id <api_id> --stage-name <stage> --region <region> \\
        --query deploymentId --output text
    aws apigateway get-deployment --rest-api-id <api_id> --deployment-id <deployment_id> \\
        --embed apisummary --region <region>

On an HTTP API, compare the routes with the deployment that the stage has:

    aws apigatewayv2 get-routes --api-id <api_id> --region <region> --query 'Items[].RouteKey'
    aws apigatewayv2 get-stages --api-id <api_id> --region <region> \\
        --query 'Items[].[StageName,DeploymentId,AutoDeploy,LastUpdatedDate]'

## Fix
Deploy the stage:

    aws apigateway create-deployment --rest-api-id <api_id> --stage-name <stage> --region <region>
""",
)

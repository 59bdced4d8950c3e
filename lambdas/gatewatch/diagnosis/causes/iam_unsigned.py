"""An IAM route was called without a signature."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, recorded
from gatewatch.diagnosis.predictions.iam_guard import UNSIGNED
from gatewatch.model import Gate, Guard, Layer, Owner

CAUSE = Cause(
    id="iam_unsigned",
    layer=Layer.AUTH,
    gate=Gate.AUTHENTICATION,
    owner=Owner.CALLER,
    proves_guard=True,
    guards=frozenset({Guard.IAM}),
    title="An IAM route was called without a signature",
    prediction=UNSIGNED,
    prior=7,
    sources=(recorded("iam-001, iam-007, ms-003, ms-017", "2026-09-24"),),
    prose="""
## What happens
The route has AWS_IAM authorization and the request carries no SigV4 signature. A REST API answers
Missing Authentication Token, an HTTP API 403 Forbidden.

## Why it misleads
On a REST API it is byte for byte what a route that does not exist answers. Only a valid signature,
or the deployed snapshot, separates the two.

## Confirm
Call again, if the method only reads, with a signature by an identity that may invoke the route:

    curl -g --aws-sigv4 aws:amz:<region>:<service> <url> \\
        --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \\
        -H "x-amz-security-token: $AWS_SESSION_TOKEN"

If the method writes, read how it is guarded instead of calling it:

    aws apigateway get-stage --rest-api-id <api_id> --stage-name <stage> --region <region> \\
        --query deploymentId --output text
    aws apigateway get-deployment --rest-api-id <api_id> --deployment-id <deployment_id> \\
        --embed apisummary --region <region>

    aws apigatewayv2 get-routes --api-id <api_id> --region <region> \\
        --query 'Items[].[RouteKey,AuthorizationType]'

    aws lambda get-function-url-config --function-name <function> --region <region>

## Fix
Sign the request for service `execute-api` (a function URL: `lambda`) in the API's region. A
signature covers the host name: behind a CDN, let the CDN sign for the origin.
""",
)

"""The API's default endpoint is disabled."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, documented
from gatewatch.diagnosis.predictions.closed_entrance import ENDPOINT_DISABLED, ENDPOINT_NOT_FOUND
from gatewatch.diagnosis.predictions.conditions import NAMES_A_STAGE_ITSELF
from gatewatch.model import Gate, Layer, Owner

CAUSE = Cause(
    id="default_endpoint_disabled",
    layer=Layer.ROUTING,
    gate=Gate.HOST,
    owner=Owner.API,
    title="The API's default endpoint is disabled",
    prediction=ENDPOINT_DISABLED,
    alternative=ENDPOINT_NOT_FOUND,
    only_if=(NAMES_A_STAGE_ITSELF,),
    prior=1.5,
    sources=(
        documented(
            "https://repost.aws/knowledge-center/api-gateway-troubleshoot-403-forbidden",
            "2026-11-22",
        ),
    ),
    prose="""
## What happens
`disableExecuteApiEndpoint` is set, so the API answers only on its custom domain. On a REST API the
setting takes effect with the next deployment.

## Why it misleads
The same route works on the custom domain, and Forbidden looks like a missing credential.

## Confirm

    aws apigateway get-rest-api --rest-api-id <api_id> --region <region> \\
        --query disableExecuteApiEndpoint

On an HTTP API:

    aws apigatewayv2 get-api --api-id <api_id> --region <region> \\
        --query DisableExecuteApiEndpoint

## Fix
Call the custom domain; or enable the endpoint and deploy.
""",
)

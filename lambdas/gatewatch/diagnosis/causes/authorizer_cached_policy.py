"""A cached authorizer answer does not cover this route."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, recorded
from gatewatch.diagnosis.predictions.authorizer_denial import CACHED_POLICY
from gatewatch.model import Gate, Guard, Layer, Owner

CAUSE = Cause(
    id="authorizer_cached_policy",
    layer=Layer.AUTH,
    gate=Gate.AUTHORIZER,
    owner=Owner.API,
    guards=frozenset({Guard.LAMBDA}),
    title="A cached authorizer answer does not cover this route",
    prediction=CACHED_POLICY,
    prior=5,
    sources=(recorded("ms-086, ms-087, ms-092, fd-068", "2026-09-25"),),
    prose="""
## What happens
The authorizer's answer is cached for a token, 300 seconds by default. If its policy names only the
method of the first call, every other route is denied until the entry ends.

## Why it misleads
It comes and goes with the order of calls, and the authorizer's log shows only allows.

## Confirm
Call the route first with a fresh token, or wait for the cache's end; then another route:

    aws apigateway get-authorizers --rest-api-id <api_id> --region <region> \\
        --query 'items[].[name,authorizerResultTtlInSeconds]'

On an HTTP API:

    aws apigatewayv2 get-authorizers --api-id <api_id> --region <region> \\
        --query 'Items[].[Name,AuthorizerResultTtlInSeconds,IdentitySource]'

## Fix
Return a policy for all routes of the API (`<api_arn>/<stage>/*/*`), or set the TTL to 0.
""",
)

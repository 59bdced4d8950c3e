"""The custom domain has no mapping for this base path."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, recorded
from gatewatch.diagnosis.predictions.closed_entrance import NO_MAPPING
from gatewatch.diagnosis.predictions.conditions import ON_A_CUSTOM_DOMAIN
from gatewatch.model import Gate, Layer, Owner

CAUSE = Cause(
    id="base_path_not_mapped",
    layer=Layer.ROUTING,
    gate=Gate.HOST,
    owner=Owner.API,
    title="The custom domain has no mapping for this base path",
    prediction=NO_MAPPING,
    only_if=(ON_A_CUSTOM_DOMAIN,),
    prior=2,
    sources=(recorded("rt-036", "2026-06-01"),),
    prose="""
## What happens
The domain exists, but no base path mapping covers the path, so no API is chosen.

## Why it misleads
Forbidden with a gateway request id looks as if the API had refused the caller.

## Confirm

    aws apigateway get-base-path-mappings --domain-name <host> --region <region>

For an HTTP API:

    aws apigatewayv2 get-api-mappings --domain-name <host> --region <region>

## Fix
Add the mapping:

    aws apigateway create-base-path-mapping --domain-name <host> --base-path <base_path> \\
        --rest-api-id <api_id> --stage <stage> --region <region>
""",
)

"""The custom domain leads to another API or stage."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, recorded
from gatewatch.diagnosis.predictions.conditions import ON_A_CUSTOM_DOMAIN
from gatewatch.diagnosis.predictions.unmatched_route import UNMATCHED_PATH
from gatewatch.model import Gate, Layer, Owner

CAUSE = Cause(
    id="domain_mapped_elsewhere",
    layer=Layer.ROUTING,
    gate=Gate.HOST,
    owner=Owner.API,
    title="The custom domain leads to another API or stage",
    prediction=UNMATCHED_PATH,
    only_if=(ON_A_CUSTOM_DOMAIN,),
    prior=3,
    sources=(recorded("rt-033", "2026-06-01"),),
    prose="""
## What happens
The base path mapping points at another API, or at an older stage, which does not have this route.

## Why it misleads
The domain answers, and most of its routes may even exist there. Suspicion falls on the authorizer.

## Confirm
Compare the mapping's API id and stage with those you mean, and call the execute-api host directly:

    aws apigateway get-base-path-mappings --domain-name <host> --region <region>

For an HTTP API:

    aws apigatewayv2 get-api-mappings --domain-name <host> --region <region>

## Fix
Point the mapping at the right API and stage:

    aws apigateway update-base-path-mapping --domain-name <host> --base-path <base_path> \\
        --patch-operations op=replace,path=/stage,value=<stage> --region <region>
""",
)

"""A function at the edge refused the request."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, recorded
from gatewatch.diagnosis.predictions.plain import plain
from gatewatch.gateway.answers import Answer
from gatewatch.model import Gate, Layer, Owner

CAUSE = Cause(
    id="edge_function_denied",
    layer=Layer.EDGE,
    gate=Gate.CDN,
    owner=Owner.API,
    title="A function at the edge refused the request",
    prediction=plain(
        Answer.EDGE_FUNCTION,
        because="CloudFront marks answers that an edge function generated",
    ),
    prior=3,
    sources=(recorded("ed-003, ed-005", "2026-06-01"),),
    prose="""
## What happens
A CloudFront function or Lambda@Edge answered in the API's place.

## Why it misleads
Its answer may look like anything; only `x-cache: LambdaGeneratedResponse from cloudfront` (or
`FunctionGeneratedResponse`) gives it away.

## Confirm

    aws cloudfront get-distribution-config --id <distribution_id> --query \\
        'DistributionConfig.DefaultCacheBehavior.[LambdaFunctionAssociations,FunctionAssociations]'

## Fix
Send what the function asks for, or correct the function.
""",
)

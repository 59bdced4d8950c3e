"""CloudFront refused the request by a rule of its own."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, documented, recorded
from gatewatch.diagnosis.predictions.plain import plain
from gatewatch.gateway.answers import Answer
from gatewatch.model import Gate, Layer, Owner

CAUSE = Cause(
    id="cloudfront_blocked",
    layer=Layer.EDGE,
    gate=Gate.CDN,
    owner=Owner.API,
    title="CloudFront refused the request by a rule of its own",
    prediction=plain(
        Answer.CLOUDFRONT_BLOCKED,
        Answer.CLOUDFRONT_COUNTRY,
        because="CloudFront's own refusals come as its page",
    ),
    prior=7,
    sources=(
        recorded("ed-006", "2026-09-02"),
        documented(
            "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/http-403-permission-denied.html",
            "2026-11-22",
        ),
    ),
    prose="""
## What happens
A geographic restriction or a rule of the distribution refused the request. The API was not asked.

## Why it misleads
A 403 in front of an API is taken for the API's. CloudFront's page has `server: CloudFront` and no
`x-amzn-*` header; an edge-optimised API's own refusals have both CDN and gateway headers.

## Confirm
Call the API's default endpoint, past the distribution. Then read the restriction:

    aws cloudfront get-distribution-config --id <distribution_id> \\
        --query 'DistributionConfig.[Restrictions,WebACLId]'

## Fix
Correct the restriction, or call from where it allows.
""",
)

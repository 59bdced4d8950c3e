"""CloudFront does not forward the Authorization header."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, documented
from gatewatch.diagnosis.predictions.before_the_gateway import AUTHORIZATION_DROPPED
from gatewatch.diagnosis.predictions.conditions import BEHIND_A_CDN
from gatewatch.model import Gate, Layer, Owner

CAUSE = Cause(
    id="cloudfront_authorization_dropped",
    layer=Layer.EDGE,
    gate=Gate.CDN,
    owner=Owner.API,
    title="CloudFront does not forward the Authorization header",
    prediction=AUTHORIZATION_DROPPED,
    only_if=(BEHIND_A_CDN,),
    prior=2,
    sources=(
        documented(
            "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/controlling-origin-requests.html",
            "2026-11-22",
        ),
    ),
    prose="""
## What happens
CloudFront removes `Authorization` unless a cache or origin request policy forwards it. The API sees
an anonymous call.

## Why it misleads
The client did send the token; the authorizer's log has no line, and the API works when called
directly.

## Confirm
Call the API's default endpoint with the same credential. Then read the policy:

    aws cloudfront get-distribution-config --id <distribution_id> \\
        --query 'DistributionConfig.DefaultCacheBehavior.[CachePolicyId,OriginRequestPolicyId]'

## Fix
Forward `Authorization` by the cache policy, or by AllViewerExceptHostHeader.
""",
)

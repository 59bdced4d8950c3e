"""CloudFront forwards its own Host name to the API."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, documented, recorded
from gatewatch.diagnosis.predictions.before_the_gateway import HOST_FORWARDED
from gatewatch.diagnosis.predictions.conditions import BEHIND_A_CDN
from gatewatch.model import Gate, Layer, Owner

CAUSE = Cause(
    id="cloudfront_host_header_forwarded",
    layer=Layer.EDGE,
    gate=Gate.CDN,
    owner=Owner.API,
    title="CloudFront forwards its own Host name to the API",
    prediction=HOST_FORWARDED,
    only_if=(BEHIND_A_CDN,),
    prior=1.5,
    sources=(
        documented(
            "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/controlling-origin-requests.html",
            "2026-11-22",
        ),
        recorded("index id 59295352233", "2026-06-01"),
    ),
    prose="""
## What happens
The origin request policy forwards the viewer's `Host` header. API Gateway and function URLs choose
what is called by that header, and they do not know the CDN's name.

## Why it misleads
The origin answers directly and refuses through the CDN, so IAM or the authorizer is suspected. The
request id in the answer is in no log of the API.

## Confirm

    aws cloudfront get-distribution-config --id <distribution_id> \\
        --query 'DistributionConfig.DefaultCacheBehavior.OriginRequestPolicyId'

## Fix
Use the managed policy AllViewerExceptHostHeader, or forward no Host.
""",
)

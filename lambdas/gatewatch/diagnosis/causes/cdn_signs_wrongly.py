"""A CDN or edge function signs for the caller, and signs other text than it sends."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, documented, inferred
from gatewatch.diagnosis.predictions.conditions import BEHIND_A_CDN
from gatewatch.diagnosis.predictions.function_url import CDN_SIGNS_WRONGLY
from gatewatch.model import Gate, Layer, Owner

CAUSE = Cause(
    id="cdn_signs_wrongly",
    layer=Layer.AUTH,
    gate=Gate.AUTHENTICATION,
    owner=Owner.API,
    title="A CDN signs for the caller, and signs other text than it sends",
    prediction=CDN_SIGNS_WRONGLY,
    only_if=(BEHIND_A_CDN,),
    prior=2,
    sources=(
        documented(
            "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-lambda.html",
            "2026-11-28",
        ),
        inferred("how a signature covers path and headers", "2026-11-28"),
    ),
    prose="""
## What happens
CloudFront (origin access control) or an edge function signs the call to its origin. A path with
characters that are encoded twice or not at all, or a signed header that is changed afterwards (such
as `via`, `x-forwarded-for` or `host`), makes the signature one of another request.

## Why it misleads
The text blames the caller's secret key, and the caller sent none. Plain paths work, those with a
space, `+`, `(` or a letter beyond ASCII do not.

## Confirm
See who signs, and call a path of plain letters through the CDN for comparison:

    aws cloudfront list-origin-access-controls --query \\
        'OriginAccessControlList.Items[].[Id,OriginAccessControlOriginType,SigningBehavior]'

    aws cloudfront get-distribution-config --id <distribution_id> --query \\
        'DistributionConfig.DefaultCacheBehavior.LambdaFunctionAssociations'

## Fix
Sign the path as it goes to the origin, encoded once, and only headers that nobody changes after the
signature: `host`, `x-amz-date`, `x-amz-content-sha256`, `x-amz-security-token`.
""",
)

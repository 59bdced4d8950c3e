"""S3 answered in the API's place, and refused."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, recorded
from gatewatch.diagnosis.predictions.plain import plain
from gatewatch.gateway.answers import Answer
from gatewatch.model import Gate, Layer, Owner

CAUSE = Cause(
    id="s3_access_denied",
    layer=Layer.EDGE,
    gate=Gate.CDN,
    owner=Owner.API,
    title="S3 answered in the API's place, and refused",
    prediction=plain(
        Answer.S3_DENIED,
        because="S3's refusals are XML, or name AmazonS3 as the server",
    ),
    prior=3,
    sources=(recorded("ed-007, fd-026", "2026-06-01"),),
    prose="""
## What happens
The CDN sent the request to a bucket: no behaviour of the distribution matches the API's path, or an
error page is fetched from a bucket that does not have it.

## Why it misleads
The XML hides what the API said, if it was asked at all.

## Confirm
Compare the path with the behaviours, and look at the custom error responses:

    aws cloudfront get-distribution-config --id <distribution_id> --query \\
        'DistributionConfig.[CacheBehaviors.Items[].PathPattern,CustomErrorResponses]'

## Fix
Add a behaviour for the API's path, and let errors of the API through.
""",
)

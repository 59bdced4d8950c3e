"""CloudFront's behaviour does not allow this method."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, recorded
from gatewatch.diagnosis.predictions.plain import plain
from gatewatch.gateway.answers import Answer
from gatewatch.model import Gate, Layer, Owner

CAUSE = Cause(
    id="cloudfront_method_not_allowed",
    layer=Layer.EDGE,
    gate=Gate.CDN,
    owner=Owner.API,
    title="CloudFront's behaviour does not allow this method",
    prediction=plain(
        Answer.CLOUDFRONT_METHOD,
        because="CloudFront's page names the method as the reason",
    ),
    prior=4,
    sources=(recorded("ed-002", "2026-09-02"),),
    prose="""
## What happens
The distribution's cache behaviour allows GET and HEAD only, or GET, HEAD and OPTIONS.

## Why it misleads
It is taken for a WAF or for the API's own refusal of the write.

## Confirm

    aws cloudfront get-distribution-config --id <distribution_id> \\
        --query 'DistributionConfig.DefaultCacheBehavior.AllowedMethods'

## Fix
Allow all methods on the behaviour that leads to the API.
""",
)

"""CloudFront does not accept the request's form."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, documented, recorded
from gatewatch.diagnosis.predictions.plain import plain
from gatewatch.gateway.answers import Answer
from gatewatch.model import Gate, Layer, Owner

CAUSE = Cause(
    id="cloudfront_bad_request",
    layer=Layer.EDGE,
    gate=Gate.CDN,
    owner=Owner.CALLER,
    title="CloudFront does not accept the request's form",
    prediction=plain(
        Answer.CLOUDFRONT_BAD_REQUEST,
        because="CloudFront's page says Bad request",
    ),
    prior=3,
    sources=(
        recorded("fd-097", "2026-06-01"),
        documented(
            "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/http-403-permission-denied.html",
            "2026-11-22",
        ),
    ),
    prose="""
## What happens
A GET with a body, a malformed header, or TLS where plain HTTP came: CloudFront refuses it before
anything is forwarded. Edge-optimised APIs have such a CloudFront of AWS's own.

## Why it misleads
Some clients send `content-type` and an empty body with every GET, and only those fail.

## Confirm
Call again with curl, without a body:

    curl -g -v <url>

## Fix
Send no body with GET and HEAD.
""",
)

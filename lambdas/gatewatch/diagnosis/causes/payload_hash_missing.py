"""The body's hash was not sent to a CDN that signs."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, recorded
from gatewatch.diagnosis.predictions.conditions import A_WRITE_WITH_A_BODY, BEHIND_A_CDN
from gatewatch.diagnosis.predictions.function_url import PAYLOAD_HASH
from gatewatch.model import Gate, Layer, Owner

CAUSE = Cause(
    id="payload_hash_missing",
    layer=Layer.AUTH,
    gate=Gate.AUTHENTICATION,
    owner=Owner.CALLER,
    title="The body's hash was not sent to a CDN that signs",
    prediction=PAYLOAD_HASH,
    only_if=(
        A_WRITE_WITH_A_BODY,
        BEHIND_A_CDN,
    ),
    typical=(A_WRITE_WITH_A_BODY,),
    prior=4,
    sources=(recorded("fu-008, ms-030, ms-032", "2026-06-01"),),
    prose="""
## What happens
CloudFront with origin access control signs for the caller. For a body it needs its SHA-256 from the
caller in `x-amz-content-sha256`; without it the function URL refuses the signature.

## Why it misleads
GET works and POST does not; the text blames the secret key, which is CloudFront's.

## Confirm
A Lambda origin whose signing behavior is `always` or `no-override` needs the header:

    aws cloudfront list-origin-access-controls --query \\
        'OriginAccessControlList.Items[].[Id,OriginAccessControlOriginType,SigningBehavior]'

## Fix
Let the client send the header with every body:

    curl -g -X <method> <url> --data-binary @body \\
        -H "x-amz-content-sha256: $(sha256sum body | cut -d' ' -f1)"
""",
)

"""The signature header lacks a part or its form."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, documented, recorded
from gatewatch.diagnosis.predictions.iam_guard import MALFORMED
from gatewatch.model import Gate, Layer, Owner

CAUSE = Cause(
    id="malformed_authorization_header",
    layer=Layer.AUTH,
    gate=Gate.AUTHENTICATION,
    owner=Owner.CALLER,
    title="The signature header lacks a part or its form",
    prediction=MALFORMED,
    prior=3,
    sources=(
        recorded("cu-002", "2026-06-01"),
        documented(
            "https://docs.aws.amazon.com/IAM/latest/UserGuide/signature-v4-troubleshooting.html",
            "2026-11-22",
        ),
    ),
    prose="""
## What happens
The Authorization header was meant as SigV4, but has the wrong algorithm name, a missing or doubled
part, or commas where spaces belong.

## Why it misleads
It is one more reading of the same answer that missing routes give to bearer tokens.

## Confirm
Print the header that was really sent and compare it with
`AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`.

## Fix
Let an AWS SDK or a maintained signer write the header.
""",
)

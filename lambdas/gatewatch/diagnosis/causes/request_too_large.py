"""The request is over 10 MB."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, recorded
from gatewatch.diagnosis.predictions.plain import plain
from gatewatch.gateway.answers import Answer
from gatewatch.model import Gate, Layer, Owner

CAUSE = Cause(
    id="request_too_large",
    layer=Layer.REQUEST,
    gate=Gate.VALIDATION,
    owner=Owner.CALLER,
    title="The request is over 10 MB",
    prediction=plain(Answer.TOO_LARGE, because="a body over the limit is refused in plain text"),
    prior=2,
    sources=(recorded("cu-005", "2026-06-01"),),
    prose="""
## What happens
API Gateway takes bodies up to 10 MB. The answer is plain text without CORS headers.

## Why it misleads
A browser reports a CORS error, since the answer has no CORS headers and cannot have any.

## Confirm
Compare the body's length with 10,485,760 bytes.

## Fix
Upload large bodies straight to S3 with a presigned URL.
""",
)

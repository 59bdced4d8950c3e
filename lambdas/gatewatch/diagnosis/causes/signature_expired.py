"""The signature is too old: the caller's clock is behind."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, recorded
from gatewatch.diagnosis.predictions.bad_signature import bad_signature
from gatewatch.gateway.answers import Answer
from gatewatch.model import Gate, Layer, Owner

CAUSE = Cause(
    id="signature_expired",
    layer=Layer.AUTH,
    gate=Gate.AUTHENTICATION,
    owner=Owner.CALLER,
    title="The signature is too old: the caller's clock is behind",
    prediction=bad_signature(
        Answer.SIGNATURE_EXPIRED, "a signature older than five minutes is refused as expired"
    ),
    prior=4,
    sources=(recorded("iam-014, fd-055", "2026-06-01"),),
    prose="""
## What happens
The time in `X-Amz-Date` lies more than five minutes before the gateway's clock. Both times stand
in the text.

## Why it misleads
It begins without any change to the API or the keys, and every signed route fails at once.

## Confirm
Compare the two times in the text; the difference is the clock's error. `date -u` on the caller.

## Fix
Set the caller's clock (NTP), and sign each request when it is sent rather than reuse one.
""",
)

"""The signature is from the future: the caller's clock is ahead."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, recorded
from gatewatch.diagnosis.predictions.bad_signature import bad_signature
from gatewatch.gateway.answers import Answer
from gatewatch.model import Gate, Layer, Owner

CAUSE = Cause(
    id="signature_not_yet_current",
    layer=Layer.AUTH,
    gate=Gate.AUTHENTICATION,
    owner=Owner.CALLER,
    title="The signature is from the future: the caller's clock is ahead",
    prediction=bad_signature(
        Answer.SIGNATURE_NOT_YET_CURRENT,
        "a signature from the future is refused as not yet current",
    ),
    prior=2,
    sources=(recorded("iam-016", "2026-06-01"),),
    prose="""
## What happens
The time in `X-Amz-Date` lies more than five minutes after the gateway's clock.

## Why it misleads
It begins without any change to the API or the keys.

## Confirm
Compare the two times in the text. `date -u` on the caller.

## Fix
Set the caller's clock (NTP).
""",
)

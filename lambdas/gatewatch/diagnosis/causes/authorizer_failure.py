"""The authorizer itself is broken."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, recorded
from gatewatch.diagnosis.predictions.broken_authorizer import BROKEN_AUTHORIZER
from gatewatch.model import Gate, Layer, Owner

CAUSE = Cause(
    id="authorizer_failure",
    layer=Layer.AUTH,
    gate=Gate.AUTHORIZER,
    owner=Owner.API,
    title="The authorizer itself is broken",
    prediction=BROKEN_AUTHORIZER,
    prior=6,
    sources=(recorded("az-004, az-011, ms-069, ms-090, ms-095, ms-099", "2026-09-25"),),
    prose="""
## What happens
The Lambda authorizer crashed, timed out, may not be invoked by the gateway, or returned something
that is no policy; a context value of a wrong type is enough, even on an Allow.

## Why it misleads
It is a 500, so people look at the backend, which was never called.

## Confirm
Read the authorizer's log, and its permission for the gateway:

    aws lambda get-policy --function-name <authorizer_function> --region <region>

## Fix
Mend the function or its permission. A denying authorizer should return a Deny, not raise.
""",
)

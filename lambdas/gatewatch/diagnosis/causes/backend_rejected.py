"""The backend rejected the request."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, recorded
from gatewatch.diagnosis.predictions.plain import plain
from gatewatch.gateway.answers import Answer
from gatewatch.model import Gate, Layer, Owner

CAUSE = Cause(
    id="backend_rejected",
    layer=Layer.BACKEND,
    gate=Gate.BACKEND,
    owner=Owner.API,
    title="The backend rejected the request",
    prediction=plain(
        Answer.BACKEND_REJECTED,
        because="an answer without the gateway's error type came from behind it",
    ),
    prior=6,
    sources=(recorded("ls-014", "2024-04-01"),),
    prose="""
## What happens
The backend answered with a 4xx of its own. A 405 is always the backend's: API Gateway has none.

## Why it misleads
A 400 may be taken for the gateway's validator.

## Confirm
Find the request id in the backend's own log.

## Fix
Send what the backend wants.
""",
)

"""The backend failed."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, recorded
from gatewatch.diagnosis.predictions.plain import plain
from gatewatch.gateway.answers import Answer
from gatewatch.model import Gate, Layer, Owner

CAUSE = Cause(
    id="backend_error",
    layer=Layer.BACKEND,
    gate=Gate.BACKEND,
    owner=Owner.API,
    title="The backend failed",
    prediction=plain(
        Answer.BACKEND_ERROR,
        because="an answer without the gateway's error type came from behind it",
    ),
    prior=4,
    sources=(recorded("iam-011", "2026-06-01"),),
    prose="""
## What happens
The backend answered with a 5xx of its own.

## Why it misleads
It is taken for an outage of the gateway.

## Confirm
Find the request id in the backend's own log.

## Fix
Mend the backend.
""",
)

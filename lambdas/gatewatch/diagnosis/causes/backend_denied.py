"""The backend itself refused the caller."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, recorded
from gatewatch.diagnosis.predictions.plain import plain
from gatewatch.gateway.answers import Answer
from gatewatch.model import Gate, Guard, Layer, Owner

CAUSE = Cause(
    id="backend_denied",
    layer=Layer.BACKEND,
    gate=Gate.BACKEND,
    owner=Owner.API,
    guards=frozenset({Guard.BACKEND}),
    title="The backend itself refused the caller",
    prediction=plain(
        Answer.BACKEND_DENIED,
        because="an answer without the gateway's error type came from behind it",
    ),
    prior=4,
    sources=(recorded("ht-015", "2026-06-01"),),
    prose="""
## What happens
The gateway let the request through, and the backend answered 401 or 403 of its own.

## Why it misleads
A 403 is read as the gateway's. On a REST API, gateway refusals carry `x-amzn-errortype` and the
backend's do not.

## Confirm
Find the request id in the backend's own log.

## Fix
Look at the backend's own access rules.
""",
)

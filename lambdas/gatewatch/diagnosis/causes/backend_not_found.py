"""The backend has no such path."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, recorded
from gatewatch.diagnosis.predictions.plain import plain
from gatewatch.gateway.answers import Answer
from gatewatch.model import Gate, Layer, Owner

CAUSE = Cause(
    id="backend_not_found",
    layer=Layer.BACKEND,
    gate=Gate.BACKEND,
    owner=Owner.API,
    title="The backend has no such path",
    prediction=plain(
        Answer.BACKEND_NOT_FOUND,
        because="an answer without the gateway's error type came from behind it",
    ),
    prior=4,
    sources=(recorded("rt-007", "2026-06-01"),),
    prose="""
## What happens
The gateway matched a route, often a greedy one, and the backend answered 404.

## Why it misleads
It looks like a missing route of the API.

## Confirm
Find the request id in the backend's own log.

## Fix
Correct the path, or the backend's routing.
""",
)

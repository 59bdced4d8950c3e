"""No answer within the deadline."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, inferred
from gatewatch.diagnosis.predictions.plain import plain
from gatewatch.gateway.answers import Answer
from gatewatch.model import Gate, Layer, Owner

CAUSE = Cause(
    id="timeout",
    layer=Layer.NETWORK,
    gate=Gate.NAME,
    owner=Owner.API,
    title="No answer within the deadline",
    prediction=plain(Answer.TIMEOUT, because="the deadline passed before there was a connection"),
    prior=3,
    sources=(inferred("the monitor's own deadline", "2026-11-22"),),
    prose="""
## What happens
The deadline passed while the name was looked up, the connection made, or its TLS agreed on; or
nothing shows in which phase.

## Why it misleads
API Gateway itself ends slow integrations after 29 or 30 seconds; a shorter deadline of ours sees
no status at all.

## Confirm
Look at the phases in the evidence: which of them took the time?

## Fix
Raise `timeout`, or look for what is slow.
""",
)

"""No connection to the host."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, inferred
from gatewatch.diagnosis.predictions.plain import plain
from gatewatch.gateway.answers import Answer
from gatewatch.model import Gate, Layer, Owner

CAUSE = Cause(
    id="connect_failure",
    layer=Layer.NETWORK,
    gate=Gate.NAME,
    owner=Owner.API,
    title="No connection to the host",
    prediction=plain(
        Answer.CONNECT_FAILURE, because="the address refused or ignored the connection"
    ),
    prior=3,
    sources=(inferred("the system's sockets", "2026-11-22"),),
    prose="""
## What happens
The address is known, and no TCP connection came about: refused, filtered, or no route to it.

## Why it misleads
API Gateway's own addresses always accept; a refused connection means another address.

## Confirm

    curl -g -v --connect-timeout 5 <url>

## Fix
Look at the address that the name resolves to, and the way to it.
""",
)

"""The connection was closed without an answer."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, inferred
from gatewatch.diagnosis.predictions.plain import plain
from gatewatch.gateway.answers import Answer
from gatewatch.model import Gate, Layer, Owner

CAUSE = Cause(
    id="connection_reset",
    layer=Layer.NETWORK,
    gate=Gate.NAME,
    owner=Owner.API,
    title="The connection was closed without an answer",
    prediction=plain(Answer.RESET, because="the other side closed before it answered"),
    prior=3.2,
    sources=(inferred("the system's sockets", "2026-11-22"),),
    prose="""
## What happens
The connection was closed or reset before a complete HTTP answer.

## Why it misleads
A firewall, an idle timeout and a crashing server look the same.

## Confirm

    curl -g -v <url>

## Fix
Look at what stands between here and the gateway.
""",
)

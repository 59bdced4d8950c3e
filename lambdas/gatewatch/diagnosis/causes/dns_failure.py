"""The name has no address."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, inferred
from gatewatch.diagnosis.predictions.plain import plain
from gatewatch.gateway.answers import Answer
from gatewatch.model import Gate, Layer, Owner

CAUSE = Cause(
    id="dns_failure",
    layer=Layer.NETWORK,
    gate=Gate.NAME,
    owner=Owner.API,
    title="The name has no address",
    prediction=plain(Answer.DNS_FAILURE, because="the resolver gave no address"),
    prior=3,
    sources=(inferred("the system's resolver", "2026-11-22"),),
    prose="""
## What happens
The host does not resolve: the record is gone, the API was deleted, or the resolver has no way out.

## Why it misleads
A deleted API and a broken resolver look the same from here.

## Confirm

    dig <host>

## Fix
Restore the record, or the resolver.
""",
)

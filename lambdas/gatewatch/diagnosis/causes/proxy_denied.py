"""A proxy on the caller's side refused the request."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, inferred
from gatewatch.diagnosis.predictions.plain import plain
from gatewatch.gateway.answers import Answer
from gatewatch.model import Gate, Layer, Owner

CAUSE = Cause(
    id="proxy_denied",
    layer=Layer.EDGE,
    gate=Gate.CDN,
    owner=Owner.CALLER,
    title="A proxy on the caller's side refused the request",
    prediction=plain(
        Answer.PROXY_REFUSED,
        because="a proxy's refusal carries its own name",
    ),
    prior=2,
    sources=(inferred("the names of common web proxies", "2026-11-22"),),
    prose="""
## What happens
A corporate proxy or web gateway between the caller and the internet answered.

## Why it misleads
Its 403 page comes for the API's URL, and the API never saw the request.

## Confirm
Call from another network, or read `via` and `server` in the evidence:

    curl -g -v <url>

## Fix
Allow the host in the proxy.
""",
)

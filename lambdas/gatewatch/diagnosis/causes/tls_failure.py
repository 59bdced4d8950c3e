"""The TLS handshake failed."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, inferred
from gatewatch.diagnosis.predictions.plain import plain
from gatewatch.gateway.answers import Answer
from gatewatch.model import Gate, Layer, Owner

CAUSE = Cause(
    id="tls_failure",
    layer=Layer.NETWORK,
    gate=Gate.TLS,
    owner=Owner.API,
    title="The TLS handshake failed",
    prediction=plain(Answer.TLS_FAILURE, because="the handshake ended without a session"),
    prior=4,
    sources=(inferred("OpenSSL's own errors", "2026-11-22"),),
    prose="""
## What happens
The server's certificate is expired, of another name or an unknown issuer, or no common protocol
was found.

## Why it misleads
Browsers may still hold an older connection or accept what a strict client does not.

## Confirm

    openssl s_client -connect <host>:443 -servername <host> </dev/null

## Fix
Renew the certificate, or correct the domain that the name leads to.
""",
)

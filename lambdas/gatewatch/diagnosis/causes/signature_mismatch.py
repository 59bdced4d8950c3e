"""The signature does not match what was sent."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, recorded
from gatewatch.diagnosis.predictions.bad_signature import MISMATCH
from gatewatch.model import Gate, Layer, Owner

CAUSE = Cause(
    id="signature_mismatch",
    layer=Layer.AUTH,
    gate=Gate.AUTHENTICATION,
    owner=Owner.CALLER,
    title="The signature does not match what was sent",
    prediction=MISMATCH,
    prior=6,
    sources=(recorded("iam-017, fd-054, ms-033", "2026-09-24"),),
    prose="""
## What happens
The gateway computed another signature: the secret key is wrong, or something between signer and
gateway changed the host, path, query or a signed header.

## Why it misleads
The text names the secret key first, while encoding (a space, `+`, brackets in the query) and
proxies that rewrite the host are as common.

## Confirm
Sign the same request, if its method only reads, with another signer and the same keys:

    curl -g --aws-sigv4 aws:amz:<region>:<service> <url> \\
        --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \\
        -H "x-amz-security-token: $AWS_SESSION_TOKEN"

Where that would write, ask at least whose keys these are:

    aws sts get-caller-identity

## Fix
Sign exactly what is sent, after all rewriting, with the path and query encoded once.
""",
)

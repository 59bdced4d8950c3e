"""The signature is for another region or service."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, recorded
from gatewatch.diagnosis.predictions.bad_signature import bad_signature
from gatewatch.gateway.answers import Answer
from gatewatch.model import Gate, Layer, Owner

CAUSE = Cause(
    id="signature_wrong_scope",
    layer=Layer.AUTH,
    gate=Gate.AUTHENTICATION,
    owner=Owner.CALLER,
    title="The signature is for another region or service",
    prediction=bad_signature(
        Answer.SIGNATURE_WRONG_SCOPE,
        "a signature for another region or service is refused for its scope",
    ),
    prior=3,
    sources=(recorded("index id 57372418973", "2026-06-01"),),
    prose="""
## What happens
The credential scope names another region, or another service than `execute-api`. It is checked
before the key and the signature.

## Why it misleads
Custom domains carry no region in their name, so signers guess one.

## Confirm
Read the scope in the Authorization header:
`Credential=<key>/<date>/<region>/execute-api/aws4_request`.

## Fix
Name the API's region (for an edge-optimised domain: where the API was made) and `execute-api`.
""",
)

"""An IAM route was called with an Authorization header that is no signature."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, recorded
from gatewatch.diagnosis.predictions.iam_guard import NON_SIGV4
from gatewatch.model import Gate, Layer, Owner

CAUSE = Cause(
    id="iam_non_sigv4_authorization",
    layer=Layer.AUTH,
    gate=Gate.AUTHENTICATION,
    owner=Owner.CALLER,
    title="An IAM route was called with an Authorization header that is no signature",
    prediction=NON_SIGV4,
    prior=7,
    sources=(recorded("iam-003", "2026-06-01"),),
    prose="""
## What happens
The route has AWS_IAM authorization, and the Authorization header holds a bearer token, a JWT or
basic credentials. The gateway reads it as a broken signature.

## Why it misleads
The text asks for `Credential`, `Signature` and `SignedHeaders`, or says that the header was
"hashed with SHA-256": that is how the gateway hides what it echoes, not an instruction. A route
that does not exist answers the same.

## Confirm
Call without the header: 401 means that the route has another authorizer; Missing Authentication
Token means IAM or no route. Then sign the call.

## Fix
Sign the request with SigV4, or give the route the authorizer that your token is meant for.
""",
)

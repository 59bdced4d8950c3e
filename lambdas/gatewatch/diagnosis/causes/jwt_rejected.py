"""The JWT authorizer refused the token."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, recorded
from gatewatch.diagnosis.predictions.unauthorized import JWT_REJECTED
from gatewatch.model import Gate, Guard, Layer, Owner

CAUSE = Cause(
    id="jwt_rejected",
    layer=Layer.AUTH,
    gate=Gate.AUTHORIZER,
    owner=Owner.CALLER,
    proves_guard=True,
    guards=frozenset({Guard.JWT}),
    title="The JWT authorizer refused the token",
    prediction=JWT_REJECTED,
    prior=5,
    sources=(recorded("ht-011, ht-013, ms-005, ms-006", "2026-09-24"),),
    prose="""
## What happens
An HTTP API's JWT authorizer could not verify the token: malformed, expired, another issuer or
audience. Its challenge (`www-authenticate`) says which.

## Why it misleads
The body says only Unauthorized; the reason is in a header that most clients do not show.

## Confirm
Read `error_description` in the `www-authenticate` header, and compare with the configuration:

    aws apigatewayv2 get-authorizers --api-id <api_id> --region <region> \\
        --query 'Items[].[Name,JwtConfiguration]'

## Fix
Send a token of the configured issuer and audience.
""",
)

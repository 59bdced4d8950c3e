"""The token lacks the scope that the route wants."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, recorded
from gatewatch.diagnosis.predictions.unauthorized import JWT_SCOPE
from gatewatch.model import Gate, Guard, Layer, Owner

CAUSE = Cause(
    id="jwt_scope_insufficient",
    layer=Layer.AUTH,
    gate=Gate.AUTHORIZER,
    owner=Owner.CALLER,
    guards=frozenset({Guard.JWT}),
    title="The token lacks the scope that the route wants",
    prediction=JWT_SCOPE,
    prior=3,
    sources=(recorded("ht-014, ms-008", "2026-09-24"),),
    prose="""
## What happens
The JWT authorizer verified the token; none of its scopes is one that the route asks for.

## Why it misleads
The body says only Forbidden, as a denying Lambda authorizer does.

## Confirm
The `www-authenticate` header names the wanted scope; the token's `scope` claim is what it has.

## Fix
Ask for the scope when fetching the token.
""",
)

"""The Cognito authorizer refused the token."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, recorded
from gatewatch.diagnosis.predictions.unauthorized import COGNITO_REJECTED
from gatewatch.model import Gate, Guard, Layer, Owner

CAUSE = Cause(
    id="cognito_token_rejected",
    layer=Layer.AUTH,
    gate=Gate.AUTHORIZER,
    owner=Owner.CALLER,
    proves_guard=True,
    guards=frozenset({Guard.COGNITO}),
    title="The Cognito authorizer refused the token",
    prediction=COGNITO_REJECTED,
    prior=6,
    sources=(recorded("az-008, az-009, ms-020, ms-022, ms-023", "2026-09-24"),),
    prose="""
## What happens
The token is expired, of another user pool, or of the wrong kind: a method without scopes takes ID
tokens only, a method with scopes access tokens only.

## Why it misleads
Only an expired token gets a text of its own. A good token of the wrong kind answers like none at
all.

## Confirm
Read the token's claims `token_use`, `iss`, `exp` and `scope` (they are not encrypted), and the
method's scopes:

    aws apigateway get-method --rest-api-id <api_id> --resource-id <resource_id> \\
        --http-method <method> --region <region> --query authorizationScopes

## Fix
Send the kind of token that the method wants, fresh, from the right pool.
""",
)

"""The Cognito authorizer got no token."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, recorded
from gatewatch.diagnosis.predictions.unauthorized import COGNITO_MISSING
from gatewatch.model import Gate, Guard, Layer, Owner

CAUSE = Cause(
    id="cognito_token_missing",
    layer=Layer.AUTH,
    gate=Gate.AUTHORIZER,
    owner=Owner.CALLER,
    proves_guard=True,
    guards=frozenset({Guard.COGNITO}),
    title="The Cognito authorizer got no token",
    prediction=COGNITO_MISSING,
    prior=5,
    sources=(recorded("az-006, ms-019", "2026-09-24"),),
    prose="""
## What happens
The route has a Cognito user pool authorizer, and its token header is absent.

## Why it misleads
It is the same 401 that a refused token gets.

## Confirm

    aws apigateway get-authorizers --rest-api-id <api_id> --region <region> \\
        --query 'items[].[name,type,identitySource]'

## Fix
Send the token in the header that the authorizer names.
""",
)

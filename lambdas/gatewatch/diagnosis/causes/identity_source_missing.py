"""The authorizer's identity source was not sent."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, recorded
from gatewatch.diagnosis.predictions.unauthorized import IDENTITY_MISSING
from gatewatch.model import Gate, Guard, Layer, Owner

CAUSE = Cause(
    id="identity_source_missing",
    layer=Layer.AUTH,
    gate=Gate.AUTHORIZER,
    owner=Owner.CALLER,
    proves_guard=True,
    guards=frozenset({Guard.LAMBDA, Guard.JWT}),
    title="The authorizer's identity source was not sent",
    prediction=IDENTITY_MISSING,
    prior=9,
    sources=(recorded("az-001, az-006, az-013, ms-048, ms-098, ms-100", "2026-09-25"),),
    prose="""
## What happens
The header, query parameter or context value that the authorizer takes its identity from is absent
(on a REST API: or empty). The authorizer is not called, and no log of it has a line.

## Why it misleads
A token in another header than the configured one looks like a rejected token.

## Confirm

    aws apigateway get-authorizers --rest-api-id <api_id> --region <region> \\
        --query 'items[].[name,identitySource,identityValidationExpression]'

On an HTTP API:

    aws apigatewayv2 get-authorizers --api-id <api_id> --region <region> \\
        --query 'Items[].[Name,AuthorizerType,IdentitySource]'

## Fix
Send the identity where the deployed authorizer looks for it. A changed authorizer needs a
deployment.
""",
)

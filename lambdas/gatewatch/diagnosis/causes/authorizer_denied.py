"""The Lambda authorizer refused the caller."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, recorded
from gatewatch.diagnosis.predictions.authorizer_denial import DENIED, DENIED_TO_ANYBODY
from gatewatch.model import Gate, Guard, Layer, Owner

CAUSE = Cause(
    id="authorizer_denied",
    layer=Layer.AUTH,
    gate=Gate.AUTHORIZER,
    owner=Owner.API,
    proves_guard=True,
    guards=frozenset({Guard.LAMBDA}),
    title="The Lambda authorizer refused the caller",
    prediction=DENIED,
    alternative=DENIED_TO_ANYBODY,
    prior=12,
    sources=(recorded("az-002, az-005, ms-062, ms-088, ms-103", "2026-09-25"),),
    prose="""
## What happens
The authorizer ran and returned a Deny, or a policy that does not cover this method. An HTTP API
says only Forbidden.

## Why it misleads
The newer text speaks of an "identity-based policy", though no IAM policy is meant: it is the one
that the authorizer returned.

## Confirm
Read the authorizer's log for the request id of the answer, and call it with the same token:

    aws apigateway test-invoke-authorizer --rest-api-id <api_id> --authorizer-id <authorizer_id> \\
        --headers Authorization=<token> --region <region>

On an HTTP API, which cannot test an authorizer, find its function:

    aws apigatewayv2 get-authorizers --api-id <api_id> --region <region> \\
        --query 'Items[].[Name,AuthorizerUri,IdentitySource]'

## Fix
Let the authorizer allow this caller, for all methods that its answer is cached for.
""",
)

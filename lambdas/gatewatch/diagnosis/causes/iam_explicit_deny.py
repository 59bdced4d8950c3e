"""A policy of the caller denies the call explicitly."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, recorded
from gatewatch.diagnosis.predictions.iam_denial import EXPLICIT_DENY
from gatewatch.model import Gate, Guard, Layer, Owner

CAUSE = Cause(
    id="iam_explicit_deny",
    layer=Layer.AUTH,
    gate=Gate.AUTHORIZER,
    owner=Owner.API,
    guards=frozenset({Guard.IAM}),
    title="A policy of the caller denies the call explicitly",
    prediction=EXPLICIT_DENY,
    prior=3,
    sources=(recorded("iam-013, ms-106", "2026-09-24"),),
    prose="""
## What happens
The signature is good, and an identity policy, permission boundary, session policy or organisation
policy says Deny for this method.

## Why it misleads
Older texts do not say which kind of policy refused.

## Confirm
The text's ARN says which stage, method and path the gateway matched. Ask IAM about exactly that:

    aws iam simulate-principal-policy --policy-source-arn <caller_arn> \\
        --action-names execute-api:Invoke --resource-arns <method_arn>

## Fix
Take the Deny out, or use another identity. An allow elsewhere does not help against a Deny.
""",
)

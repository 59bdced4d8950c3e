"""No policy of the caller allows the call."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, recorded
from gatewatch.diagnosis.predictions.iam_denial import IMPLICIT_DENY
from gatewatch.model import Gate, Guard, Layer, Owner

CAUSE = Cause(
    id="iam_implicit_deny",
    layer=Layer.AUTH,
    gate=Gate.AUTHORIZER,
    owner=Owner.API,
    guards=frozenset({Guard.IAM}),
    title="No policy of the caller allows the call",
    prediction=IMPLICIT_DENY,
    prior=6,
    sources=(recorded("iam-013, ms-107, ht-016", "2026-09-24"),),
    prose="""
## What happens
The signature is good, and nothing grants `execute-api:Invoke` on this method to the caller.

## Why it misleads
A signer without permission is denied on a path that does not exist, too: the text quotes the
mistyped path, and that does not prove it exists. An HTTP API says only Forbidden.

## Confirm
The text's ARN says which stage, method and path the gateway matched. Ask IAM about exactly that:

    aws iam simulate-principal-policy --policy-source-arn <caller_arn> \\
        --action-names execute-api:Invoke --resource-arns <method_arn>

## Fix
Grant `execute-api:Invoke` on the method:

    arn:aws:execute-api:<region>:<account>:<api_id>/<stage>/<method><path>
""",
)

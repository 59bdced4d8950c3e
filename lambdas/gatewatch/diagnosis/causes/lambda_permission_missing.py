"""The gateway may not invoke the function."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, recorded
from gatewatch.diagnosis.predictions.integration_failure import CANNOT_INVOKE
from gatewatch.model import Gate, Layer, Owner

CAUSE = Cause(
    id="lambda_permission_missing",
    layer=Layer.INTEGRATION,
    gate=Gate.INTEGRATION,
    owner=Owner.API,
    title="The gateway may not invoke the function",
    prediction=CANNOT_INVOKE,
    prior=8,
    sources=(recorded("in-003, iam-008, fd-122, ht-005", "2026-06-01"),),
    prose="""
## What happens
The function's resource policy has no statement that lets this API, stage, method and path invoke
it. It is often lost when a function, alias or permission is made anew.

## Why it misleads
The function works, its log is empty, and the answer is a 500 like a crash.

## Confirm

    aws lambda get-policy --function-name <function> --region <region>

## Fix

    aws lambda add-permission --function-name <function> --region <region> \\
        --statement-id apigateway --action lambda:InvokeFunction \\
        --principal apigateway.amazonaws.com \\
        --source-arn arn:aws:execute-api:<region>:<account>:<api_id>/\\*/<method><path>
""",
)

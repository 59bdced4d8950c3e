"""The function URL lacks one of its two permissions."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, documented, recorded
from gatewatch.diagnosis.predictions.function_url import PERMISSION_MISSING
from gatewatch.model import Gate, Layer, Owner

CAUSE = Cause(
    id="function_url_permission_missing",
    layer=Layer.AUTH,
    gate=Gate.AUTHORIZER,
    owner=Owner.API,
    title="The function URL lacks one of its two permissions",
    prediction=PERMISSION_MISSING,
    prior=7,
    sources=(
        recorded("fu-007, fu-009, ls-024, fd-107, fd-134", "2026-06-01"),
        documented("https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html", "2026-11-22"),
    ),
    prose="""
## What happens
Since October 2025 a function URL needs two grants in the function's policy,
`lambda:InvokeFunctionUrl` and `lambda:InvokeFunction`. With one of them missing, everybody is
refused, also on a URL with auth type NONE. Older URLs kept working for a time.

## Why it misleads
The policy looks right by older articles, and another environment with an older URL works. It gets
blamed on account-wide blocks.

## Confirm

    aws lambda get-policy --function-name <function> --region <region>

## Fix
Give both grants to those who may call: everybody (`'*'`) only where the auth type is NONE, else an
account or role.

    aws lambda add-permission --function-name <function> --region <region> \\
        --statement-id url --action lambda:InvokeFunctionUrl --principal <principal> \\
        --function-url-auth-type <auth_type>
    aws lambda add-permission --function-name <function> --region <region> \\
        --statement-id url-invoke --action lambda:InvokeFunction --principal <principal> \\
        --invoked-via-function-url
""",
)

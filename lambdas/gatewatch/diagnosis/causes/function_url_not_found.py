"""There is no such function URL."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, recorded
from gatewatch.diagnosis.predictions.function_url import NOT_FOUND
from gatewatch.model import Gate, Layer, Owner

CAUSE = Cause(
    id="function_url_not_found",
    layer=Layer.ROUTING,
    gate=Gate.HOST,
    owner=Owner.API,
    title="There is no such function URL",
    prediction=NOT_FOUND,
    prior=3,
    sources=(recorded("ls-027, fu-006", "2026-06-01"),),
    prose="""
## What happens
The function URL was deleted, or the id in the host is wrong. The answer is a 403 with a null
message.

## Why it misleads
It is an AccessDeniedException, so permissions are suspected.

## Confirm

    aws lambda get-function-url-config --function-name <function> --region <region>

## Fix
Call the URL that the function has now.
""",
)

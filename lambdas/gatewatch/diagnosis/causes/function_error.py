"""The function raised an error."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, recorded
from gatewatch.diagnosis.predictions.integration_failure import RAISED
from gatewatch.model import Gate, Layer, Owner

CAUSE = Cause(
    id="function_error",
    layer=Layer.INTEGRATION,
    gate=Gate.INTEGRATION,
    owner=Owner.API,
    title="The function raised an error",
    prediction=RAISED,
    prior=7,
    sources=(recorded("in-005, ht-003", "2026-06-01"),),
    prose="""
## What happens
The function raised, ran out of memory or timed out by itself.

## Why it misleads
The answer is the same as for an answer of the wrong form.

## Confirm

    aws logs tail /aws/lambda/<function> --since 15m --filter-pattern ERROR --region <region>

## Fix
Mend the function.
""",
)

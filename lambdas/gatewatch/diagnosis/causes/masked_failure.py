"""A success that carries a failure."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, recorded
from gatewatch.diagnosis.predictions.plain import surmised
from gatewatch.gateway.answers import Answer
from gatewatch.model import Gate, Layer, Owner

CAUSE = Cause(
    id="masked_failure",
    layer=Layer.BACKEND,
    gate=Gate.BACKEND,
    owner=Owner.API,
    title="A success that carries a failure",
    prediction=surmised(
        Answer.INNER_FAILURE,
        because="a body that reports a failure came under a status of success",
    ),
    prior=3,
    sources=(recorded("ls-015, in-008", "2024-04-01"),),
    prose="""
## What happens
The status says success, the body says failure: a non-proxy integration without a matching
integration response, an inner API's refusal, or a GraphQL error.

## Why it misleads
Every check on the status is green.

## Confirm
Read the body; state an expectation on it (`expect: {json: …}`).

## Fix
Map the backend's failures to statuses in the integration responses.
""",
)

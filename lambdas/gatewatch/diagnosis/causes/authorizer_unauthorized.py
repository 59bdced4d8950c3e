"""The Lambda authorizer answered Unauthorized."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, recorded
from gatewatch.diagnosis.predictions.unauthorized import THROWN_UNAUTHORIZED
from gatewatch.model import Gate, Guard, Layer, Owner

CAUSE = Cause(
    id="authorizer_unauthorized",
    layer=Layer.AUTH,
    gate=Gate.AUTHORIZER,
    owner=Owner.API,
    proves_guard=True,
    guards=frozenset({Guard.LAMBDA}),
    title="The Lambda authorizer answered Unauthorized",
    prediction=THROWN_UNAUTHORIZED,
    prior=4,
    sources=(recorded("az-008, ms-066, ms-094, ms-096", "2026-09-25"),),
    prose="""
## What happens
The authorizer threw, or returned, "Unauthorized": most do so for a token that they cannot verify.
A token that fails the authorizer's validation expression answers the same without a call.

## Why it misleads
It is the same 401 that a missing token gets.

## Confirm
Read the authorizer's log for the time of the call: a line means it ran.

## Fix
Send a token that it accepts; or mend the authorizer if the token is good.
""",
)

"""The gateway does not accept this API key."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, recorded
from gatewatch.diagnosis.predictions.api_key import KEY_REFUSED
from gatewatch.model import Gate, Guard, Layer, Owner

CAUSE = Cause(
    id="api_key_invalid",
    layer=Layer.AUTH,
    gate=Gate.API_KEY,
    owner=Owner.CALLER,
    proves_guard=True,
    guards=frozenset({Guard.API_KEY}),
    title="The gateway does not accept this API key",
    prediction=KEY_REFUSED,
    prior=10,
    sources=(recorded("key-006, fd-016, fd-087", "2026-06-01"),),
    prose="""
## What happens
The key is unknown, disabled, deleted or rotated.

## Why it misleads
It answers the same Forbidden as a call without a key. The text "Invalid API Key identifier
specified" that articles quote belongs to the control plane and is never seen by a caller.

## Confirm
Find the key by its id, not its value:

    aws apigateway get-api-keys --region <region> --query 'items[].[id,name,enabled]'

## Fix
Give the caller the current key, or enable it.
""",
)

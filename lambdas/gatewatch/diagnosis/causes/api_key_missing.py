"""The route requires an API key and got none."""

from __future__ import annotations

from gatewatch.diagnosis.cause import Cause, recorded
from gatewatch.diagnosis.predictions.api_key import KEY_MISSING
from gatewatch.model import Gate, Guard, Layer, Owner

CAUSE = Cause(
    id="api_key_missing",
    layer=Layer.AUTH,
    gate=Gate.API_KEY,
    owner=Owner.CALLER,
    proves_guard=True,
    guards=frozenset({Guard.API_KEY}),
    title="The route requires an API key and got none",
    prediction=KEY_MISSING,
    prior=13,
    sources=(recorded("key-001, key-008, fd-129", "2026-06-01"),),
    prose="""
## What happens
The method has `apiKeyRequired`, and the request has no `x-api-key` header.

## Why it misleads
Forbidden names no reason; a missing stage, an unmapped domain and a WAF rule say the same.

## Confirm
Call a path that cannot exist under the same stage: Missing Authentication Token means that the
entrance is fine, and that it is the key or a WAF rule. Then send a key that works elsewhere.

## Fix
Send the key in `x-api-key`.
""",
)

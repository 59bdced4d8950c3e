"""API keys: known, enabled, and in a plan that has this stage. All failures look the same."""

from __future__ import annotations

from gatewatch.sandbox.answers import rest
from gatewatch.sandbox.answers.base import Answer
from gatewatch.sandbox.call import Call


def require_key(call: Call) -> Answer | None:
    if not call.rule.api_key_required:
        return None
    from_authorizer = call.stage.served.keys_from_authorizer
    key = call.usage_key if from_authorizer else call.headers.get("x-api-key")
    call.usage_key = key
    plan = call.world.usage.plan_of(key or "", call.api.id, call.stage_name)
    return rest.KEY_REFUSED if plan is None else None

"""Quota and rate of the key's usage plan, then the rate of the stage."""

from __future__ import annotations

from gatewatch.sandbox.answers import http, rest
from gatewatch.sandbox.answers.base import Answer
from gatewatch.sandbox.call import Call


def meter(call: Call) -> Answer | None:
    refusal = _by_plan(call) if call.rule.api_key_required else None
    if refusal is not None:
        return refusal
    rate = call.stage.rate
    name = f"{call.api.id}/{call.stage_name}"
    if rate is None or call.memory.takes_from_bucket(name, rate, call.now):
        return None
    return http.TOO_MANY_REQUESTS if call.is_http else rest.TOO_MANY_REQUESTS


def _by_plan(call: Call) -> Answer | None:
    key = call.usage_key or ""
    usage = call.world.usage
    name = usage.plan_of(key, call.api.id, call.stage_name)
    if name is None:
        return None
    plan = usage.plans[name]
    if plan.quota and not call.memory.takes_from_quota(name, key, plan.quota, call.now):
        return rest.QUOTA_EXCEEDED
    if plan.rate and not call.memory.takes_from_bucket(f"{name}/{key}", plan.rate, call.now):
        return rest.TOO_MANY_REQUESTS
    return None

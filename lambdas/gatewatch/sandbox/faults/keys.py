"""API keys, usage plans, rates, and what a request must bring along."""

from __future__ import annotations

from dataclasses import replace

from gatewatch.sandbox.api import Api, Method
from gatewatch.sandbox.faults.base import (
    CATALOG,
    HEALTH,
    HTTP,
    ORDERS,
    PARTNERS,
    Fault,
    Look,
    by_name,
    deployed,
    http_api,
    method,
    plans,
    rest_api,
    stages,
)
from gatewatch.sandbox.orders import NEW_API_KEY
from gatewatch.sandbox.plans import Quota, Rate, Usage, UsagePlan
from gatewatch.sandbox.world import World

_NOTHING = Rate(per_second=0, burst=0)


def _rotate(world: World) -> World:
    keys = frozenset({NEW_API_KEY})
    moved = {name: replace(plan, keys=keys) for name, plan in world.usage.plans.items()}
    return replace(world, usage=Usage({NEW_API_KEY: True}, moved))


def _disable(world: World) -> World:
    keys = dict.fromkeys(world.usage.keys, False)
    return replace(world, usage=replace(world.usage, keys=keys))


def _outside(plan: UsagePlan) -> UsagePlan:
    return replace(plan, stages=frozenset())


def _used_up(plan: UsagePlan) -> UsagePlan:
    return replace(plan, quota=Quota(limit=1000, offset=1000))


def _with_key(rule: Method) -> Method:
    return replace(rule, api_key_required=True)


def _keys_from_authorizer(api: Api) -> Api:
    keyed = deployed(lambda one: one.defined(lambda d: replace(d, keys_from_authorizer=True)))
    return keyed(method("/orders", _with_key)(api))


FAULTS = by_name(
    Fault(
        "key_rotated",
        "the partner's API key is rotated, and nobody tells us",
        "api_key_invalid",
        PARTNERS,
        _rotate,
    ),
    Fault(
        "key_disabled",
        "the partner's API key is disabled",
        "api_key_invalid",
        PARTNERS,
        _disable,
    ),
    Fault(
        "key_demanded",
        "GET /catalog demands an API key",
        "api_key_missing",
        CATALOG,
        rest_api(method("/catalog", _with_key)),
    ),
    Fault(
        "stage_left_plan",
        "the stage is taken out of the partner's usage plan",
        "api_key_not_in_usage_plan",
        PARTNERS,
        plans(_outside),
    ),
    Fault(
        "usage_key_not_set",
        "the API takes keys from its authorizer, which hands none on",
        "usage_key_not_set",
        ORDERS,
        rest_api(_keys_from_authorizer),
    ),
    Fault(
        "quota_used_up",
        "the partner's plan has used up its quota",
        "quota_exceeded",
        PARTNERS,
        plans(_used_up),
    ),
    Fault(
        "plan_rate_lowered",
        "the rate of the partner's plan is lowered to nothing",
        "rate_throttled",
        PARTNERS,
        plans(lambda plan: replace(plan, rate=_NOTHING)),
    ),
    Fault(
        "stage_rate_lowered",
        "the stage's rate is lowered to nothing",
        "rate_throttled",
        HEALTH,
        rest_api(stages(lambda stage: replace(stage, rate=_NOTHING))),
    ),
    Fault(
        "http_rate_lowered",
        "the HTTP API's rate is lowered to nothing",
        "rate_throttled",
        Look(f"{HTTP}/health"),
        http_api(stages(lambda stage: replace(stage, rate=_NOTHING))),
    ),
    Fault(
        "header_demanded",
        "GET /catalog demands a header that callers do not send",
        "request_invalid",
        CATALOG,
        rest_api(method("/catalog", lambda rule: replace(rule, required=("header.x-tenant",)))),
    ),
)

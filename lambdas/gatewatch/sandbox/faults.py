"""What can go wrong: each fault is a change to the sandbox's configuration, as people make it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from gatewatch.sandbox.api import (
    Accepted,
    Authorization,
    AuthorizerMood,
    IntegrationMood,
    Method,
    RestApi,
    World,
)
from gatewatch.sandbox.orders import API_ID, NEW_API_KEY, STAGE


@dataclass(frozen=True, slots=True)
class Fault:
    """`told` says what somebody did, in their words."""

    name: str
    told: str
    apply: Callable[[World], World]


def _api(change: Callable[[RestApi], RestApi]) -> Callable[[World], World]:
    return lambda world: world.having(change(world.apis[API_ID]))


def _rename_stage(api: RestApi) -> RestApi:
    stages = {("v2" if name == STAGE else name): served for name, served in api.stages.items()}
    return replace(api, stages=stages)


def _rotate_key(api: RestApi) -> RestApi:
    accepted: Accepted = replace(api.accepted, api_keys=frozenset({NEW_API_KEY}))
    return replace(api, accepted=accepted)


def _open_route(api: RestApi) -> RestApi:
    opened = api.with_method("/reports", "GET", Method(Authorization.NONE))
    return opened.deployed(STAGE)


FAULTS: Mapping[str, Fault] = {
    fault.name: fault
    for fault in (
        Fault(
            "route_deleted",
            "a deployment goes out without GET /orders/{id}",
            _api(lambda api: api.without("/orders/{id}", "GET").deployed(STAGE)),
        ),
        Fault("stage_renamed", "the stage prod is renamed to v2", _api(_rename_stage)),
        Fault(
            "authorizer_denies",
            "a new version of the authorizer denies everybody",
            _api(lambda api: replace(api, authorizer=AuthorizerMood.DENIES_EVERYBODY)),
        ),
        Fault(
            "authorizer_broken",
            "a new version of the authorizer crashes",
            _api(lambda api: replace(api, authorizer=AuthorizerMood.CRASHES)),
        ),
        Fault(
            "key_rotated",
            "the partner's API key is rotated, and nobody tells us",
            _api(_rotate_key),
        ),
        Fault("route_opened", "GET /reports loses its IAM authorization", _api(_open_route)),
        Fault(
            "policy_denies",
            "a resource policy denies everybody",
            _api(lambda api: replace(api, denied_by_policy=True)),
        ),
        Fault(
            "permission_missing",
            "the gateway loses its permission to invoke the function",
            _api(lambda api: replace(api, integration=IntegrationMood.NOT_PERMITTED)),
        ),
        Fault(
            "function_raises",
            "the function behind the routes raises an error",
            _api(lambda api: replace(api, integration=IntegrationMood.RAISES)),
        ),
    )
}

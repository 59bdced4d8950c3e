"""What a fault is: a change that somebody makes, and the call that shows it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from gatewatch.sandbox.api import Api, Authorization, Definition, Method, Stage
from gatewatch.sandbox.authorizers import LambdaAuthorizer
from gatewatch.sandbox.entrances import Behaviour, Distribution
from gatewatch.sandbox.integrations import Integration
from gatewatch.sandbox.orders import (
    API_ID,
    BASE_PATH,
    CDN,
    CDN_HOST,
    DOMAIN,
    HTTP_API_ID,
    REGION,
    STAGE,
)
from gatewatch.sandbox.plans import UsagePlan
from gatewatch.sandbox.world import World

Change = Callable[[World], World]
ApiChange = Callable[[Api], Api]


class Caller(StrEnum):
    """The sandbox's credentials, as its configurations name them."""

    NOBODY = ""
    USER = "user"
    MEMBER = "member"
    PARTNER = "partner-key"
    SERVICE = "service"
    SHOPPER = "shopper"
    CERTIFICATE = "certificate"


@dataclass(frozen=True, slots=True)
class Look:
    """A call that worked before the fault, and shows it now."""

    url: str
    caller: Caller = Caller.NOBODY
    method: str = "GET"


@dataclass(frozen=True, slots=True)
class Fault:
    """`told` says what somebody did, in their words; to undo it is to restore the world.

    `cause` is the true cause of what `look` gets, an id of the catalogue, or `ok` where a call is
    let in that should not be. `after` is a call that somebody else makes first.
    """

    name: str
    told: str
    cause: str
    look: Look
    apply: Change
    after: Look | None = None


REST = f"https://{API_ID}.execute-api.{REGION}.amazonaws.com/{STAGE}"
HTTP = f"https://{HTTP_API_ID}.execute-api.{REGION}.amazonaws.com"
BY_DOMAIN = f"https://{DOMAIN}/{BASE_PATH}"
BY_CDN = f"https://{CDN}"

HEALTH = Look(f"{REST}/health")
ORDERS = Look(f"{REST}/orders", Caller.USER)
ORDER = Look(f"{REST}/orders/42", Caller.USER)
PROFILE = Look(f"{REST}/profile", Caller.MEMBER)
PARTNERS = Look(f"{REST}/partners", Caller.PARTNER)
REPORTS = Look(f"{REST}/reports", Caller.SERVICE)
CATALOG = Look(f"{REST}/catalog")


def rest_api(change: ApiChange) -> Change:
    return lambda world: world.having(change(world.apis[API_ID]))


def http_api(change: ApiChange) -> Change:
    return lambda world: world.having(change(world.apis[HTTP_API_ID]))


def deployed(change: ApiChange) -> ApiChange:
    """A change of the definition that goes out to every stage."""

    def apply(api: Api) -> Api:
        changed = change(api)
        for stage in api.stages:
            changed = changed.deployed(stage)
        return changed

    return apply


def definition(change: Callable[[Definition], Definition]) -> ApiChange:
    return deployed(lambda api: api.defined(change))


def method(path: str, change: Callable[[Method], Method], verb: str = "GET") -> ApiChange:
    def apply(api: Api) -> Api:
        rule = api.definition.resources[path][verb]
        return api.with_method(path, verb, change(rule))

    return deployed(apply)


def stages(change: Callable[[Stage], Stage]) -> ApiChange:
    """A change of every stage that takes effect without a deployment."""
    return lambda api: replace(
        api, stages={name: change(stage) for name, stage in api.stages.items()}
    )


def users(change: Callable[[LambdaAuthorizer], LambdaAuthorizer]) -> ApiChange:
    """A change of the Lambda authorizer."""

    def apply(api: Api) -> Api:
        before = api.definition.authorizers[Authorization.LAMBDA]
        if not isinstance(before, LambdaAuthorizer):
            raise TypeError("the API has no Lambda authorizer")
        return api.with_authorizer(Authorization.LAMBDA, change(before))

    return deployed(apply)


def integration(name: str, change: Callable[[Integration], Integration]) -> ApiChange:
    return lambda api: api.with_integration(name, change(api.integrations[name]))


def plans(change: Callable[[UsagePlan], UsagePlan]) -> Change:
    def apply(world: World) -> World:
        changed = {name: change(plan) for name, plan in world.usage.plans.items()}
        return replace(world, usage=replace(world.usage, plans=changed))

    return apply


def distribution(change: Callable[[Distribution], Distribution]) -> Change:
    return lambda world: world.with_distribution(CDN_HOST, change(world.distributions[CDN_HOST]))


def behaviour(change: Callable[[Behaviour], Behaviour]) -> Change:
    return distribution(
        lambda one: replace(one, behaviours=tuple(change(each) for each in one.behaviours))
    )


def by_name(*faults: Fault) -> Mapping[str, Fault]:
    return {fault.name: fault for fault in faults}

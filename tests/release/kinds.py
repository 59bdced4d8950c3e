"""What a release may do to an API: good and bad ones, by what somebody deployed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

from gatewatch.release.decide import Decision
from gatewatch.sandbox.answers.base import GatewayResponse
from gatewatch.sandbox.api import Api, Authorization, Custom, Method
from gatewatch.sandbox.faults import FAULTS
from gatewatch.sandbox.faults.base import (
    HTTP,
    REST,
    Change,
    definition,
    deployed,
    method,
    rest_api,
)
from gatewatch.sandbox.world import World

ROUTES = {
    REST: (
        "GET /health: public",
        "GET /catalog: public",
        "GET /orders: {access: protected, guarded_by: lambda, as: [user]}",
        "GET /orders/{id}: {access: protected, guarded_by: lambda, as: [user], path: {id: 42}}",
        "POST /orders: {access: protected, guarded_by: lambda}",
        "GET /profile: {access: protected, guarded_by: cognito, as: [member]}",
        "GET /partners: {access: protected, guarded_by: api_key, as: [partner-key]}",
        "GET /reports: {access: protected, guarded_by: iam, as: [service]}",
    ),
    HTTP: (
        "GET /health: public",
        "GET /carts: {access: protected, guarded_by: jwt, as: [shopper]}",
        "GET /tickets: {access: protected, guarded_by: lambda, as: [user]}",
        "GET /ledger: {access: protected, guarded_by: iam, as: [service]}",
    ),
}
RETURNS = "GET /returns: public"
"""Configured where a release brings it."""


def _as_it_was(world: World) -> World:
    return world


@dataclass(frozen=True)
class Kind:
    """`strikes`: the routes of which each run has at least one, by how their lines begin. `before`
    and `after` make worlds of the healthy one; `between`: what holds for `seconds` until `after`
    does. `expected`: what a release of this kind deserves. `needs_baseline`: without one, what is
    older cannot be told from what is new.
    """

    name: str
    told: str
    strikes: tuple[str, ...] = ()
    expected: Decision = Decision.PASSED
    after: Change = _as_it_was
    before: Change = _as_it_was
    between: Change | None = None
    seconds: float = 6.0
    needs_baseline: bool = False
    brings: tuple[str, ...] = ()
    url: str = REST

    @property
    def masks_others(self) -> bool:
        """Whether an older failure beside it would show otherwise before the release, or after."""
        return self.needs_baseline or self.before is not _as_it_was or not self.strikes


_good = partial(Kind, expected=Decision.PASSED)
_bad = partial(Kind, expected=Decision.STOPPED)


def _of_fault(name: str, *strikes: str, expected: Decision = Decision.STOPPED) -> Kind:
    fault = FAULTS[name]
    url = HTTP if name.startswith("http_") else REST
    return Kind(name, fault.told, strikes, expected, fault.apply, url=url)


def _words(world: World) -> World:
    said = {
        one: Custom(403, f'{{"code":"{one.lower()}"}}')
        for one in (
            GatewayResponse.MISSING_AUTHENTICATION_TOKEN,
            GatewayResponse.ACCESS_DENIED,
        )
    }
    return rest_api(definition(lambda one: replace(one, gateway_responses=said)))(world)


def _open(path: str) -> Change:
    return rest_api(method(path, lambda _: Method(Authorization.NONE)))


def _with_returns(api: Api) -> Api:
    return api.with_method("/returns", "GET", Method())


_HEALTH, _CATALOG, _ORDERS, _ORDER = "GET /health", "GET /catalog", "GET /orders:", "GET /orders/{"
_PROFILE, _PARTNERS, _REPORTS, _POST = (
    "GET /profile",
    "GET /partners",
    "GET /reports",
    "POST /orders",
)
_BY_USERS = (_ORDERS, _ORDER)
_BY_FUNCTION = (_HEALTH, *_BY_USERS, _PROFILE, _PARTNERS, _REPORTS)


def _good_ones() -> Iterator[Kind]:
    yield _good("nothing_visible", "nothing that a caller sees changes")
    yield _good("other_words", "the gateway refuses in other words", after=_words)
    yield _good(
        "route_added",
        "GET /returns is new, and is in the configuration already",
        (RETURNS,),
        after=rest_api(deployed(_with_returns)),
        brings=(RETURNS,),
    )
    yield _good(
        "permission_recreated",
        "for 6 s, the function may not be invoked",
        _BY_FUNCTION,
        between=FAULTS["permission_missing"].apply,
    )
    for name, strikes in _MENDED.items():
        fault = FAULTS[name]
        yield _good(f"mends_{name}", f"undone: {fault.told}", strikes, before=fault.apply)
    yield _good(
        "closes_orders", "GET /orders was open, and is guarded", (_ORDERS,), before=_open("/orders")
    )
    for name, strikes in _OLDER.items():
        fault = FAULTS[name]
        yield _good(
            f"older_{name}",
            f"as before: {fault.told}",
            strikes,
            before=fault.apply,
            after=lambda world, apply=fault.apply: _words(apply(world)),
            needs_baseline=True,
        )


_MENDED = {
    "stage_left_plan": (_PARTNERS,),
    "authorizer_broken": _BY_USERS,
    "stage_renamed": (_HEALTH,),
    "policy_denies": (_HEALTH,),
    "waf_blocks_bots": (_HEALTH,),
    "route_deleted": (_ORDER,),
}
_OLDER = {
    "key_rotated": (_PARTNERS,),
    "route_deleted": (_ORDER,),
    "authorizer_denies": _BY_USERS,
    "backend_unreachable": (_CATALOG,),
}


def _bad_ones() -> Iterator[Kind]:
    yield _bad(
        "returns_not_deployed",
        "GET /returns is configured, and nobody deploys it",
        (RETURNS,),
        after=rest_api(_with_returns),
        brings=(RETURNS,),
    )
    yield _bad(
        "opens_orders", "GET /orders is left without a guard", (_ORDERS,), after=_open("/orders")
    )
    yield _bad(
        "opens_a_write",
        "POST /orders is left without a guard",
        (_POST,),
        after=rest_api(method("/orders", lambda _: Method(Authorization.NONE), "POST")),
    )
    yield _bad(
        "one_broken_for_another",
        "GET /partners worked no more; now it is gone altogether",
        (_PARTNERS,),
        before=FAULTS["key_rotated"].apply,
        after=rest_api(deployed(lambda api: api.without("/partners", "GET"))),
    )
    for name, strikes in _BROKEN.items():
        yield _of_fault(name, *strikes)


_BROKEN = {
    "route_deleted": (_ORDER,),
    "method_changed": (_CATALOG,),
    "stage_renamed": (),
    "endpoint_disabled": (),
    "greedy_proxy": (_ORDER,),
    "route_opened": (_REPORTS,),
    "own_words": (_ORDER,),
    "authorizer_denies": _BY_USERS,
    "authorizer_broken": _BY_USERS,
    "authorizer_unauthorized": _BY_USERS,
    "authorizer_not_permitted": _BY_USERS,
    "identity_source_moved": _BY_USERS,
    "key_rotated": (_PARTNERS,),
    "key_disabled": (_PARTNERS,),
    "key_demanded": (_CATALOG,),
    "stage_left_plan": (_PARTNERS,),
    "usage_key_not_set": (_ORDERS,),
    "header_demanded": (_CATALOG,),
    "policy_denies": (),
    "policy_for_the_office": (_HEALTH, _CATALOG),
    "iam_on_open_route": (_HEALTH,),
    "iam_on_token_route": (_ORDERS,),
    "waf_blocks_bots": (),
    "waf_challenges": (),
    "permission_missing": _BY_FUNCTION,
    "function_raises": _BY_FUNCTION,
    "function_answers_badly": _BY_FUNCTION,
    "function_throttled": _BY_FUNCTION,
    "backend_unreachable": (_CATALOG,),
    "backend_certificate": (_CATALOG,),
    "header_mapping": (_CATALOG,),
    "http_route_deleted": (_HEALTH,),
    "http_stage_renamed": (),
    "http_endpoint_disabled": (),
    "http_authorizer_denies": ("GET /tickets",),
    "http_authorizer_broken": ("GET /tickets",),
    "http_identity_source_moved": ("GET /tickets",),
    "http_iam_on_open_route": (_HEALTH,),
    "http_permission_missing": (_HEALTH,),
}


def _warned_of() -> Iterator[Kind]:
    """The built-in policy only warns of backends and of throttling."""
    for name, strikes in {
        "backend_fails": (_CATALOG,),
        "backend_lacks_it": (_CATALOG,),
        "backend_denies": (_CATALOG,),
        "quota_used_up": (_PARTNERS,),
        "plan_rate_lowered": (_PARTNERS,),
    }.items():
        yield _of_fault(name, *strikes, expected=Decision.PASSED)


KINDS = (*_good_ones(), *_warned_of(), *_bad_ones())

"""The nights. Intervals are the defaults, and so is `open_after`, unless a night says otherwise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random

from gatewatch.sandbox import orders
from gatewatch.sandbox.api import Api, Authorization, Method
from gatewatch.sandbox.authorizers import DENY, AuthorizerFunction
from gatewatch.sandbox.call import Arrived
from gatewatch.sandbox.faults import FAULTS
from gatewatch.sandbox.faults.base import deployed, distribution, rest_api, stages, users
from gatewatch.sandbox.firewall import Rule
from gatewatch.sandbox.integrations import Function, Integration, Reply
from gatewatch.sandbox.serve import Served, serve
from gatewatch.sandbox.server import Sandbox
from gatewatch.sandbox.world import World
from tests.nights.night import Act, Night, changing, minute_of, restored
from tests.worlds import Worlds

_REST = f"https://{orders.API_ID}.execute-api.{orders.REGION}.amazonaws.com/{orders.STAGE}"


def _api(name: str, *routes: str, url: str = _REST, more: str = "") -> str:
    lines = "".join(f"      - {route}\n" for route in routes)
    return f"  {name}:\n    url: {url}\n    CONNECT\n{more}    routes:\n{lines}"


HEALTH = "GET /health: public"
CATALOG = "GET /catalog: public"
SEARCH = "GET /search: {access: public, query: {q: x}}"
ORDERS = "GET /orders: {access: protected, guarded_by: lambda, as: [user]}"
ORDER = 'GET /orders/{id}: {access: protected, guarded_by: lambda, as: [user], path: {id: "42"}}'
POST = "POST /orders: {access: protected, guarded_by: lambda}"
PARTNERS = "GET /partners: {access: protected, guarded_by: api_key, as: [partner-key]}"


def _on_api(change: Callable[[Api], Api]) -> Act:
    return changing(rest_api(deployed(change)))


def _deleted(path: str) -> Act:
    return _on_api(lambda api: api.without(path, "GET"))


def _mended(path: str) -> Act:
    whole = orders.rest_api().definition.resources[path]["GET"]
    return _on_api(lambda api: api.with_method(path, "GET", whole))


LATE = Night(
    "late_joiners",
    "three routes of one API are lost and mended at different times",
    _api("orders", HEALTH, CATALOG, SEARCH),
    minutes=36,
    acts={
        4: _deleted("/health"),
        9: _deleted("/catalog"),
        15: _mended("/health"),
        23: _deleted("/search"),
        31: restored,
    },
    hears=(
        "5 opened orders prod: GET /health refused at routing*",
        "12 changed orders prod: 2 routes refused at routing* | joined: GET /catalog, since *",
        "18 changed orders prod: GET /catalog refused at routing* | recovered: GET /health, *",
        "26 changed orders prod: 2 routes refused at routing* | joined: GET /search, since *",
        "32 resolved orders prod: * | recovered: 2 routes: GET /catalog, GET /search"
        " | resolved after *",
    ),
)


def _denied(api: Api) -> Api:
    return users(lambda one: replace(one, function=AuthorizerFunction({}, DENY)))(api)


OVERLAPPING = Night(
    "three_causes",
    "a deleted route, a key that was rotated and an authorizer that denies, healed in another"
    " order",
    _api("orders", CATALOG, HEALTH, ORDERS, ORDER, PARTNERS),
    minutes=45,
    acts={
        3: _deleted("/catalog"),
        7: changing(FAULTS["key_rotated"].apply),
        11: changing(rest_api(_denied)),
        17: changing(lambda world: replace(world, usage=orders.world().usage)),
        23: _mended("/catalog"),
        33: restored,
    },
    hears=(
        "4 opened orders prod: GET /catalog refused at routing*",
        "8 opened orders prod: GET /partners refused at auth*",
        "12 opened orders prod: our credential user, used for 2 routes, refused at auth*",
        "18 resolved orders prod: GET /partners*",
        "24 resolved orders prod: GET /catalog*",
        "34 resolved orders prod: our credential user, *",
    ),
)


def _unguarded_and_rejecting(api: Api) -> Api:
    """The guard is gone, and the function says 400 to an empty body."""
    said = Integration(Function(Reply(400, '{"error":"no items"}')))
    open_ = api.with_method("/orders", "POST", Method(Authorization.NONE, integration="rejecting"))
    return open_.with_integration("rejecting", said).deployed(orders.STAGE)


def _released(both: Worlds) -> None:
    for side in both.sides:
        side.release("orders", "POST /orders")


LATCHED = Night(
    "latched_write",
    "the guard of a POST is removed and its backend rejects the empty body; later it is guarded"
    " again, acknowledged and released",
    _api("orders", HEALTH, POST),
    minutes=60,
    acts={7: changing(rest_api(_unguarded_and_rejecting)), 20: restored, 25: _released},
    hears=(
        "* opened orders prod: POST /orders no longer guarded*",
        "* resolved orders prod: POST /orders no longer guarded*",
    ),
)

UNDECIDED = Night(
    "undecided_beside_an_outage",
    "a write guarded by IAM cannot be decided; beside it a route is lost and mended",
    _api("orders", HEALTH, "POST /reports: {access: protected, guarded_by: iam}"),
    minutes=50,
    acts={
        1: _on_api(lambda api: api.with_method("/reports", "POST", Method(Authorization.IAM))),
        31: _deleted("/health"),
        38: _mended("/health"),
    },
    hears=(
        "* opened orders prod: POST /reports undecided*",
        "32 opened orders prod: GET /health refused at routing*",
        "39 resolved orders prod: GET /health*",
    ),
)


def _unplugged(both: Worlds) -> None:
    for side in both.sides:
        side.connect("127.0.0.1:1")


def _plugged(both: Worlds) -> None:
    for side in both.sides:
        side.connect(None)


def _proxied(api: Api) -> Api:
    return api.with_method("/shelf/{n}", "GET", Method()).deployed(orders.STAGE)


DEAD_HOST = Night(
    "dead_host",
    "a host with 40 routes refuses connections for some minutes",
    _api(
        "orders",
        *(f"GET /shelf/{n}: public" for n in range(40)),
    ),
    minutes=16,
    acts={1: changing(rest_api(_proxied)), 4: _unplugged, 10: _plugged},
    hears=(
        "5 opened orders prod: all 40 routes refused at network*",
        "11 resolved orders prod: all 40 routes*",
    ),
)

FIVE = ("orders", "carts", "billing", "search", "admin")
OWN_TOKEN = Night(
    "own_token_dead",
    "the token with which five APIs are looked at expires, and is replaced",
    "".join(_api(name, HEALTH, ORDERS, ORDER) for name in FIVE),
    minutes=14,
    acts={3: changing(rest_api(_denied)), 9: restored},
    hears=(
        "4 opened orders prod: our credential user, used for 2 routes, refused at auth*-alike)",
        "6 changed orders prod: our credential user, used for 2 routes and at 4 other APIs, *"
        " | the same credential fails also at: admin (01*), billing (01*), carts (01*), *",
        "11 resolved orders prod: our credential user, used for 2 routes and at 4 other APIs, *"
        " | recovered: 2 routes: *"
        " | it fails no more at: admin (01*), billing (01*), carts (01*), search (01*)"
        " | resolved after 6m 0s",
    ),
)

ENTRANCES = Night(
    "one_stage_behind_three_entrances",
    "the stage is renamed; its own name, a domain and a CDN lead to it",
    _api(
        "orders",
        HEALTH,
        ORDERS,
        more=f"    also_at: ['https://{orders.DOMAIN}/{orders.BASE_PATH}', 'https://{orders.CDN}']\n",
    ),
    minutes=16,
    acts={4: changing(FAULTS["stage_renamed"].apply), 10: restored},
    hears=("5 opened orders *: all 2 routes refused*", "11 resolved orders *: all 2 routes*"),
)


class Nodes(Sandbox):
    """A gateway of several nodes: `seen` chooses the world of those that answer in a minute."""

    def __init__(self, seen: Callable[[int, World], World]) -> None:
        super().__init__(orders.world())
        self._seen = seen

    def serve(self, arrived: Arrived) -> Served:
        now = self.now()
        return serve(arrived, self._seen(minute_of(now), self.world), self.memory, now)


_LOST = rest_api(deployed(lambda api: api.without("/catalog", "GET")))
_OPEN = rest_api(
    deployed(lambda api: api.with_method("/orders", "GET", Method(Authorization.NONE)))
)


def _regular() -> Sandbox:
    return Nodes(lambda minute, world: _LOST(world) if minute % 3 == 2 else world)


def _dice(chance: float) -> list[bool]:
    rolls = Random(7)
    return [rolls.random() < chance for _ in range(1000)]


def _random() -> Sandbox:
    fails = _dice(1 / 3)
    return Nodes(lambda minute, world: _LOST(world) if fails[minute] else world)


def _one_open_node() -> Sandbox:
    """A stranger's look is due every five minutes, then each minute, and meets one of four."""
    meets = _dice(1 / 4)
    return Nodes(lambda minute, world: _OPEN(world) if meets[minute] else world)


A_THIRD = Night(
    "a_third_fails",
    "one look in three is refused, for ever",
    _api("orders", CATALOG),
    minutes=120,
    sandbox=_regular,
    hears=("8 opened orders prod: GET /catalog refused at routing*",),
)
AT_RANDOM = Night(
    "a_third_fails_at_random",
    "each look is refused with a chance of one in three, for a whole night",
    _api("orders", CATALOG),
    minutes=240,
    sandbox=_random,
    hears=("* opened orders prod: GET /catalog refused at routing*",),
)
ONE_OPEN_NODE = Night(
    "one_open_node_of_four",
    "one of four nodes lets strangers in",
    _api("orders", "GET /orders: {access: protected, guarded_by: lambda}"),
    minutes=240,
    sandbox=_one_open_node,
    hears=("* opened orders prod: GET /orders open to everybody*", "* changed * | comes and goes*"),
)


MIXED = Night(
    "mixed_answers",
    "a deployment spreads over the nodes within half a minute",
    _api("orders", HEALTH, CATALOG, ORDERS),
    minutes=12,
    acts={
        4: changing(lambda world: replace(_LOST(world), settles_seconds=90)),
        5: changing(lambda _: replace(orders.world(), settles_seconds=30)),
    },
    hears=(),
)


def _walled(api: Api) -> Api:
    block = Rule(path=f"/{orders.STAGE}/partners")
    return stages(lambda one: replace(one, web_acl=(*one.web_acl, block)))(api)


PAGE = Reply(200, "<!doctype html><title>Shop</title><div id=app></div>", content_type="text/html")


def _spa(world: World) -> World:
    pages = {403: PAGE, 401: PAGE, 404: PAGE}
    return distribution(lambda one: replace(one, error_pages=pages))(world)


def _front() -> Sandbox:
    return Sandbox(_spa(orders.world()))


_FRONT = f"https://{orders.CDN}"
SPA_HEALTHY = Night(
    "spa_healthy",
    "a CDN answers every refusal with index.html; the API is well",
    _api("site", HEALTH, ORDERS, url=_FRONT),
    minutes=15,
    sandbox=_front,
    hears=(),
)
SPA_OPENED = Night(
    "spa_opened",
    "behind such a CDN a protected route is opened",
    _api("site", HEALTH, ORDERS, url=_FRONT),
    minutes=20,
    sandbox=_front,
    acts={
        6: _on_api(lambda api: api.with_method("/orders", "GET", Method(Authorization.NONE))),
    },
    hears=("* opened site: GET /orders open to everybody*",),
)
SPA_DELETED = Night(
    "spa_deleted",
    "behind such a CDN a protected route is deleted",
    _api("site", HEALTH, ORDERS, url=_FRONT),
    minutes=14,
    sandbox=_front,
    acts={4: _deleted("/orders")},
    hears=("5 opened site: GET /orders *",),
)

KEY_BEHIND_WAF = Night(
    "key_behind_waf",
    "before a route that requires a key, a WAF begins to block whoever calls it so",
    _api("orders", HEALTH, PARTNERS),
    minutes=20,
    acts={4: _on_api(_walled), 12: restored},
    hears=("5 opened orders prod: *", "* resolved *"),
)

NIGHTS = {
    night.name: night
    for night in (
        LATE,
        OVERLAPPING,
        LATCHED,
        UNDECIDED,
        DEAD_HOST,
        OWN_TOKEN,
        ENTRANCES,
        A_THIRD,
        AT_RANDOM,
        ONE_OPEN_NODE,
        MIXED,
        SPA_HEALTHY,
        SPA_OPENED,
        SPA_DELETED,
        KEY_BEHIND_WAF,
    )
}

"""Routes, stages, domains and endpoints that are not what the caller takes them for."""

from __future__ import annotations

from dataclasses import replace

from gatewatch.sandbox.answers.base import GatewayResponse
from gatewatch.sandbox.api import Api, Authorization, Custom, Definition, Method
from gatewatch.sandbox.entrances import Domain, VpcEndpoint
from gatewatch.sandbox.faults.base import (
    BY_DOMAIN,
    CATALOG,
    HEALTH,
    HTTP,
    ORDER,
    REST,
    Caller,
    Fault,
    Look,
    by_name,
    definition,
    deployed,
    http_api,
    rest_api,
)
from gatewatch.sandbox.orders import BASE_PATH, DOMAIN, NEXT_API_ID, RECEIPTS, STAGE
from gatewatch.sandbox.world import World

_BY_DOMAIN = Look(f"{BY_DOMAIN}/orders", Caller.USER)


def _without_order(api: Api) -> Api:
    return deployed(lambda one: one.without("/orders/{id}", "GET"))(api)


def _rename_stage(api: Api) -> Api:
    [stage] = api.stages.values()
    return replace(api, stages={"v2": stage})


def _post_only(api: Api) -> Api:
    rule = api.definition.resources["/catalog"]["GET"]
    return api.without("/catalog", "GET").with_method("/catalog", "POST", rule)


def _open_everything_else(api: Api) -> Api:
    return _without_order(api.with_method("/{proxy+}", "ANY", Method()))


def _own_words(api: Api) -> Api:
    custom = Custom(404, '{"code":"not_found","message":"no such route"}')
    kind = GatewayResponse.MISSING_AUTHENTICATION_TOKEN
    return _without_order(api.defined(lambda one: replace(one, gateway_responses={kind: custom})))


def _slowly_without_order(world: World) -> World:
    return replace(rest_api(_without_order)(world), settles_seconds=60.0)


def _closed(one: Definition) -> Definition:
    return replace(one, default_endpoint=False)


def _without_receipts(world: World) -> World:
    left = {host: url for host, url in world.function_urls.items() if host != RECEIPTS}
    return replace(world, function_urls=left)


FAULTS = by_name(
    Fault(
        "route_deleted",
        "a deployment goes out without GET /orders/{id}",
        "route_not_found",
        ORDER,
        rest_api(_without_order),
    ),
    Fault(
        "route_not_deployed",
        "GET /returns is defined, and nobody deploys it",
        "route_not_deployed",
        Look(f"{REST}/returns"),
        rest_api(lambda api: api.with_method("/returns", "GET", Method())),
    ),
    Fault(
        "method_changed",
        "GET /catalog becomes POST /catalog",
        "wrong_method",
        CATALOG,
        rest_api(deployed(_post_only)),
    ),
    Fault(
        "root_forgotten",
        "a greedy proxy takes every path, and nobody thinks of the root",
        "root_without_method",
        Look(REST),
        rest_api(deployed(lambda api: api.with_method("/{proxy+}", "ANY", Method()))),
    ),
    Fault(
        "stage_renamed",
        "the stage prod is renamed to v2",
        "stage_not_found",
        HEALTH,
        rest_api(_rename_stage),
    ),
    Fault(
        "base_path_unmapped",
        "the domain's base path mapping is removed",
        "base_path_not_mapped",
        _BY_DOMAIN,
        lambda world: world.with_domain(DOMAIN, Domain({})),
    ),
    Fault(
        "domain_mapped_elsewhere",
        "the domain is mapped to the next version too early",
        "domain_mapped_elsewhere",
        _BY_DOMAIN,
        lambda world: world.with_domain(DOMAIN, Domain({BASE_PATH: (NEXT_API_ID, STAGE)})),
    ),
    Fault(
        "endpoint_disabled",
        "the default endpoint is disabled, since there is a domain now",
        "default_endpoint_disabled",
        HEALTH,
        rest_api(definition(_closed)),
    ),
    Fault(
        "private_dns",
        "a VPC endpoint with private DNS takes every execute-api name",
        "private_endpoint_dns",
        HEALTH,
        lambda world: replace(world, vpc_endpoint=VpcEndpoint()),
    ),
    Fault(
        "greedy_proxy",
        "an open {proxy+} stays behind when GET /orders/{id} is deleted",
        "ok",
        ORDER,
        rest_api(deployed(_open_everything_else)),
    ),
    Fault(
        "route_opened",
        "GET /reports loses its IAM authorization",
        "ok",
        Look(f"{REST}/reports", Caller.SERVICE),
        rest_api(
            deployed(lambda api: api.with_method("/reports", "GET", Method(Authorization.NONE)))
        ),
    ),
    Fault(
        "own_words",
        "missing routes get an answer in the owner's words, and GET /orders/{id} goes missing",
        "route_not_found",
        ORDER,
        rest_api(_own_words),
    ),
    Fault(
        "slow_deployment",
        "a deployment without GET /orders/{id} takes a minute to reach every node",
        "route_not_found",
        ORDER,
        _slowly_without_order,
    ),
    Fault(
        "http_route_deleted",
        "the HTTP API loses GET /health",
        "route_not_found",
        Look(f"{HTTP}/health"),
        http_api(deployed(lambda api: api.without("/health", "GET"))),
    ),
    Fault(
        "http_stage_renamed",
        "the HTTP API's $default stage is replaced by v2",
        "stage_not_found",
        Look(f"{HTTP}/health"),
        http_api(_rename_stage),
    ),
    Fault(
        "http_endpoint_disabled",
        "the HTTP API's default endpoint is disabled",
        "default_endpoint_disabled",
        Look(f"{HTTP}/health"),
        http_api(definition(_closed)),
    ),
    Fault(
        "function_url_deleted",
        "the function URL is deleted with its alias",
        "function_url_not_found",
        Look(f"https://{RECEIPTS}/"),
        _without_receipts,
    ),
)

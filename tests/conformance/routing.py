"""Rows in which no route was found, or no stage, API or mapping."""

from __future__ import annotations

from dataclasses import replace

from gatewatch.sandbox.answers.base import GatewayResponse
from gatewatch.sandbox.api import Authorization, Custom, Method
from gatewatch.sandbox.entrances import Domain, VpcEndpoint
from gatewatch.sandbox.world import World

from .scene import KEY, Scene, Sent, staging

_MISSING = GatewayResponse.MISSING_AUTHENTICATION_TOKEN
_CORS = {GatewayResponse.DEFAULT_4XX: Custom(headers=(("access-control-allow-origin", "*"),))}
_OWN = {_MISSING: Custom(404, '{"code":"not_found","message":"no such route"}')}
_MESSAGE = '{"message": "Missing or invalid token"}'


def _another_path(scene: Scene) -> World:
    return scene.world(at="/another")


def _another_method(scene: Scene) -> World:
    verb = "GET" if scene.method != "GET" else "POST"
    return scene.world(Method(Authorization.COGNITO), verb=verb)


def _proxy_only(scene: Scene) -> World:
    return scene.world(at="/{proxy+}", verb="ANY")


def _variable_sibling(scene: Scene) -> World:
    return scene.world(at="/users/{userId}", verb="GET")


def _stage_in_url(scene: Scene) -> World:
    """The domain's mapping supplies the stage, which the URL names once more."""
    world = scene.world(at=scene.path)
    mapped = next(iter(world.domains[scene.host].mappings.values()))
    return world.with_domain(scene.host, Domain({"": mapped}))


def _unmapped(scene: Scene) -> World:
    return scene.world().with_domain(scene.host, Domain({}))


def _by_vpc_endpoint(scene: Scene) -> World:
    """A private API, asked for by a host that names no API."""
    return replace(scene.world(), vpc_endpoint=VpcEndpoint(), domains={})


def _another_stage(scene: Scene) -> World:
    world = scene.world()
    [api] = world.apis.values()
    [stage] = api.stages.values()
    return world.having(replace(api, stages={"production": stage}))


STAGINGS = (
    staging("ls-002 fd-012 fd-020 rt-024 ms-051", _another_path),
    staging("rt-001", lambda scene: scene.world(at="/another", edge=True)),
    staging("rt-003", lambda scene: scene.world(verb="POST", edge=True)),
    staging("rt-005", lambda scene: scene.world(at="/another", edge=True)),
    staging("rt-010", _another_path),
    staging("rt-011", _another_path, Sent({"x-api-key": f"wrong-{KEY}"})),
    staging("rt-015", _variable_sibling),
    staging("rt-016", _variable_sibling),
    staging("rt-017", lambda scene: scene.world(at="/{proxy+}", verb="ANY")),
    staging("ls-003 fd-007 fd-009 fd-019 rt-029 fd-023 fd-135", _another_method),
    staging("fd-024", _another_path),
    staging("rt-008 fd-011", lambda scene: scene.world(verb="GET", gateway_responses=_CORS)),
    staging("fd-003 fd-004", _proxy_only),
    staging("rt-013 fd-014", lambda scene: scene.world(at="/another", gateway_responses=_OWN)),
    staging("fd-015", lambda scene: scene.world(verb="GET", gateway_responses=_OWN)),
    staging(
        "fd-017",
        lambda scene: scene.world(
            at="/another", gateway_responses={_MISSING: Custom(None, _MESSAGE)}
        ),
    ),
    staging(
        "fd-018",
        lambda scene: scene.world(
            at="/another", gateway_responses={_MISSING: Custom(400, _MESSAGE)}
        ),
    ),
    staging("rt-033", _another_path),
    staging("fd-031", _stage_in_url),
    staging("rt-036", _unmapped),
    staging("rt-037", _by_vpc_endpoint),
    staging("fd-139", _another_stage),
)

"""Host, base path and stage choose what is called. Nothing behind this gate sees a stranger."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from gatewatch.sandbox.answers import http, rest
from gatewatch.sandbox.answers.base import Answer
from gatewatch.sandbox.api import DEFAULT_STAGE, Api, Endpoint, Kind
from gatewatch.sandbox.call import Arrived, Call
from gatewatch.sandbox.entrances import Domain
from gatewatch.sandbox.memory import Memory
from gatewatch.sandbox.world import World


@dataclass(frozen=True, slots=True)
class Turned:
    """Refused at the entrance, in the words of a kind of API."""

    answer: Answer
    kind: Kind = Kind.REST


_NOT_SERVED = Turned(rest.NOT_SERVED)
"""The front that REST and HTTP APIs share answers so before it knows which API is meant."""
_NOT_SERVED_INSIDE = Turned(replace(rest.NOT_SERVED, headers=(("Server", "Server"),)))
"""The same at a VPC endpoint (rt-037)."""


def enter(arrived: Arrived, world: World, memory: Memory, now: datetime) -> Call | Turned:
    domain = world.domains.get(arrived.host)
    if domain is not None:
        found = _by_domain(arrived, domain, world)
    else:
        api = next((api for api in world.apis.values() if api.host == arrived.host), None)
        found = _by_endpoint(arrived, api, world)
    if isinstance(found, Turned):
        return found
    api, stage, path = found
    return Call(arrived, world, memory, now, api, stage, path, by_domain=domain is not None)


Found = tuple[Api, str, str]


def _by_domain(arrived: Arrived, domain: Domain, world: World) -> Found | Turned:
    """The mapping puts the stage in: one that is in the path, too, is part of the resource."""
    if domain.truststore is not None and arrived.client_authority not in domain.truststore:
        return _NOT_SERVED
    base, rest_of_path = _first_segment(arrived.path)
    if base not in domain.mappings:
        base, rest_of_path = "", arrived.path
    api_id, stage = domain.mappings.get(base, ("", ""))
    api = world.apis.get(api_id)
    if api is None or stage not in api.stages:
        return _NOT_SERVED
    return api, stage, rest_of_path


def _by_endpoint(arrived: Arrived, api: Api | None, world: World) -> Found | Turned:
    is_private = api is not None and api.endpoint is Endpoint.PRIVATE
    endpoint = world.vpc_endpoint
    inside = endpoint is not None and (endpoint.private_dns or is_private)
    if api is None or inside is not is_private:
        return _NOT_SERVED_INSIDE if inside else _NOT_SERVED
    stage, path = _first_segment(arrived.path)
    if stage not in api.stages and api.kind is Kind.HTTP:
        stage, path = DEFAULT_STAGE, arrived.path
    if stage not in api.stages or not api.stages[stage].served.default_endpoint:
        # There are two accounts of an HTTP API's disabled endpoint; this is the documented one.
        return Turned(http.NOT_FOUND, Kind.HTTP) if api.kind is Kind.HTTP else _NOT_SERVED
    return api, stage, path


def _first_segment(path: str) -> tuple[str, str]:
    first, slash, others = path.lstrip("/").partition("/")
    return first, f"{slash}{others}" or "/"

"""One request in, one response out: the gates in the gateway's order.

The order is recorded or documented: CloudFront, then the named host, then WAF, the route, the
signature, policies, the authorizer, the key, quota and rate, validation, and the integration.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from gatewatch.sandbox import ids
from gatewatch.sandbox.answers import edges
from gatewatch.sandbox.answers.base import Answer
from gatewatch.sandbox.api import Endpoint, Kind
from gatewatch.sandbox.call import Arrived, Call
from gatewatch.sandbox.entrances import READING, Behaviour
from gatewatch.sandbox.gates import distribution as cdn
from gatewatch.sandbox.gates import function_url
from gatewatch.sandbox.gates.api_key import require_key
from gatewatch.sandbox.gates.authorizer import ask_authorizer
from gatewatch.sandbox.gates.entrance import Turned, enter
from gatewatch.sandbox.gates.firewall import filter_request
from gatewatch.sandbox.gates.integration import integrate
from gatewatch.sandbox.gates.policy import apply_policies, apply_policy_after_token
from gatewatch.sandbox.gates.route import match_route
from gatewatch.sandbox.gates.signature import authenticate
from gatewatch.sandbox.gates.throttle import meter
from gatewatch.sandbox.gates.validator import validate
from gatewatch.sandbox.memory import Memory
from gatewatch.sandbox.wording import reworded
from gatewatch.sandbox.world import World

Gate = Callable[[Call], Answer | None]

GATES: dict[Kind, tuple[Gate, ...]] = {
    Kind.REST: (
        filter_request,
        match_route,
        authenticate,
        apply_policies,
        ask_authorizer,
        apply_policy_after_token,
        require_key,
        meter,
        validate,
        integrate,
    ),
    Kind.HTTP: (match_route, authenticate, ask_authorizer, meter, integrate),
}


@dataclass(frozen=True, slots=True)
class Served:
    """An answer with all its headers but Date and Content-Length."""

    answer: Answer
    headers: ids.Pairs

    @property
    def status(self) -> int:
        return self.answer.status

    @property
    def error_type(self) -> str | None:
        return self.answer.error_type


def serve(arrived: Arrived, world: World, memory: Memory, now: datetime) -> Served:
    if arrived.host in world.at_cloudfront or cdn.distribution_of(arrived.host, world):
        return _through_cloudfront(arrived, world, memory, now)
    return _at_origin(arrived, world, memory, now)


def _at_origin(arrived: Arrived, world: World, memory: Memory, now: datetime) -> Served:
    if arrived.host in world.bare_buckets:
        return Served(edges.S3_DENIED, ids.of_rest(edges.S3_DENIED))
    if ".lambda-url." in arrived.host:
        url = world.function_urls.get(arrived.host)
        answer = function_url.invoke(url, arrived, world, now)
        return Served(answer, ids.of_function_url(answer))
    entered = enter(arrived, world, memory, now)
    if isinstance(entered, Turned):
        dress = ids.of_http if entered.kind is Kind.HTTP else ids.of_rest
        return Served(entered.answer, dress(entered.answer))
    if _is_edge_optimised(entered):
        if arrived.method in READING and arrived.length:
            return _from_cloudfront(edges.BAD_REQUEST)
        served = _by_gates(entered)
        request_id = ids.cloudfront_request_id()
        return replace(served, headers=ids.of_cloudfront(served.status, served.headers, request_id))
    return _by_gates(entered)


def _is_edge_optimised(call: Call) -> bool:
    if call.by_domain:
        return call.world.domains[call.arrived.host].edge_optimised
    return call.api.endpoint is Endpoint.EDGE


def _by_gates(call: Call) -> Served:
    answers = (gate(call) for gate in GATES[call.api.kind])
    answer = next(answer for answer in answers if answer is not None)
    said = reworded(call, answer)
    return Served(said, ids.of_http(said) if call.is_http else ids.of_rest(said))


def _through_cloudfront(arrived: Arrived, world: World, memory: Memory, now: datetime) -> Served:
    distribution = cdn.distribution_of(arrived.host, world)
    if distribution is None:
        return _from_cloudfront(edges.BAD_REQUEST)
    behaviour = cdn.behaviour_of(distribution, arrived.path)
    own = cdn.answer_at_edge(distribution, behaviour, arrived)
    if own is not None:
        return _from_cloudfront(own)
    origin = _of_origin(behaviour, arrived, world, memory, now)
    page = distribution.error_pages.get(origin.status)
    if page is not None:
        return _from_cloudfront(cdn.of_reply(page), origin.status)
    headers = ids.of_cloudfront(origin.status, origin.headers, ids.cloudfront_request_id())
    return replace(origin, headers=headers)


def _from_cloudfront(answer: Answer, of_origin: int = 0) -> Served:
    """`of_origin`: the status in whose place it answers; `x-cache` goes by that."""
    request_id = ids.cloudfront_request_id()
    named = replace(answer, body=answer.body.replace(edges.REQUEST_ID, request_id))
    return Served(
        named, ids.of_cloudfront(of_origin or named.status, ids.of_rest(named), request_id)
    )


def _of_origin(
    behaviour: Behaviour, arrived: Arrived, world: World, memory: Memory, now: datetime
) -> Served:
    sent = cdn.towards_origin(behaviour, arrived)
    url = world.function_urls.get(behaviour.origin)
    if not behaviour.signs or url is None:
        return _at_origin(sent, world, memory, now)
    answer = function_url.invoke_signed(url, sent, world, now)
    return Served(answer, ids.of_function_url(answer))

"""CloudFront: what it answers itself, and what it changes on the way to the origin."""

from __future__ import annotations

from dataclasses import replace

from gatewatch.sandbox.answers import edges
from gatewatch.sandbox.answers.base import Answer, Basis, Responder
from gatewatch.sandbox.call import Arrived
from gatewatch.sandbox.entrances import READING, Behaviour, Distribution
from gatewatch.sandbox.gates import firewall
from gatewatch.sandbox.integrations import Reply
from gatewatch.sandbox.world import World

_AT_THE_EDGE = (("X-Cache", "LambdaGeneratedResponse from cloudfront"),)


def distribution_of(host: str, world: World) -> Distribution | None:
    of_alias = (one for one in world.distributions.values() if host in one.aliases)
    return world.distributions.get(host) or next(of_alias, None)


def behaviour_of(distribution: Distribution, path: str) -> Behaviour:
    """The first whose path fits; the last is the default."""
    fitting = (one for one in distribution.behaviours if path.startswith(one.path))
    return next(fitting, distribution.behaviours[-1])


def answer_at_edge(
    distribution: Distribution, behaviour: Behaviour, arrived: Arrived
) -> Answer | None:
    rule = firewall.matching(distribution.web_acl, arrived)
    if rule is not None:
        return firewall.answer(rule, edges.BLOCKED)
    if distribution.blocks_country:
        return edges.COUNTRY_BLOCKED
    if arrived.method not in behaviour.methods:
        return edges.METHOD_NOT_ALLOWED
    if arrived.method in READING and arrived.length:
        return edges.BAD_REQUEST
    if behaviour.edge_function is None:
        return None
    return of_reply(behaviour.edge_function, _AT_THE_EDGE)


def of_reply(reply: Reply, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    """A reply that an owner wrote and CloudFront hands out."""
    return Answer(
        status=reply.status,
        body=reply.body or "",
        basis=Basis.RECORDED if headers else Basis.DOCUMENTED,
        row="ed-005" if headers else None,
        headers=(*reply.headers, *headers),
        by=Responder.NOBODY,
        content_type=reply.content_type,
    )


def towards_origin(behaviour: Behaviour, arrived: Arrived) -> Arrived:
    """The request as the origin gets it."""
    headers = dict(arrived.headers)
    if not behaviour.forwards_authorization:
        headers.pop("authorization", None)
    host = arrived.host if behaviour.forwards_host else behaviour.origin
    return replace(
        arrived,
        host=host,
        path=f"{behaviour.origin_path}{arrived.path}",
        headers={**headers, "host": host, "user-agent": "Amazon CloudFront"},
        client_authority=None,
    )

"""What may differ between two looks of one kind of caller at one route."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache

from gatewatch.gateway.addresses import address_of, is_loopback_address, is_public
from gatewatch.gateway.url import parse
from gatewatch.model import (
    CredentialKind,
    Exchange,
    Request,
    Validity,
)


class Varying(StrEnum):
    """What may differ between two looks of one kind of caller at one route."""

    CREDENTIAL = "another credential of the same kind"
    BODY = "another body"
    QUERY = "another query"
    USER_AGENT = "another User-Agent"
    NETWORK = "another network, in which names may lead elsewhere"
    TIME = "another time"


@lru_cache(maxsize=1024)
def in_vpc(address: str | None) -> bool | None:
    try:
        reached = address_of(address or "")
    except ValueError:
        return None
    return None if is_loopback_address(reached) else not is_public(reached)


def _differs_in(trait: Callable[[Exchange], object]) -> Callable[[Exchange, Exchange], bool]:
    return lambda one, other: trait(one) != trait(other)


def _header_values(one: Exchange, *names: str) -> tuple[str | None, ...]:
    headers = {name.lower(): value for name, value in one.request.headers.items()}
    return tuple(headers.get(name) for name in names)


_OF_A_BODY = ("content-length", "content-type", "content-encoding")


_DIFFERENCES: Mapping[Varying, Callable[[Exchange, Exchange], bool]] = {
    Varying.BODY: _differs_in(lambda one: _header_values(one, *_OF_A_BODY)),
    Varying.QUERY: _differs_in(lambda one: parse(one.request.url).query),
    Varying.USER_AGENT: _differs_in(lambda one: _header_values(one, "user-agent")),
    Varying.NETWORK: _differs_in(lambda one: in_vpc(one.response.address)),
    Varying.TIME: lambda one, other: _are_long_apart(one.request.at, other.request.at),
}


def known_differences(exchange: Exchange, subject: Exchange) -> frozenset[Varying]:
    return frozenset(what for what, differ in _DIFFERENCES.items() if differ(exchange, subject))


def possible_differences(
    exchange: Exchange, subject: Exchange, differs: frozenset[Varying]
) -> frozenset[Varying]:
    """What is known to differ; if two looks may be alike, also whatever the evidence leaves out.

    Our own looks differ in their credentials, and one run takes them all at the same moment.
    """
    if exchange == subject or not is_alike(exchange, subject):
        return differs
    if not is_ours(exchange, subject):
        return frozenset(Varying)
    other = Varying.CREDENTIAL if exchange.request.presented else Varying.TIME
    return differs or frozenset({other})


def is_ours(exchange: Exchange, subject: Exchange) -> bool:
    """Whether both looks are ours: those name their route, and record all that we vary."""
    return bool(exchange.request.route and subject.request.route)


def is_alike(exchange: Exchange, subject: Exchange) -> bool:
    """Whether two looks may have been sent by the same kind of caller to the same route."""
    if route_of(exchange.request) != route_of(subject.request):
        return False
    if not (_states_credentials(exchange.request) and _states_credentials(subject.request)):
        return True
    mine, theirs = exchange.request.presented, subject.request.presented
    judged = {(one.kind, one.validity) for one in (*mine, *theirs)}
    conflicting = any(
        {(kind, Validity.VALID), (kind, Validity.INVALID)} <= judged for kind, _ in judged
    )
    return {one.kind for one in mine} == {one.kind for one in theirs} and not conflicting


def _states_credentials(request: Request) -> bool:
    """Whether the evidence says which credentials were presented."""
    kinds = {one.kind for one in request.presented}
    states = bool(kinds or request.route) or request.credential is not None
    return states and CredentialKind.UNKNOWN not in kinds


def route_of(request: Request) -> tuple[object, ...]:
    """What two looks at one route share: host, path and method."""
    address = parse(request.url)
    path = (address.segments, address.ends_in_slash)
    return address.host, address.port, path, request.method.upper()


_LONG_APART = timedelta(minutes=10)
"""Time enough for people to change the API."""


def _are_long_apart(at: str | None, other: str | None) -> bool:
    try:
        gap = datetime.fromisoformat(at or "") - datetime.fromisoformat(other or "")
    except (ValueError, TypeError):
        return False
    return abs(gap) > _LONG_APART

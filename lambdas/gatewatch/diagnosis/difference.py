"""What may differ between two looks of one kind of caller at one route."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache

from gatewatch.gateway.addresses import address_of, is_loopback, is_public
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
    return None if is_loopback(reached) else not is_public(reached)


def _told(trait: Callable[[Exchange], object]) -> Callable[[Exchange, Exchange], bool]:
    return lambda one, other: trait(one) != trait(other)


def _sent(one: Exchange, *names: str) -> tuple[str | None, ...]:
    headers = {name.lower(): value for name, value in one.request.headers.items()}
    return tuple(headers.get(name) for name in names)


_OF_A_BODY = ("content-length", "content-type", "content-encoding")


_TOLD: Mapping[Varying, Callable[[Exchange, Exchange], bool]] = {
    Varying.BODY: _told(lambda one: _sent(one, *_OF_A_BODY)),
    Varying.QUERY: _told(lambda one: parse(one.request.url).query),
    Varying.USER_AGENT: _told(lambda one: _sent(one, "user-agent")),
    Varying.NETWORK: _told(lambda one: in_vpc(one.response.address)),
    Varying.TIME: lambda one, other: _are_long_apart(one.request.at, other.request.at),
}


def told_differences(exchange: Exchange, subject: Exchange) -> frozenset[Varying]:
    return frozenset(what for what, differ in _TOLD.items() if differ(exchange, subject))


def possible_differences(
    exchange: Exchange, subject: Exchange, differs: frozenset[Varying]
) -> frozenset[Varying]:
    """What is told to differ; of two looks that are told to be alike, whatever is not told.

    Of ours each has a credential of its own, and all are taken in the same moment.
    """
    if exchange == subject or not is_alike(exchange, subject):
        return differs
    if not is_ours(exchange, subject):
        return frozenset(Varying)
    other = Varying.CREDENTIAL if exchange.request.presented else Varying.TIME
    return differs or frozenset({other})


def is_ours(exchange: Exchange, subject: Exchange) -> bool:
    """Our own looks name their route, and tell all that we vary."""
    return bool(exchange.request.route and subject.request.route)


def is_alike(exchange: Exchange, subject: Exchange) -> bool:
    """Whether two looks may have been sent by the same kind of caller to the same route."""
    if route_of(exchange.request) != route_of(subject.request):
        return False
    if not (_is_told(exchange.request) and _is_told(subject.request)):
        return True
    mine, theirs = exchange.request.presented, subject.request.presented
    judged = {(one.kind, one.validity) for one in (*mine, *theirs)}
    conflicting = any(
        {(kind, Validity.VALID), (kind, Validity.INVALID)} <= judged for kind, _ in judged
    )
    return {one.kind for one in mine} == {one.kind for one in theirs} and not conflicting


def _is_told(request: Request) -> bool:
    """Whether it is told what was presented."""
    kinds = {one.kind for one in request.presented}
    tells = bool(kinds or request.route) or request.credential is not None
    return tells and CredentialKind.UNKNOWN not in kinds


def route_of(request: Request) -> tuple[object, ...]:
    """What two looks at one route have in common: host, path and method."""
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

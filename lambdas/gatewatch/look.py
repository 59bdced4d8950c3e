"""One exchange as the causes see it: who called, where, and which answers that may have been.

Where the evidence leaves something open, a look holds every possibility; the diagnosis then
counts a cause as possible if it is possible in any of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from functools import lru_cache
from ipaddress import ip_address
from itertools import product

from gatewatch.gateway.answers import Answer
from gatewatch.gateway.body import read
from gatewatch.gateway.doors import is_appsync
from gatewatch.gateway.recognised import Recognition
from gatewatch.gateway.recognition import recognise
from gatewatch.gateway.url import Address, HostKind, parse
from gatewatch.model import ApiKind, CredentialKind, Exchange, Request, SentCredential, Validity

NO_SUCH_ROUTE = "gatewatch-no-such-route"
"""The path segment of our own controls: no API is expected to have it."""


class Place(StrEnum):
    """Where a look was aimed, seen from the look that the diagnosis is about."""

    ROUTE = "the route itself"
    OTHER_METHOD = "another method of the same path"
    NO_SUCH_SIBLING = "a path beside it that cannot exist"
    NO_SUCH_PATH = "a path that cannot exist"
    ELSEWHERE = "another path of the same API"
    OTHER_STAGE = "another stage"
    WITHOUT_FIRST_SEGMENT = "the same path without its first segment"
    OTHER_ENTRANCE = "another entrance"


@dataclass(frozen=True, slots=True)
class Caller:
    """What was presented, in one reading. None: not presented.

    `signature` and `token` are what may stand in Authorization: SigV4, or anything else.
    `is_near`: it was sent by ourselves and straight to a name of AWS's, so nothing on the way can
    have taken a header out of it.
    """

    signature: Validity | None = None
    token: Validity | None = None
    api_key: Validity | None = None
    other: Validity | None = None
    is_near: bool = False

    @property
    def presents(self) -> tuple[Validity | None, ...]:
        return (self.signature, self.token, self.api_key, self.other)

    @property
    def presents_nothing(self) -> bool:
        return not any(self.presents)


@dataclass(frozen=True, slots=True)
class Shape:
    """What the request's own form and way tell; None where the evidence does not say.

    `has_address` is false where no URL was told; then host and depth say nothing. `method` is
    empty where none was told. `in_vpc`: the connection went to a private
    address, as to a VPC endpoint.
    """

    has_address: bool
    host_kind: HostKind
    depth: int
    method: str
    behind_cdn: bool | None
    in_vpc: bool | None
    took_as_long_as_a_timeout: bool | None


@dataclass(frozen=True, slots=True)
class Look:
    kinds: frozenset[ApiKind]
    places: frozenset[Place]
    callers: frozenset[Caller]
    seen: Recognition
    shape: Shape

    @property
    def answers(self) -> frozenset[Answer]:
        return self.seen.all


_DEEPEST = 3


def look_at(exchange: Exchange, subject: Exchange) -> Look:
    address = parse(exchange.request.url)
    headers = {name.lower(): value for name, value in exchange.response.headers.items()}
    kinds = _kinds(exchange, address, headers)
    return Look(
        kinds=kinds,
        places=_places(exchange.request, subject.request, kinds),
        callers=callers(exchange.request, subject.request),
        seen=recognise(exchange),
        shape=Shape(
            has_address=bool(address.host),
            host_kind=address.host_kind,
            depth=min(len(address.segments), _DEEPEST),
            method=exchange.request.method.upper(),
            behind_cdn=_behind_cdn(address, headers),
            in_vpc=_in_vpc(exchange.response.address),
            took_as_long_as_a_timeout=_took_long(exchange.response.elapsed_ms),
        ),
    )


def _took_long(elapsed_ms: float | None) -> bool | None:
    """API Gateway gives an integration 29 seconds, or 30, unless told otherwise."""
    return None if elapsed_ms is None else elapsed_ms >= _LONG_MS


_LONG_MS = 28_500


@lru_cache(maxsize=1024)
def _in_vpc(address: str | None) -> bool | None:
    try:
        reached = ip_address(address or "")
    except ValueError:
        return None
    return None if reached.is_loopback else reached.is_private


def _behind_cdn(address: Address, headers: Mapping[str, str]) -> bool | None:
    if not address.host and _HEADERS_OF_A_CDN.isdisjoint(headers):
        return None
    if address.host_kind is HostKind.CLOUDFRONT or "x-amz-cf-id" in headers:
        return True
    if "cloudfront" in f"{headers.get('via', '')} {headers.get('x-cache', '')}".lower():
        return True
    return False if "date" in headers or "content-length" in headers else None


_HEADERS_OF_A_CDN = frozenset({"x-amz-cf-id", "via", "x-cache"})


def _kinds(exchange: Exchange, address: Address, headers: Mapping[str, str]) -> frozenset[ApiKind]:
    """The front doors that may have answered: by host, by id headers, then by the hint."""
    said = read(exchange.response.body)
    if is_appsync(exchange, said):
        return frozenset({ApiKind.APPSYNC})
    by_evidence = _kinds_by_host(exchange.request.url, address) & _kinds_by_headers(headers)
    if said.in_frame:
        return by_evidence & {ApiKind.WEBSOCKET} or by_evidence
    if "@connections" in address.segments and exchange.response.status == 404:
        # Whoever calls it means a WebSocket API; this says that another API answered.
        return by_evidence
    try:
        hinted = frozenset({ApiKind(exchange.api_kind or "")})
    except ValueError:
        return by_evidence
    return by_evidence & hinted or by_evidence or hinted


_ALL = frozenset(ApiKind) - {ApiKind.APPSYNC}
_REST_LIKE = frozenset({ApiKind.REST, ApiKind.WEBSOCKET})


def _kinds_by_host(url: str, address: Address) -> frozenset[ApiKind]:
    if address.host_kind is HostKind.FUNCTION_URL:
        return frozenset({ApiKind.FUNCTION_URL})
    if url.startswith(("ws:", "wss:")):
        return frozenset({ApiKind.WEBSOCKET})
    if address.host_kind is HostKind.APPSYNC:
        return frozenset({ApiKind.APPSYNC})
    if address.host_kind is HostKind.EXECUTE_API:
        return _ALL - {ApiKind.FUNCTION_URL}
    return _ALL


def _kinds_by_headers(headers: Mapping[str, str]) -> frozenset[ApiKind]:
    """Facts of the id headers: apigw-requestid is an HTTP API's, x-amz-apigw-id a REST API's."""
    if "apigw-requestid" in headers:
        return frozenset({ApiKind.HTTP})
    if "x-amz-apigw-id" in headers:
        return _REST_LIKE
    if headers.get("x-amzn-errortype", "").startswith("ForbiddenException"):
        # The front that all APIs share, before any is chosen (ms-055).
        return _REST_LIKE | {ApiKind.FUNCTION_URL, ApiKind.HTTP}
    if "x-amzn-errortype" in headers:
        return _REST_LIKE | {ApiKind.FUNCTION_URL, ApiKind.APPSYNC}
    return frozenset(ApiKind)


_TOKENS = frozenset({CredentialKind.BEARER, CredentialKind.BASIC})
_JUDGED = (Validity.VALID, Validity.INVALID)


def callers(request: Request, subject: Request) -> frozenset[Caller]:
    """Every reading of what was presented; an unknown validity is both."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    presented = _with_headers(request.presented, headers)
    query = parse(request.url).query
    if "X-Amz-Signature=" in query:
        presented = (*presented, SentCredential(CredentialKind.SIGV4))
    elif query != parse(subject.url).query:
        # An authorizer may take its identity from the query.
        presented = (*presented, SentCredential(CredentialKind.OTHER))
    elif request.credential is None and not presented and not request.route:
        # Nothing was told of the caller; our own looks name their route, and tell all.
        presented = (SentCredential(CredentialKind.UNKNOWN),)
    readings = _readings(_few_of_each(presented), bool(headers))
    if request.route:
        near = parse(request.url).host_kind is HostKind.EXECUTE_API
        return frozenset(replace(one, is_near=near) for one in readings)
    return readings | _UNTOLD if readings == _NOTHING else readings


_NOTHING = frozenset({Caller()})
_UNTOLD = frozenset({Caller(other=Validity.UNKNOWN)})
"""Whoever reports that no credential was sent may not count an identity in another header."""


def _few_of_each(presented: tuple[SentCredential, ...]) -> tuple[SentCredential, ...]:
    """No more equal credentials than there are fields of `Caller` for them to fill."""
    if len(presented) <= _FIELDS:
        return presented
    counted = {one: min(count, _FIELDS) for one, count in Counter(presented).items()}
    return tuple(one for one, count in counted.items() for _ in range(count))


_FIELDS = len(fields(Caller))


@lru_cache(maxsize=1024)
def _readings(presented: tuple[SentCredential, ...], headers_shown: bool) -> frozenset[Caller]:
    readings: set[Caller] = {Caller()}
    for credential in presented:
        options = _options(credential, headers_shown)
        readings = {_add(reading, option) for reading, option in product(readings, options)}
    return frozenset(readings)


def _with_headers(
    presented: tuple[SentCredential, ...], headers: Mapping[str, str]
) -> tuple[SentCredential, ...]:
    """Credentials that only the headers tell of. An empty Authorization presents nothing."""
    kinds = {credential.kind for credential in presented}
    found = list(presented)
    authorization = headers.get("authorization", "").strip()
    if authorization and not kinds & {*_TOKENS, CredentialKind.SIGV4, CredentialKind.UNKNOWN}:
        signed = authorization.startswith("AWS4-")
        found.append(SentCredential(CredentialKind.SIGV4 if signed else CredentialKind.BEARER))
    if "x-api-key" in headers and CredentialKind.API_KEY not in kinds:
        found.append(SentCredential(CredentialKind.API_KEY))
    return tuple(found)


def _options(credential: SentCredential, headers_shown: bool) -> Iterable[dict[str, Validity]]:
    """The fields of `Caller` that one credential may fill."""
    judged = _JUDGED if credential.validity is Validity.UNKNOWN else (credential.validity,)
    for field in _fields(credential.kind, headers_shown):
        for validity in judged:
            yield {field: validity} if field else {}


def _fields(kind: CredentialKind, headers_shown: bool) -> tuple[str, ...]:
    match kind:
        case CredentialKind.BEARER | CredentialKind.BASIC:
            return ("token",)
        case CredentialKind.SIGV4:
            return ("signature",)
        case CredentialKind.API_KEY:
            return ("api_key",)
        case CredentialKind.UNKNOWN:
            return ("", "signature", "token", "api_key", "other")
        case CredentialKind.OTHER:
            return ("other",) if headers_shown else ("other", "token")
        case CredentialKind.COOKIE | CredentialKind.CLIENT_CERT:
            return ("other",)
        case CredentialKind.NONE:
            return ("",)


def _add(reading: Caller, fields: Mapping[str, Validity]) -> Caller:
    return Caller(
        signature=fields.get("signature", reading.signature),
        token=fields.get("token", reading.token),
        api_key=fields.get("api_key", reading.api_key),
        other=fields.get("other", reading.other),
    )


def _places(request: Request, subject: Request, kinds: frozenset[ApiKind]) -> frozenset[Place]:
    """Every reading of where a look was aimed. `kinds` are the front doors it may have met."""
    here, there = parse(request.url), parse(subject.url)
    if request == subject:
        return frozenset({Place.ROUTE})
    if not (here.host and there.host):
        return frozenset(Place)
    if (here.host, here.port) != (there.host, there.port):
        return frozenset({Place.OTHER_ENTRANCE})
    same_method = request.method.upper() == subject.method.upper()
    if not (request.method and subject.method) and here.segments == there.segments:
        return frozenset({Place.ROUTE, Place.OTHER_METHOD})
    if here.segments == there.segments:
        place = Place.ROUTE if same_method else Place.OTHER_METHOD
        if here.ends_in_slash == there.ends_in_slash:
            return frozenset({place})
        # Another resource (rt-041), unless it is the root of a stage.
        return frozenset({Place.ELSEWHERE} if len(here.segments) > 1 else {place, Place.ELSEWHERE})
    if here.segments == there.segments[1:]:
        return frozenset({Place.WITHOUT_FIRST_SEGMENT})
    return _elsewhere(here, there, same_method=same_method, kinds=kinds)


def _elsewhere(
    here: Address, there: Address, *, same_method: bool, kinds: frozenset[ApiKind]
) -> frozenset[Place]:
    """Another path of the same host: whether of the same stage, the first segment tells."""
    path = _other_path(here, there, same_method=same_method)
    if here.segments[:1] == there.segments[:1]:
        return path
    if here.host_kind is HostKind.EXECUTE_API and ApiKind.HTTP not in kinds:
        return frozenset({Place.OTHER_STAGE})
    return path | {Place.OTHER_STAGE}


def _other_path(here: Address, there: Address, *, same_method: bool) -> frozenset[Place]:
    """Only our own controls are surely aimed at nothing; other names just may be."""
    beside = same_method and here.segments[:-1] == there.segments[:-1]
    nothing = Place.NO_SUCH_SIBLING if beside else Place.NO_SUCH_PATH
    ours = bool(here.segments) and here.segments[-1] == NO_SUCH_ROUTE
    return frozenset({nothing} if ours else {nothing, Place.ELSEWHERE})

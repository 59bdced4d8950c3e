"""One exchange as the causes see it: who called, where, and which answers that may have been.

Where the evidence leaves something open, a look holds every possibility; the diagnosis then
counts a cause as possible if it is possible in any of them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from itertools import product

from gatewatch.gateway.addresses import address_of, is_loopback, is_public
from gatewatch.gateway.answers import Answer
from gatewatch.gateway.body import read
from gatewatch.gateway.doors import is_appsync
from gatewatch.gateway.recognised import Recognition
from gatewatch.gateway.recognition import recognise
from gatewatch.gateway.url import Address, HostKind, parse
from gatewatch.model import (
    ApiKind,
    CredentialKind,
    Exchange,
    Request,
    Response,
    SentCredential,
    Validity,
)

NO_SUCH_ROUTE = "gatewatch-no-such-route"
"""The path segment of our own controls: no API is expected to have it."""


class Place(StrEnum):
    """Where a look was aimed, seen from the look that the diagnosis is about."""

    ROUTE = "the route itself"
    OTHER_METHOD = "another method of the same path"
    PREFLIGHT = "OPTIONS at the same path"
    NO_SUCH_SIBLING = "a path beside it that cannot exist"
    NO_SUCH_PATH = "a path that cannot exist"
    ELSEWHERE = "another path of the same API"
    OTHER_STAGE = "another stage"
    WITHOUT_FIRST_SEGMENT = "the same path without its first segment"
    BEHIND_A_STAGE = "the same path behind a stage"
    BEHIND_A_BASE_PATH = "the same path behind a base path"
    OTHER_ENTRANCE = "the same path at another entrance"
    OTHER_HOST = "another path of another host"


class Varying(StrEnum):
    """What may differ between two looks of one kind of caller at one route."""

    CREDENTIAL = "another credential of the same kind"
    BODY = "another body"
    QUERY = "another query"
    USER_AGENT = "another User-Agent"
    NETWORK = "another network, in which names may lead elsewhere"
    TIME = "another time"


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
    empty where none was told. `names_a_stage`, `is_root`: as far as the configured entrance, or
    else a usual name, tells which part of the path is the stage. `in_vpc`: the connection went to
    a private address, as to a VPC endpoint.
    """

    has_address: bool
    host_kind: HostKind
    depth: int
    names_a_stage: bool | None
    is_root: bool | None
    method: str
    behind_cdn: bool | None
    in_vpc: bool | None
    took_as_long_as_a_timeout: bool | None


@dataclass(frozen=True, slots=True)
class Look:
    """`may_differ`: what else than caller and place may differ from the look in question.

    `differs`: what is told to differ. `is_twin`: that is known to be all.
    """

    kinds: frozenset[ApiKind]
    places: frozenset[Place]
    callers: frozenset[Caller]
    seen: Recognition
    shape: Shape
    may_differ: frozenset[Varying] = frozenset()
    differs: frozenset[Varying] = frozenset()
    is_twin: bool = False

    @property
    def answers(self) -> frozenset[Answer]:
        return self.seen.all


_DEEPEST = 3


def look_at(exchange: Exchange, subject: Exchange) -> Look:
    address = parse(exchange.request.url)
    headers = {name.lower(): value for name, value in exchange.response.headers.items()}
    kinds = _kinds(exchange, address, headers)
    differs = _differs(exchange, subject)
    is_twin = _is_alike(exchange, subject) and _is_ours(exchange, subject)
    return Look(
        kinds=kinds,
        places=_places(exchange.request, subject.request, kinds),
        callers=callers(exchange.request, subject.request),
        seen=recognise(exchange),
        may_differ=_may_differ(exchange, subject, differs),
        differs=differs,
        is_twin=bool(differs) and is_twin,
        shape=Shape(
            has_address=bool(address.host),
            host_kind=address.host_kind,
            depth=min(len(address.segments), _DEEPEST),
            names_a_stage=_names_a_stage(exchange.request, address),
            is_root=_is_root(exchange.request, address, kinds),
            method=exchange.request.method.upper(),
            behind_cdn=_behind_cdn(address, headers),
            in_vpc=_in_vpc(exchange.response.address),
            took_as_long_as_a_timeout=_took_long(exchange.response),
        ),
    )


@lru_cache(maxsize=1024)
def _in_vpc(address: str | None) -> bool | None:
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
    Varying.NETWORK: _told(lambda one: _in_vpc(one.response.address)),
    Varying.TIME: lambda one, other: _are_long_apart(one.request.at, other.request.at),
}


def _differs(exchange: Exchange, subject: Exchange) -> frozenset[Varying]:
    return frozenset(what for what, differ in _TOLD.items() if differ(exchange, subject))


def _may_differ(
    exchange: Exchange, subject: Exchange, differs: frozenset[Varying]
) -> frozenset[Varying]:
    """What is told to differ; of two looks that are told to be alike, whatever is not told.

    Of ours each has a credential of its own, and all are taken in the same moment.
    """
    if exchange == subject or not _is_alike(exchange, subject):
        return differs
    if not _is_ours(exchange, subject):
        return frozenset(Varying)
    other = Varying.CREDENTIAL if exchange.request.presented else Varying.TIME
    return differs or frozenset({other})


def _is_ours(exchange: Exchange, subject: Exchange) -> bool:
    """Our own looks name their route, and tell all that we vary."""
    return bool(exchange.request.route and subject.request.route)


def _is_alike(exchange: Exchange, subject: Exchange) -> bool:
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


_STAGES = "prod(uction)?|dev(elop(ment)?)?|test(ing)?|stage|staging|stg|qa|uat|preprod"
_PATHS_AS_WELL = r"preview|live|beta|alpha|sandbox|demo|int|api|latest|v\d[\w.-]*"


def _named(names: str) -> re.Pattern[str]:
    return re.compile(rf"\$default|(.+[-_])?({names})([-_]\w+)?", re.IGNORECASE)


_SURELY_A_STAGE = _named(_STAGES)
_USUAL_STAGE = _named(f"{_STAGES}|{_PATHS_AS_WELL}")
"""Chalice's own stage is `api`."""


def is_surely_a_stage(segment: str) -> bool:
    return bool(_SURELY_A_STAGE.fullmatch(segment))


def is_usual_stage(segment: str) -> bool:
    return bool(_USUAL_STAGE.fullmatch(segment))


def _names_a_stage(request: Request, address: Address) -> bool | None:
    """Whether the first segment was meant as a stage."""
    if address.host_kind is not HostKind.EXECUTE_API:
        return None
    base = _base(request, address)
    if base is not None or not address.segments:
        return bool(base)
    return is_usual_stage(address.segments[0]) or None


def _is_root(request: Request, address: Address, kinds: frozenset[ApiKind]) -> bool | None:
    """Whether the URL ends where the API's own paths begin.

    On HTTP APIs with a `$default` stage, that is before the first segment.
    """
    base = _base(request, address)
    if base is not None:
        return False
    if address.host_kind is not HostKind.EXECUTE_API:
        return True if address.host_kind is HostKind.CUSTOM and not address.segments else None
    stage_first = ApiKind.HTTP not in kinds or _names_a_stage(request, address)
    return len(address.segments) == (1 if stage_first else 0)


def _base(request: Request, address: Address) -> tuple[str, ...] | None:
    """The path of the configured entrance; None where it is not told, or the URL is all of it."""
    entrance = parse(request.entrance or "")
    base = entrance.segments
    reaches_further = len(address.segments) > len(base) and address.segments[: len(base)] == base
    return base if entrance.host == address.host and reaches_further else None


def _took_long(response: Response) -> bool | None:
    """API Gateway gives an integration 29 seconds, or 30, unless told otherwise.

    Where no answer came, nobody knows how long it would have taken.
    """
    if response.elapsed_ms is None or response.status == 0:
        return None
    return response.elapsed_ms >= _LONG_MS


_LONG_MS = 28_500


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
    if "@connections" in address.segments:
        # Whoever calls it means a WebSocket API. To an HTTP API it is a path like any other that
        # no route matches (ms-011), and then that API answered.
        if exchange.response.status == 404 or said.message == "Not Found":
            return by_evidence
        by_evidence = by_evidence - {ApiKind.HTTP} or by_evidence
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
    same_method = request.method.upper() == subject.method.upper()
    if (here.host, here.port) != (there.host, there.port):
        same_path = same_method and _one_ends_in_the_other(here.segments, there.segments)
        return frozenset({Place.OTHER_ENTRANCE if same_path else Place.OTHER_HOST})
    if not (request.method and subject.method) and here.segments == there.segments:
        return _SAME_PATH
    if here.segments == there.segments:
        place = Place.ROUTE if same_method else _by_another_method(request.method)
        if here.ends_in_slash == there.ends_in_slash:
            return frozenset({place})
        # Another resource (rt-041), unless it is the root of a stage.
        return frozenset({Place.ELSEWHERE} if len(here.segments) > 1 else {place, Place.ELSEWHERE})
    shifted = _shifted(here, there, kinds) if same_method else frozenset()
    return shifted or _elsewhere(request, subject, kinds)


_SAME_PATH = frozenset({Place.ROUTE, Place.OTHER_METHOD, Place.PREFLIGHT})


def _one_ends_in_the_other(here: tuple[str, ...], there: tuple[str, ...]) -> bool:
    """At most the stage or base path differs, which each entrance has of its own."""
    shorter, longer = sorted((here, there), key=len)
    return len(longer) - len(shorter) <= 1 and longer[len(longer) - len(shorter) :] == shorter


def _by_another_method(method: str) -> Place:
    return Place.PREFLIGHT if method.upper() == "OPTIONS" else Place.OTHER_METHOD


def _shifted(here: Address, there: Address, kinds: frozenset[ApiKind]) -> frozenset[Place]:
    """The same path with a segment more or less before it: a stage's, a base path's, or a route's.

    At a REST API's default name the first segment is a stage, whatever it is called.
    """
    at_default = here.host_kind is HostKind.EXECUTE_API
    rest = at_default and ApiKind.HTTP not in kinds
    if here.segments and here.segments == there.segments[1:]:
        if rest:
            return frozenset({Place.OTHER_STAGE})
        return _surely_if(is_surely_a_stage(there.segments[0]), Place.WITHOUT_FIRST_SEGMENT)
    if not here.segments or here.segments[1:] != there.segments:
        return frozenset()
    if not there.segments and not (at_default and is_usual_stage(here.segments[0])):
        return frozenset()
    if at_default:
        return _surely_if(rest or is_surely_a_stage(here.segments[0]), Place.BEHIND_A_STAGE)
    return frozenset({Place.BEHIND_A_BASE_PATH, Place.ELSEWHERE})


def _surely_if(sure: bool, place: Place) -> frozenset[Place]:
    return frozenset({place} if sure else {place, Place.ELSEWHERE})


def _elsewhere(request: Request, subject: Request, kinds: frozenset[ApiKind]) -> frozenset[Place]:
    """Another path of the same host: whether of the same stage, the first segment tells."""
    here, there = parse(request.url), parse(subject.url)
    path = _other_path(request, subject)
    if here.segments[:1] == there.segments[:1]:
        return path
    if here.host_kind is HostKind.EXECUTE_API and ApiKind.HTTP not in kinds:
        return frozenset({Place.OTHER_STAGE})
    return path | {Place.OTHER_STAGE}


# What people call a path that they know to be none.
_NONSENSE = re.compile(
    r".*(no-?such|nonsen[sc]e|(does-?|do-?)?no?t-?exist|doesnt-?exist|nonexist|bogus|gibberish"
    r"|not-?a-?(real-?)?(path|route|resource)|definitely-not).*|nope|asdf\w*|foobar",
    re.IGNORECASE,
)


def _other_path(request: Request, subject: Request) -> frozenset[Place]:
    """Only what is named so is surely aimed at nothing; other names just may be."""
    here, there = parse(request.url), parse(subject.url)
    same_method = request.method.upper() == subject.method.upper()
    beside = same_method and here.segments[:-1] == there.segments[:-1]
    nothing = Place.NO_SUCH_SIBLING if beside else Place.NO_SUCH_PATH
    last = here.segments[-1] if here.segments else ""
    named_so = last == NO_SUCH_ROUTE or bool(_NONSENSE.fullmatch(last.replace("_", "-")))
    return frozenset({nothing} if named_so else {nothing, Place.ELSEWHERE})

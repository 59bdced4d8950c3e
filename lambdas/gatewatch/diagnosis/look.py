"""One exchange as the causes see it: who called, where, and which answers it may have got.

Where the evidence leaves something open, a look holds every possibility. A cause is possible if any
of them allows it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gatewatch.diagnosis.caller import Caller, callers
from gatewatch.diagnosis.difference import (
    Varying,
    in_vpc,
    is_alike,
    is_ours,
    known_differences,
    possible_differences,
)
from gatewatch.diagnosis.place import Place, places
from gatewatch.gateway.answers import Answer
from gatewatch.gateway.body import read_body
from gatewatch.gateway.front_doors import is_appsync
from gatewatch.gateway.recognised import Recognition
from gatewatch.gateway.recognition import recognise
from gatewatch.gateway.stages import is_usual_stage
from gatewatch.gateway.url import Address, HostKind, parse
from gatewatch.model import (
    ApiKind,
    Exchange,
    Request,
    Response,
)


@dataclass(frozen=True, slots=True)
class Shape:
    """What the request's own form and path show; None where the evidence does not say.

    `has_address` is false without a URL; then host and depth mean nothing. `method` is empty if
    unknown. `names_a_stage`, `is_root`: as far as the configured entrance, or else a usual name,
    shows which part of the path is the stage. `in_vpc`: the connection went to a private address,
    such as a VPC endpoint's.
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
    """`may_differ`: what, besides caller and place, may differ from the look in question.

    `differs`: what is known to differ. `is_twin`: nothing else differs.
    """

    kinds: frozenset[ApiKind]
    places: frozenset[Place]
    callers: frozenset[Caller]
    recognition: Recognition
    shape: Shape
    may_differ: frozenset[Varying] = frozenset()
    differs: frozenset[Varying] = frozenset()
    is_twin: bool = False

    @property
    def answers(self) -> frozenset[Answer]:
        return self.recognition.all


_DEEPEST = 3


def look_at(exchange: Exchange, subject: Exchange) -> Look:
    address = parse(exchange.request.url)
    headers = {name.lower(): value for name, value in exchange.response.headers.items()}
    kinds = _kinds(exchange, address, headers)
    differs = known_differences(exchange, subject)
    is_twin = is_alike(exchange, subject) and is_ours(exchange, subject)
    return Look(
        kinds=kinds,
        places=places(exchange.request, subject.request, kinds),
        callers=callers(exchange.request, subject.request),
        recognition=recognise(exchange),
        may_differ=possible_differences(exchange, subject, differs),
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
            in_vpc=in_vpc(exchange.response.address),
            took_as_long_as_a_timeout=_took_long(exchange.response),
        ),
    )


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

    With the `$default` stage of an HTTP API, they begin at the first segment.
    """
    base = _base(request, address)
    if base is not None:
        return False
    if address.host_kind is not HostKind.EXECUTE_API:
        return True if address.host_kind is HostKind.CUSTOM and not address.segments else None
    stage_first = ApiKind.HTTP not in kinds or _names_a_stage(request, address)
    return len(address.segments) == (1 if stage_first else 0)


def _base(request: Request, address: Address) -> tuple[str, ...] | None:
    """The path of the configured entrance; None if it is unknown or the URL goes no further."""
    entrance = parse(request.entrance or "")
    base = entrance.segments
    reaches_further = len(address.segments) > len(base) and address.segments[: len(base)] == base
    return base if entrance.host == address.host and reaches_further else None


def _took_long(response: Response) -> bool | None:
    """Whether it took the 29 or 30 seconds that API Gateway gives an integration by default.

    Without an answer, nobody knows how long one would have taken.
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
    body = read_body(exchange.response.body)
    if is_appsync(exchange, body):
        return frozenset({ApiKind.APPSYNC})
    by_evidence = _kinds_by_host(exchange.request.url, address) & _kinds_by_headers(headers)
    if body.in_frame:
        return by_evidence & {ApiKind.WEBSOCKET} or by_evidence
    if "@connections" in address.segments:
        # This path means a WebSocket API. To an HTTP API it is a path like any other; if no route
        # matches it (ms-011), the HTTP API answered.
        if exchange.response.status == 404 or body.message == "Not Found":
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
    """By the id headers: apigw-requestid is an HTTP API's, x-amz-apigw-id a REST API's."""
    if "apigw-requestid" in headers:
        return frozenset({ApiKind.HTTP})
    if "x-amz-apigw-id" in headers:
        return _REST_LIKE
    if headers.get("x-amzn-errortype", "").startswith("ForbiddenException"):
        # The front that all APIs share answers before it chooses one (ms-055).
        return _REST_LIKE | {ApiKind.FUNCTION_URL, ApiKind.HTTP}
    if "x-amzn-errortype" in headers:
        return _REST_LIKE | {ApiKind.FUNCTION_URL, ApiKind.APPSYNC}
    return frozenset(ApiKind)

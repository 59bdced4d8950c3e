"""Whether an answer shows that its request passed the gateway's guards, by more than an absence.

A REST API's own refusals bring an error type. That an answer brings none is no proof: a CDN or a
proxy on the way may have taken the header.
"""

from __future__ import annotations

from gatewatch.gateway.traits import traits_of
from gatewatch.gateway.url import HostKind, parse
from gatewatch.model import Exchange

_ON_THE_WAY = ("x-amz-cf-id", "via", "x-served-by", "cf-ray", "x-cache", "x-akamai-request-id")


def shows_its_writer(exchange: Exchange) -> bool:
    """Whether signs of its own tell who wrote it: an error type, an integration's headers, or the
    id of an HTTP API, which has no words but its own few."""
    seen = traits_of(exchange)
    if seen.error_type is not None or seen.by_http:
        return True
    if any(name.startswith("x-amzn-remapped-") for name in seen.headers):
        return True
    # Every integration's answer was recorded with a trace id; some older refusals had one, too.
    traced = seen.by_rest and "x-amzn-trace-id" in seen.headers
    return traced and not _came_through_a_proxy(exchange)


def _came_through_a_proxy(exchange: Exchange) -> bool:
    if parse(exchange.request.url).host_kind is HostKind.EXECUTE_API:
        return False
    return any(name.lower() in _ON_THE_WAY for name in exchange.response.headers)

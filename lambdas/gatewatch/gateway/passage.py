"""Whether an answer proves that its request passed the gateway's guards.

A REST API's own refusals carry an error type. The lack of one is no proof: a CDN or a proxy on the
way may have removed the header.
"""

from __future__ import annotations

from gatewatch.gateway.traits import traits_of
from gatewatch.gateway.url import HostKind, parse
from gatewatch.model import Exchange

_ON_THE_WAY = ("x-amz-cf-id", "via", "x-served-by", "cf-ray", "x-cache", "x-akamai-request-id")


def shows_its_writer(exchange: Exchange) -> bool:
    """Whether its headers prove who wrote it: an error type, an integration's headers, or the id of
    an HTTP API, which has only a few texts of its own."""
    traits = traits_of(exchange)
    if traits.error_type is not None or traits.by_http:
        return True
    if any(name.startswith("x-amzn-remapped-") for name in traits.headers):
        return True
    # Every recorded integration's answer has a trace id; so have some older refusals.
    traced = traits.by_rest and "x-amzn-trace-id" in traits.headers
    return traced and not _came_through_a_proxy(exchange)


def _came_through_a_proxy(exchange: Exchange) -> bool:
    if parse(exchange.request.url).host_kind is HostKind.EXECUTE_API:
        return False
    return any(name.lower() in _ON_THE_WAY for name in exchange.response.headers)

"""CloudFront in front of the API, and what it does to requests."""

from __future__ import annotations

from dataclasses import replace

from gatewatch.sandbox.entrances import READING, Behaviour, Distribution
from gatewatch.sandbox.faults.base import (
    BY_CDN,
    Caller,
    Fault,
    Look,
    behaviour,
    by_name,
    distribution,
)
from gatewatch.sandbox.firewall import Rule
from gatewatch.sandbox.integrations import Reply
from gatewatch.sandbox.orders import BUCKET

_HEALTH = Look(f"{BY_CDN}/health")
_ORDERS = Look(f"{BY_CDN}/orders", Caller.USER)
_POST = Look(f"{BY_CDN}/orders", method="POST")
_LOGIN = Reply(401, "", (("WWW-Authenticate", "Basic"),), None)


def _site_only(one: Distribution) -> Distribution:
    return replace(one, behaviours=(Behaviour(BUCKET),))


FAULTS = by_name(
    Fault(
        "cdn_drops_authorization",
        "the distribution stops to forward Authorization",
        "cloudfront_authorization_dropped",
        _ORDERS,
        behaviour(lambda one: replace(one, forwards_authorization=False)),
    ),
    Fault(
        "cdn_forwards_host",
        "the distribution forwards the viewer's Host to the API",
        "cloudfront_host_header_forwarded",
        _HEALTH,
        behaviour(lambda one: replace(one, forwards_host=True)),
    ),
    Fault(
        "cdn_reads_only",
        "the distribution allows GET and HEAD only",
        "cloudfront_method_not_allowed",
        _POST,
        behaviour(lambda one: replace(one, methods=READING)),
    ),
    Fault(
        "cdn_blocks_country",
        "the distribution blocks our country",
        "cloudfront_blocked",
        _HEALTH,
        distribution(lambda one: replace(one, blocks_country=True)),
    ),
    Fault(
        "cdn_waf_blocks",
        "a WAF rule at the distribution blocks every request",
        "waf_blocked",
        _HEALTH,
        distribution(lambda one: replace(one, web_acl=(Rule(),))),
    ),
    Fault(
        "cdn_alias_removed",
        "the name is taken off the distribution, and DNS still leads there",
        "cloudfront_alias_not_configured",
        _HEALTH,
        distribution(lambda one: replace(one, aliases=frozenset())),
    ),
    Fault(
        "cdn_function_denies",
        "a function at the edge asks for a login",
        "edge_function_denied",
        _HEALTH,
        behaviour(lambda one: replace(one, edge_function=_LOGIN)),
    ),
    Fault(
        "cdn_origin_path_lost",
        "the distribution's origin path, which held the stage, is overwritten",
        "stage_missing_from_url",
        _HEALTH,
        behaviour(lambda one: replace(one, origin_path="")),
    ),
    Fault(
        "cdn_behaviour_removed",
        "the API's behaviour is removed, and its paths fall to the site's bucket",
        "s3_access_denied",
        _HEALTH,
        distribution(_site_only),
    ),
)

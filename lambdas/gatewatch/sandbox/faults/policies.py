"""IAM, policies, WAF and client certificates that refuse."""

from __future__ import annotations

from dataclasses import replace

from gatewatch.sandbox.api import Authorization, Definition, Endpoint, Method, Stage
from gatewatch.sandbox.entrances import Domain, VpcEndpoint
from gatewatch.sandbox.faults.base import (
    BY_DOMAIN,
    HEALTH,
    HTTP,
    ORDERS,
    Caller,
    Fault,
    Look,
    by_name,
    definition,
    http_api,
    method,
    rest_api,
    stages,
)
from gatewatch.sandbox.firewall import Action, CustomResponse, Rule
from gatewatch.sandbox.integrations import Function
from gatewatch.sandbox.orders import DOMAIN, MTLS_DOMAIN, RECEIPTS
from gatewatch.sandbox.policies import DENY_EVERYBODY, PolicyEffect, Statement
from gatewatch.sandbox.world import World

_FROM_THE_OFFICE = (Statement(PolicyEffect.ALLOW, source_addresses=frozenset({"203.0.113.7"})),)


def _deny_everybody(one: Definition) -> Definition:
    return replace(one, policy=DENY_EVERYBODY)


def _office_only(one: Definition) -> Definition:
    return replace(one, policy=_FROM_THE_OFFICE)


def _guarded_by_iam(rule: Method) -> Method:
    return replace(rule, authorization=Authorization.IAM)


def _no_bots(stage: Stage) -> Stage:
    return replace(stage, web_acl=(Rule(user_agent="gatewatch"),))


def _rate_rule(stage: Stage) -> Stage:
    return replace(stage, web_acl=(Rule(response=CustomResponse(429, '{"error":"slow down"}')),))


def _challenge(stage: Stage) -> Stage:
    return replace(stage, web_acl=(Rule(Action.CHALLENGE),))


def _private(world: World) -> World:
    """The API becomes private; the caller's VPC endpoint lets only another network in."""
    inside = replace(world, vpc_endpoint=VpcEndpoint(policy=_FROM_THE_OFFICE))
    return rest_api(lambda api: replace(api, endpoint=Endpoint.PRIVATE))(inside)


def _unpermitted(world: World) -> World:
    url = world.function_urls[RECEIPTS]
    return world.with_function_url(RECEIPTS, replace(url, function=Function(permitted=False)))


def _iam_receipts(world: World) -> World:
    return world.with_function_url(RECEIPTS, replace(world.function_urls[RECEIPTS], iam=True))


def _mutual(world: World) -> World:
    before = world.domains[DOMAIN]
    truststore = world.domains[MTLS_DOMAIN].truststore
    return world.with_domain(DOMAIN, replace(before, truststore=truststore))


def _another_truststore(world: World) -> World:
    before: Domain = world.domains[MTLS_DOMAIN]
    changed = replace(before, truststore=frozenset({"Sandbox Next Authority"}))
    return world.with_domain(MTLS_DOMAIN, changed)


FAULTS = by_name(
    Fault(
        "policy_denies",
        "a resource policy denies everybody",
        "resource_policy_deny",
        HEALTH,
        rest_api(definition(_deny_everybody)),
    ),
    Fault(
        "policy_for_the_office",
        "a resource policy lets only the office's address in",
        "resource_policy_deny",
        HEALTH,
        rest_api(definition(_office_only)),
    ),
    Fault(
        "endpoint_policy",
        "the API goes private, and the VPC endpoint's policy names another network",
        "vpc_endpoint_policy_deny",
        HEALTH,
        _private,
    ),
    Fault(
        "iam_on_open_route",
        "GET /health gets IAM authorization",
        "iam_unsigned",
        HEALTH,
        rest_api(method("/health", _guarded_by_iam)),
    ),
    Fault(
        "iam_on_token_route",
        "GET /orders gets IAM authorization; its callers go on with their tokens",
        "iam_non_sigv4_authorization",
        ORDERS,
        rest_api(method("/orders", _guarded_by_iam)),
    ),
    Fault(
        "waf_blocks_bots",
        "a WAF rule blocks user agents that look like a monitor",
        "waf_blocked",
        HEALTH,
        rest_api(stages(_no_bots)),
    ),
    Fault(
        "waf_rate_rule",
        "a WAF rate rule answers 429 in the owner's words",
        "waf_blocked",
        HEALTH,
        rest_api(stages(_rate_rule)),
    ),
    Fault(
        "waf_challenges",
        "a WAF rule challenges whoever does not look like a browser",
        "waf_challenge",
        HEALTH,
        rest_api(stages(_challenge)),
    ),
    Fault(
        "http_iam_on_open_route",
        "the HTTP API's GET /health gets IAM authorization",
        "iam_unsigned",
        Look(f"{HTTP}/health"),
        http_api(method("/health", _guarded_by_iam)),
    ),
    Fault(
        "function_url_not_permitted",
        "the function's policy lacks the second permission that its URL needs",
        "function_url_permission_missing",
        Look(f"https://{RECEIPTS}/"),
        _unpermitted,
    ),
    Fault(
        "function_url_iam",
        "the function URL gets IAM authorization",
        "iam_unsigned",
        Look(f"https://{RECEIPTS}/"),
        _iam_receipts,
    ),
    Fault(
        "certificate_demanded",
        "the domain demands client certificates",
        "client_certificate_required",
        Look(f"{BY_DOMAIN}/health"),
        _mutual,
    ),
    Fault(
        "truststore_replaced",
        "the partners' domain trusts another authority from now on",
        "mtls_rejected",
        Look(f"https://{MTLS_DOMAIN}/health", Caller.CERTIFICATE),
        _another_truststore,
    ),
)

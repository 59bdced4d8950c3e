"""Which method of which resource is meant, among those that are deployed."""

from __future__ import annotations

from gatewatch.sandbox.answers import http, rest
from gatewatch.sandbox.answers.base import Answer
from gatewatch.sandbox.call import Call
from gatewatch.sandbox.gates.signature import check_signature, signer_denied

_ANY_ROUTE = "$default"


def match_route(call: Call) -> Answer | None:
    """Exact resources before variables before greedy ones, for resource and verb together."""
    resources = call.stage.served.resources
    for template in sorted(resources, key=_generality):
        verbs = resources[template]
        rule = verbs.get(call.method) or verbs.get("ANY")
        if rule is not None and _matches(template, call.path):
            call.resource, call.rule = template, rule
            return None
    return http.NOT_FOUND if call.is_http else _unmatched(call)


def _generality(template: str) -> tuple[bool, int, int, str]:
    return template == _ANY_ROUTE, template.count("+}"), template.count("{"), template


def _matches(template: str, path: str) -> bool:
    if template == _ANY_ROUTE:
        return True
    wanted, given = template.split("/"), path.split("/")
    for at, part in enumerate(wanted):
        if part.endswith("+}"):
            return len(given) > at and given[at] != ""
        if at >= len(given) or (part != given[at] and not (part.startswith("{") and given[at])):
            return False
    return len(wanted) == len(given)


def _unmatched(call: Call) -> Answer:
    """A request without a route is treated like a call to an IAM method (rt-010, rt-022)."""
    refusal = check_signature(call) or signer_denied(call)
    return refusal or rest.no_method(call.method, call.path.strip("/") or "/")

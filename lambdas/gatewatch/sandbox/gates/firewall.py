"""WAF: before routing, policies, authorizers and keys. Only REST APIs have one."""

from __future__ import annotations

from dataclasses import replace

from gatewatch.sandbox.answers import edges, rest
from gatewatch.sandbox.answers.base import Answer
from gatewatch.sandbox.call import Arrived, Call
from gatewatch.sandbox.firewall import Action, Rule, WebAcl


def filter_request(call: Call) -> Answer | None:
    rule = matching(call.stage.web_acl, call.arrived)
    return None if rule is None else answer(rule, rest.WAF_BLOCKED)


def matching(web_acl: WebAcl, arrived: Arrived) -> Rule | None:
    agent = arrived.headers.get("user-agent", "")
    hits = (rule for rule in web_acl if rule.matches(agent, arrived.path, arrived.length))
    return next(hits, None)


def answer(rule: Rule, blocked: Answer) -> Answer:
    """What a rule says; `blocked` is the default of whom the web ACL protects."""
    if rule.action is Action.CHALLENGE:
        return edges.CHALLENGE
    if rule.response is None:
        return blocked
    # An owner's own response to a block goes before every gateway response (cu-010).
    return replace(blocked, status=rule.response.status, body=rule.response.body, type=None)

"""Resource and endpoint policies. When they are asked depends on what guards the method.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-authorization-flow.html
"""

from __future__ import annotations

from gatewatch.sandbox.answers import rest
from gatewatch.sandbox.answers.base import Answer, Basis
from gatewatch.sandbox.api import Authorization, Endpoint
from gatewatch.sandbox.call import Call
from gatewatch.sandbox.policies import Policy, PolicyOutcome, decide

_ACTION = "allows the execute-api:Invoke action"
_RESOURCE = "resource-based policy"
_RECORDED = (Basis.RECORDED, "iam-006")


def apply_policies(call: Call) -> Answer | None:
    """Before the authorizer: an explicit deny always counts, a missing allow on open methods."""
    endpoint = call.world.vpc_endpoint
    if endpoint is not None and endpoint.policy is not None and _is_private(call):
        refusal = _refusal(call, endpoint.policy, "VPC endpoint policy", allow_needed=True)
        if refusal is not None:
            return refusal
    policy = call.stage.served.policy
    if policy is None or call.rule.authorization is Authorization.COGNITO:
        return None
    is_open = call.rule.authorization is Authorization.NONE
    return _refusal(call, policy, _RESOURCE, allow_needed=is_open)


def apply_policy_after_token(call: Call) -> Answer | None:
    """With a user pool the token is judged first, and then the policy must allow."""
    policy = call.stage.served.policy
    if policy is None or call.rule.authorization is not Authorization.COGNITO:
        return None
    return _refusal(call, policy, _RESOURCE, allow_needed=True)


def _is_private(call: Call) -> bool:
    return call.api.endpoint is Endpoint.PRIVATE


def _refusal(call: Call, policy: Policy, which: str, *, allow_needed: bool) -> Answer | None:
    user = call.signer.arn if call.signer else "anonymous"
    match decide(policy, call.asked_for, call.arrived.address):
        case PolicyOutcome.EXPLICIT_DENY:
            because = f"with an explicit deny in a {which}"
            basis, row = _RECORDED if which == _RESOURCE else (Basis.DOCUMENTED, None)
            return rest.access_denied(user, call.arn, because, basis, row)
        case PolicyOutcome.IMPLICIT_DENY if allow_needed:
            because = f"because no {which} {_ACTION}"
            return rest.access_denied(user, call.arn, because, Basis.DOCUMENTED, None)
    return None

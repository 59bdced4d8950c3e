"""IAM: who signed, and whether that signer may call this method."""

from __future__ import annotations

from gatewatch.sandbox.answers import http, rest
from gatewatch.sandbox.answers.base import Answer, Basis
from gatewatch.sandbox.api import Authorization, Endpoint
from gatewatch.sandbox.call import Call
from gatewatch.sandbox.policies import PolicyOutcome, decide
from gatewatch.sandbox.signature import Scope, Signed, refuse_form, verify

_SERVICE = "execute-api"


def authenticate(call: Call) -> Answer | None:
    if call.rule.authorization is Authorization.IAM:
        refusal = check_signature(call)
        if refusal is None and not _resource_policy_allows(call):
            refusal = signer_denied(call)
        return http.FORBIDDEN if refusal is not None and call.is_http else refusal
    if _endpoint_reads_signatures(call):
        return check_signature(call)
    return None


def check_signature(call: Call) -> Answer | None:
    """None for a good signature; the signer is then known."""
    authorization = call.headers.get("authorization", "")
    if not authorization:
        return rest.MISSING_TOKEN
    malformed = refuse_form(authorization)
    if malformed is not None:
        return malformed
    arrived = call.arrived
    signed = Signed(arrived.method, arrived.path, arrived.query, arrived.headers, arrived.body)
    # The region of a custom domain cannot be told from its name, so no scope is held against it.
    scope = Scope(None if call.by_domain else call.api.region, _SERVICE)
    verified = verify(signed, call.world.signers, scope, call.now)
    if isinstance(verified, Answer):
        return verified
    call.signer = verified
    return None


def signer_denied(call: Call) -> Answer | None:
    if call.signer is None or call.signer.may_invoke:
        return None
    because = "because no identity-based policy allows the execute-api:Invoke action"
    return rest.access_denied(call.signer.arn, call.arn, because, Basis.DOCUMENTED, None)


def _resource_policy_allows(call: Call) -> bool:
    """In the same account one allow is enough."""
    policy = call.stage.served.policy or ()
    return decide(policy, call.asked_for, call.arrived.address) is PolicyOutcome.ALLOWED


def _endpoint_reads_signatures(call: Call) -> bool:
    """A VPC endpoint with a policy of its own parses any Authorization, on open methods, too."""
    endpoint = call.world.vpc_endpoint
    has_policy = endpoint is not None and endpoint.policy is not None
    is_private = call.api.endpoint is Endpoint.PRIVATE
    return has_policy and is_private and "authorization" in call.headers

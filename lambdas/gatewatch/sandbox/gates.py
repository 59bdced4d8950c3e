"""The gates of a REST API in the gateway's order. Each may answer; the first that does ends it.

The order is recorded or documented: stage before everything, routing before IAM and keys, the
authorizer before the key, the key before the integration.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from gatewatch.sandbox import answers
from gatewatch.sandbox.answers import Answer
from gatewatch.sandbox.api import (
    Authorization,
    AuthorizerMood,
    IntegrationMood,
    Method,
    Resources,
    RestApi,
    Signer,
    World,
)
from gatewatch.sandbox.signature import Signed, is_signature, refuse_form, verify


@dataclass(slots=True)
class Call:
    """One request on its way; the gates fill in what they learn. Header names are lower case."""

    method: str
    host: str
    path: str
    query: str
    headers: Mapping[str, str]
    now: datetime
    api: RestApi | None = None
    stage: str = ""
    resource_path: str = "/"
    resource: str = ""
    rule: Method = field(default_factory=Method)
    signer: Signer | None = None

    @property
    def found(self) -> RestApi:
        if self.api is None:
            raise LookupError("no API was chosen")
        return self.api

    @property
    def arn(self) -> str:
        api = self.found
        return (
            f"arn:aws:execute-api:{api.region}:********{api.account[-4:]}:{api.id}/{self.stage}/"
            f"{self.method}{self.resource_path}"
        )


Gate = Callable[[Call, World], Answer | None]


def serve(call: Call, world: World) -> Answer:
    for gate in GATES:
        answer = gate(call, world)
        if answer is not None:
            return answer
    raise LookupError("the integration always answers")


def choose_stage(call: Call, world: World) -> Answer | None:
    """Host, base path and stage choose what is called; failing that, everything is Forbidden."""
    segments = [segment for segment in call.path.split("/") if segment]
    chosen = _by_domain(call, segments, world) or _by_endpoint(call, segments, world)
    if chosen is None or chosen[1] not in chosen[0].stages:
        return answers.FORBIDDEN
    call.api, call.stage, rest = chosen
    slash = "/" if call.path.endswith("/") and rest else ""
    call.resource_path = "/" + "/".join(rest) + slash
    return None


def _by_domain(
    call: Call, segments: list[str], world: World
) -> tuple[RestApi, str, list[str]] | None:
    mappings = world.domains.get(call.host, {})
    base = segments[0] if segments and segments[0] in mappings else ""
    if base not in mappings:
        return None
    api_id, stage = mappings[base]
    return world.apis[api_id], stage, segments[1:] if base else segments


def _by_endpoint(
    call: Call, segments: list[str], world: World
) -> tuple[RestApi, str, list[str]] | None:
    api = next((api for api in world.apis.values() if api.host == call.host), None)
    return (api, segments[0], segments[1:]) if api is not None and segments else None


def match_route(call: Call, _: World) -> Answer | None:
    """Exact resources before variables before greedy ones, for resource and verb together."""
    resources = call.found.stages[call.stage]
    for template in sorted(resources, key=_generality):
        verbs = resources[template]
        rule = verbs.get(call.method) or verbs.get("ANY")
        if rule is not None and _matches(template, call.resource_path):
            call.resource, call.rule = template, rule
            return None
    return _unmatched(call, resources)


def _generality(template: str) -> tuple[int, int, str]:
    return template.count("+}"), template.count("{"), template


def _matches(template: str, path: str) -> bool:
    wanted, given = template.split("/"), path.split("/")
    for at, part in enumerate(wanted):
        if part.endswith("+}"):
            return len(given) > at and given[at] != ""
        if at >= len(given) or (part != given[at] and not (part.startswith("{") and given[at])):
            return False
    return len(wanted) == len(given)


def _unmatched(call: Call, _: Resources) -> Answer:
    """A request without a route is treated like a call to an IAM method."""
    refusal = _authenticate(call)
    if refusal is not None:
        return refusal
    if call.signer is not None and not call.signer.may_invoke:
        return answers.identity_denied(call.signer.arn, call.arn)
    return answers.no_method(call.method, call.resource_path.strip("/"))


def _authenticate(call: Call) -> Answer | None:
    authorization = call.headers.get("authorization", "")
    if not authorization:
        return answers.MISSING_TOKEN
    if not is_signature(authorization):
        return refuse_form(authorization)
    signed = Signed(call.method, call.path, call.query, call.headers)
    verified = verify(signed, call.found.accepted.signers, call.now)
    if isinstance(verified, Answer):
        return verified
    call.signer = verified
    return None


def authenticate(call: Call, _: World) -> Answer | None:
    return _authenticate(call) if call.rule.authorization is Authorization.IAM else None


def apply_policies(call: Call, _: World) -> Answer | None:
    """The resource policy for everybody, and the signer's own permission."""
    user = call.signer.arn if call.signer else "anonymous"
    if call.found.denied_by_policy:
        return answers.policy_denied(user, call.arn)
    if call.signer is not None and not call.signer.may_invoke:
        return answers.identity_denied(user, call.arn)
    return None


def ask_authorizer(call: Call, _: World) -> Answer | None:
    if call.rule.authorization is Authorization.COGNITO:
        token = call.headers.get("authorization", "").removeprefix("Bearer ")
        return None if token in call.found.accepted.cognito_tokens else answers.UNAUTHORIZED
    if call.rule.authorization is Authorization.LAMBDA:
        return _ask_function(call)
    return None


def _ask_function(call: Call) -> Answer | None:
    token = call.headers.get("authorization", "").removeprefix("Bearer ")
    if not token:
        return answers.UNAUTHORIZED
    match call.found.authorizer:
        case AuthorizerMood.CRASHES:
            return answers.AUTHORIZER_BROKEN
        case AuthorizerMood.DENIES_EVERYBODY:
            return answers.AUTHORIZER_DENIED
        case AuthorizerMood.JUDGES:
            known = token in call.found.accepted.authorizer_tokens
            return None if known else answers.AUTHORIZER_DENIED


def require_key(call: Call, _: World) -> Answer | None:
    if not call.rule.api_key_required:
        return None
    known = call.headers.get("x-api-key") in call.found.accepted.api_keys
    return None if known else answers.FORBIDDEN


def integrate(call: Call, _: World) -> Answer | None:
    match call.found.integration:
        case IntegrationMood.RAISES:
            return answers.FUNCTION_RAISED
        case IntegrationMood.NOT_PERMITTED:
            return answers.NOT_PERMITTED
        case IntegrationMood.ANSWERS:
            body = {"ok": True, "resource": call.resource, "method": call.method}
            return answers.success(json.dumps(body))


GATES: tuple[Gate, ...] = (
    choose_stage,
    match_route,
    authenticate,
    apply_policies,
    ask_authorizer,
    require_key,
    integrate,
)

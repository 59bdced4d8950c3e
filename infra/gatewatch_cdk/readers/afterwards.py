"""Whether the finished templates say what was read from constructs: overrides (escape hatches) and
later changes do not show in a construct, and would leave a route watched for what it is not."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from aws_cdk import aws_lambda as lambda_

from gatewatch_cdk.readers.tree import condition_of, rendered

_API = ("policy", "body", "body_s3_location", "disable_execute_api_endpoint")
_DOMAIN = ("domain_name", "mutual_tls_authentication")
_READ: dict[type[cdk.CfnResource], tuple[str, ...]] = {
    apigateway.CfnRestApi: (*_API, "endpoint_configuration", "clone_from", "parameters"),
    apigateway.CfnResource: ("path_part",),
    apigateway.CfnMethod: ("http_method", "authorization_type", "api_key_required"),
    apigateway.CfnStage: ("stage_name",),
    apigateway.CfnBasePathMapping: ("base_path", "stage"),
    apigateway.CfnDomainName: _DOMAIN,
    apigatewayv2.CfnApi: (
        *(name for name in _API if name != "policy"),
        "protocol_type",
        "route_key",
        "target",
    ),
    apigatewayv2.CfnRoute: ("route_key", "authorization_type"),
    apigatewayv2.CfnStage: ("stage_name",),
    apigatewayv2.CfnApiMapping: ("api_mapping_key", "stage"),
    apigatewayv2.CfnDomainName: (*_DOMAIN, "routing_mode"),
    lambda_.CfnUrl: ("auth_type",),
}
"""What readers look at, by kind of resource."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was read of a resource. `value`s are JSON; those that the deployment fills in are ?."""

    path: str
    template: Path
    logical_id: str
    values: tuple[tuple[str, str], ...]
    has_condition: bool


@dataclass(frozen=True, slots=True)
class Difference:
    """A resource that is not as it was read, and how, in words."""

    snapshot: Snapshot
    text: str


def snapshots(resources: Iterable[cdk.CfnResource]) -> list[Snapshot]:
    templates: dict[cdk.Stack, Path] = {}
    found = []
    for one in resources:
        stack = one.stack
        if stack not in templates:
            templates[stack] = _template_of(stack)
        found.append(_snapshot(one, stack, templates[stack]))
    return found


def _template_of(stack: cdk.Stack) -> Path:
    stage = cdk.Stage.of(stack)
    return Path("." if stage is None else stage.outdir, stack.template_file)


def _snapshot(resource: cdk.CfnResource, stack: cdk.Stack, template: Path) -> Snapshot:
    names = next((names for kind, names in _READ.items() if isinstance(resource, kind)), ())
    return Snapshot(
        path=resource.node.path,
        template=template,
        logical_id=str(stack.resolve(resource.logical_id)),
        values=tuple(
            (_property(name), _comparable(rendered(resource, getattr(resource, name))))
            for name in names
        ),
        has_condition=condition_of(resource) is not None,
    )


def differences(taken: Sequence[Snapshot]) -> Iterator[Difference]:
    templates = {path: _resources(path) for path in {one.template for one in taken}}
    for one in taken:
        resources = templates[one.template]
        told = [*_differing(one, resources.get(one.logical_id))]
        told += [f"{name} came later" for name in _unseen(one, taken, resources)]
        if told:
            yield Difference(one, ", ".join(told))


_OWNED = {"AWS::ApiGateway::Method": "RestApiId", "AWS::ApiGatewayV2::Route": "ApiId"}


def _unseen(
    api: Snapshot, taken: Sequence[Snapshot], resources: Mapping[str, Any]
) -> Iterator[str]:
    """Methods and routes of an API that were not there when it was read."""
    seen = {one.logical_id for one in taken if one.template == api.template}
    for name, one in resources.items():
        owner = one.get("Properties", {}).get(_OWNED.get(one.get("Type", ""), ""))
        if name not in seen and owner == {"Ref": api.logical_id}:
            yield name


def _differing(one: Snapshot, found: object) -> Iterator[str]:
    if not isinstance(found, dict):
        yield "it is in no template that is written by now"
        return
    properties = found.get("Properties", {})
    for name, value in one.values:
        shown = _comparable(properties.get(name))
        if shown != value:
            yield f"{name} is {_short(shown)} in its template, and {_short(value)} in its construct"
    if ("Condition" in found) != one.has_condition:
        yield "its condition is not the one of its construct"


_SHOWN = 60


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _resources(template: Path) -> dict[str, Any]:
    """None where another Stage writes its templates later."""
    if not template.exists():
        return {}
    found = json.loads(template.read_text(encoding="utf-8"))
    return dict(found.get("Resources", {}))


def _property(attribute: str) -> str:
    return "".join(part.capitalize() for part in attribute.split("_"))


def _comparable(value: object) -> str:
    return json.dumps(_settled(value), sort_keys=True)


def _settled(value: object) -> object:
    """Without what only the deployment knows, which another stack may write otherwise; and with
    keys as constructs spell them."""
    match value:
        case dict() if any(name == "Ref" or name.startswith("Fn::") for name in value):
            return "?"
        case dict():
            return {
                f"{name[:1].lower()}{name[1:]}": _settled(one)
                for name, one in value.items()
                if one is not None
            }
        case list() | tuple():
            return [_settled(one) for one in value]
    return value

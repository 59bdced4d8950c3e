"""The custom domains that lead to a stage: mappings anywhere in the tree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import aws_cdk as cdk
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_apigatewayv2 as apigatewayv2

from gatewatch_cdk.readers.reading import Remark
from gatewatch_cdk.readers.stages import Stage
from gatewatch_cdk.readers.tree import Tree, condition_of, is_known, named, target

Domain: TypeAlias = (
    apigateway.CfnDomainName | apigateway.CfnDomainNameV2 | apigatewayv2.CfnDomainName
)
_NONE = (None, "", "(none)")


@dataclass(frozen=True, slots=True)
class _Mapping:
    """`stage` None: the caller names it, after the base path."""

    made: cdk.CfnResource
    domain: str
    base_path: str | None
    stage: str | None


@dataclass(frozen=True, slots=True)
class Domains:
    urls: tuple[str, ...]
    remarks: tuple[Remark, ...]


def domains(
    tree: Tree, api: frozenset[str], stage: Stage, *, is_private: bool, condition: str | None
) -> Domains:
    """`condition`: under which the API is deployed."""
    urls: list[str] = []
    remarks: list[Remark] = []
    for one in _mappings(tree, api):
        if one.stage not in _NONE and named(one.made, one.stage) not in stage.names:
            continue
        definition = _definition(one, tree)
        name = definition.domain_name if definition is not None else one.domain
        place = name if is_known(name) else one.made.node.path
        reason = _why_not(one, definition, name, is_private=is_private, condition=condition)
        if reason:
            text = f"{place} is not watched: {reason}; give also_at in settings to do so"
            remarks.append(Remark("domain", place, text))
        else:
            urls.append(_url(str(name), one, stage))
    return Domains(tuple(dict.fromkeys(urls)), tuple(dict.fromkeys(remarks)))


def _mappings(tree: Tree, api: frozenset[str]) -> Iterator[_Mapping]:
    for one in tree.belonging(apigateway.CfnBasePathMapping, lambda found: found.rest_api_id, api):
        yield _Mapping(one, one.domain_name, one.base_path, one.stage)
    for other in tree.belonging(
        apigateway.CfnBasePathMappingV2, lambda found: found.rest_api_id, api
    ):
        yield _Mapping(other, other.domain_name_arn, other.base_path, other.stage)
    for third in tree.belonging(apigatewayv2.CfnApiMapping, lambda found: found.api_id, api):
        yield _Mapping(third, third.domain_name, third.api_mapping_key, third.stage)


def _definition(mapping: _Mapping, tree: Tree) -> Domain | None:
    found = target(mapping.domain)
    kinds = (apigateway.CfnDomainName, apigateway.CfnDomainNameV2, apigatewayv2.CfnDomainName)
    return tree.noted(found) if isinstance(found, kinds) else None


def _why_not(
    mapping: _Mapping,
    definition: Domain | None,
    name: str | None,
    *,
    is_private: bool,
    condition: str | None,
) -> str:
    """Why the domain is no entrance that a stranger's look can take; empty if it is one."""
    if condition_of(mapping.made) not in (None, condition):
        return "it is mapped under a condition, which only the deployment decides"
    if name is None or (definition is None and is_known(name) and ":" in name):
        return "its name stands in another app"
    if is_known(name) and "*" in name:
        return "it stands for many names"
    if definition is None:
        return ""
    if condition_of(definition) not in (None, condition):
        return "it exists under a condition, which only the deployment decides"
    if isinstance(definition, apigateway.CfnDomainNameV2):
        return "" if is_private else "it is private"
    if definition.mutual_tls_authentication is not None:
        return "it demands client certificates (mutual TLS)"
    return _why_not_routed(definition)


def _why_not_routed(definition: Domain) -> str:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/rest-api-routing-mode.html"""
    mode = getattr(definition, "routing_mode", None)
    if mode in (None, "API_MAPPING_ONLY"):
        return ""
    return f"its routing rules are not read (routing mode {mode})"


def _url(name: str, mapping: _Mapping, stage: Stage) -> str:
    parts = [] if mapping.base_path in _NONE else [str(mapping.base_path).strip("/")]
    if mapping.stage in _NONE:
        parts.append(stage.value)
    return "/".join((f"https://{name.lower() if is_known(name) else name}", *parts))

"""Which stage of an API is watched, and the URL of its default endpoint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import aws_cdk as cdk
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from constructs import IConstruct

from gatewatch.config.problems import nearest
from gatewatch_cdk.readers.reading import Remark
from gatewatch_cdk.readers.tree import Tree, is_known, named, names_of

GivenStage: TypeAlias = (
    str | apigateway.IStage | apigateway.CfnStage | apigatewayv2.IStage | apigatewayv2.CfnStage
)
DEFAULT_STAGE = "$default"


@dataclass(frozen=True, slots=True)
class Stage:
    """`value` as it stands in URLs, perhaps a token; `name` where a synthesis knows it. `names`:
    what references to it are named. `path`: where its construct is."""

    value: str
    name: str
    names: frozenset[str]
    path: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """`lack`: why no stage is chosen."""

    stage: Stage | None
    lack: str = ""
    remarks: tuple[Remark, ...] = ()


def rest_stages(tree: Tree, api: frozenset[str]) -> list[Stage]:
    """A deployment may make a stage, too, without a resource of its own."""
    made = tree.belonging(apigateway.CfnStage, lambda one: one.rest_api_id, api)
    deployed = tree.belonging(apigateway.CfnDeployment, lambda one: one.rest_api_id, api)
    stages = [_stage(one, one.stage_name) for one in made]
    known = {one.name for one in stages}
    names = {one.stage_name for one in deployed if one.stage_name is not None}
    return [*stages, *(literal(name) for name in sorted(names - known))]


def http_stages(tree: Tree, api: frozenset[str]) -> list[Stage]:
    made = tree.belonging(apigatewayv2.CfnStage, lambda one: one.api_id, api)
    return [_stage(one, one.stage_name) for one in made]


def literal(name: str) -> Stage:
    return Stage(name, name if is_known(name) else "", frozenset({name}))


def _stage(made: cdk.CfnResource, name: str | None) -> Stage:
    """A reference to it lets the deployment make it first."""
    known = name if name is not None and is_known(name) else ""
    names = names_of(made) | ({known} if known else set())
    value = DEFAULT_STAGE if known == DEFAULT_STAGE else made.ref
    return Stage(value, known, names, made.node.path)


def choose(api: IConstruct, stages: Sequence[Stage], given: GivenStage | None) -> Choice:
    """The given stage; or `$default`, the only one, or the one that the API itself made."""
    if given is not None:
        return _given(api, stages, given)
    own = [one for one in stages if one.path.startswith(f"{api.node.path}/")]
    standard = [one for one in stages if one.name == DEFAULT_STAGE]
    for group in (standard, stages, own):
        if len(group) == 1:
            return Choice(group[0], remarks=tuple(_others(stages, group[0])))
    if not stages:
        return Choice(None, "this app defines no stage of it")
    shown = ", ".join(_shown(one) for one in stages)
    return Choice(None, f"it has the stages {shown}; expected stage=… to name one")


def _given(api: IConstruct, stages: Sequence[Stage], given: GivenStage) -> Choice:
    value = _value(given)
    wanted = named(api, value)
    for one in stages:
        if wanted in one.names:
            return Choice(one)
    if stages and isinstance(given, str) and is_known(given):
        names = [one.name for one in stages if one.name]
        near = nearest(given, names)
        hint = f' (did you mean "{near}"?)' if near else ""
        return Choice(None, f'it has no stage "{given}"; it has {", ".join(names)}{hint}')
    return Choice(literal(value))


def _value(given: GivenStage) -> str:
    if isinstance(given, str):
        return given
    if isinstance(given, (apigateway.CfnStage, apigatewayv2.CfnStage)):
        return str(given.ref)
    return str(given.stage_name)


def _others(stages: Sequence[Stage], chosen: Stage) -> list[Remark]:
    others = sorted(_shown(one) for one in stages if one is not chosen)
    if not others:
        return []
    text = (
        f"of its stages, {_shown(chosen)} is watched here; another ({', '.join(others)}) needs "
        "a watch of its own, with name=… and stage=…"
    )
    return [Remark("stages", _shown(chosen), text)]


def _shown(stage: Stage) -> str:
    return stage.name or stage.path


def endpoint(api: IConstruct, api_id: str, stage: Stage) -> str:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-call-api.html"""
    stack = cdk.Stack.of(api)
    path = "" if stage.value == DEFAULT_STAGE else f"{stage.value}/"
    return f"https://{api_id}.execute-api.{stack.region}.{stack.url_suffix}/{path}"

"""Templates of the stack, and how their policies read."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_
from aws_cdk.assertions import Template

ROOT = Path(__file__).resolve().parents[2]
Resource = dict[str, Any]
_FLAGS = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]


def new_app() -> cdk.App:
    """Without the library's own validation, which takes seconds; `python app.py` has it."""
    return cdk.App(context=_FLAGS, builtin_cloud_formation_validation=False)


def sources() -> lambda_.Code:
    """Stands in for the asset, which takes the package index to build."""
    return lambda_.Code.from_asset(str(ROOT / "infra" / "gatewatch_cdk" / "seed"))


def of(stack: cdk.Stack) -> Resource:
    return dict(Template.from_stack(stack).to_json())


def resources(template: Resource, kind: str) -> dict[str, Resource]:
    found = template["Resources"].items()
    return {name: one["Properties"] for name, one in found if one["Type"] == kind}


def named(template: Resource, kind: str, part: str) -> Resource:
    """The one resource of a kind whose logical id contains a part."""
    [found] = [one for name, one in resources(template, kind).items() if part in name]
    return found


def granted(template: Resource, role: str) -> set[tuple[str, str]]:
    """Every action and what it is allowed on, for the roles whose logical id contains a part."""
    return {
        (action, read(resource))
        for statement in statements(template, role)
        if statement["Effect"] == "Allow"
        for action in _listed(statement["Action"])
        for resource in _listed(statement["Resource"])
    }


def leading_keys(template: Resource, role: str) -> set[tuple[str, str]]:
    """What these roles may do in which partitions of the table; "*": in any."""
    return {
        (action, key)
        for statement in statements(template, role)
        for action in _listed(statement["Action"])
        if action.startswith("dynamodb:")
        for key in _partitions(statement)
    }


def _partitions(statement: Resource) -> list[str]:
    assert statement["Effect"] == "Allow"
    test = statement.get("Condition", {}).get("ForAllValues:StringLike", {})
    return _listed(test.get("dynamodb:LeadingKeys", "*"))


def statements(template: Resource, role: str) -> Iterator[Resource]:
    kinds = ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy")
    for kind in kinds:
        for one in resources(template, kind).values():
            if any(role in read(held) for held in one.get("Roles", [])):
                yield from one["PolicyDocument"]["Statement"]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def read(value: Any) -> str:
    """A value with its references as <Name>, without the digest that the CDK appends."""
    match value:
        case {"Fn::Join": [str(between), list(parts)]}:
            return between.join(read(part) for part in parts)
        case {"Ref": str(name)}:
            return f"<{short(name)}>"
        case {"Fn::GetAtt": [str(name), str(attribute)]}:
            return f"<{short(name)}.{attribute}>"
        case {"Fn::Sub": str(text)}:
            return re.sub(r"\$\{([^}]+)\}", lambda found: f"<{found[1]}>", text)
    return str(value)


def short(logical_id: str) -> str:
    """A logical id without the monitor's name and the digest that the CDK appends."""
    return re.sub(r"[0-9A-F]{8}$", "", logical_id).removeprefix("Monitor")


def refused(make: Callable[[], object], kind: type[Exception]) -> str:
    """What is said of something that cannot be made."""
    try:
        make()
    except kind as error:
        return str(error)
    raise AssertionError("nothing was refused")

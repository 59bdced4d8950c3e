"""The constructs that are synthesised together with an API, and what their values refer to."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

import aws_cdk as cdk
from constructs import IConstruct

Made = TypeVar("Made", bound=cdk.CfnResource)


class Tree:
    """All constructs of an app, or of the Stage that an API belongs to: read once, looked up often.

    References do not leave a Stage, so that the copies of an API in other Stages are not its own.
    """

    def __init__(self, scope: IConstruct) -> None:
        self._all = _stage_of(scope).node.find_all()
        self._grouped: dict[type, dict[str, list[Any]]] = {}
        self._read: dict[str, cdk.CfnResource] = {}

    def belonging(
        self, kind: type[Made], owner: Callable[[Made], object], names: frozenset[str]
    ) -> list[Made]:
        """The resources of a kind whose owner has one of these names."""
        if kind not in self._grouped:
            grouped: dict[str, list[Any]] = {}
            for one in self.of(kind):
                grouped.setdefault(named(one, owner(one)), []).append(one)
            self._grouped[kind] = grouped
        found = [one for name in sorted(names) for one in self._grouped[kind].get(name, ())]
        return [self.noted(one) for one in found]

    def noted(self, resource: Made) -> Made:
        """The resource, as one of those that were read."""
        self._read[resource.node.path] = resource
        return resource

    @property
    def read(self) -> list[cdk.CfnResource]:
        return list(self._read.values())

    def of(self, kind: type[Any]) -> list[Any]:
        return [one for one in self._all if isinstance(one, kind)]


class Trees:
    """One for each Stage, read when it is first asked for."""

    def __init__(self) -> None:
        self._trees: dict[str, Tree] = {}

    @property
    def read(self) -> list[cdk.CfnResource]:
        """All resources that were read."""
        return [one for tree in self._trees.values() for one in tree.read]

    def of(self, scope: IConstruct) -> Tree:
        path = _stage_of(scope).node.path
        if path not in self._trees:
            self._trees[path] = Tree(scope)
        return self._trees[path]


def _stage_of(scope: IConstruct) -> IConstruct:
    return cdk.Stage.of(scope) or scope.node.root


def named(scope: IConstruct, value: object) -> str:
    """What a value names: the path of the construct that it refers to, or else its text.

    Logical ids would not do: copies of a stack have the same.
    """
    if isinstance(value, str) and is_known(value):
        return value
    found = target(value)
    return found.node.path if found is not None else _rendered_name(scope, value)


def names_of(resource: cdk.CfnResource) -> frozenset[str]:
    """What references to a resource are named, those that only a rendering shows included."""
    lazily = _rendered_name(resource, {"Ref": resource.logical_id})
    return frozenset({resource.node.path, lazily})


def target(value: object) -> IConstruct | None:
    """The construct that a value refers to, if it is nothing but a reference."""
    return _target(value) if isinstance(value, str) and not is_known(value) else None


# Each question to the CDK leaves this process, and the methods of an API ask the same ones.
@lru_cache(maxsize=10_000)
def _target(value: str) -> IConstruct | None:
    token = cdk.Tokenization.reverse(value, fail_concat=False)
    if token is None or not cdk.Reference.is_reference(token):
        return None
    return token.target if isinstance(token, cdk.Reference) else None


def rendered(scope: IConstruct, value: object) -> object:
    """A value as the template will show it."""
    if value is None or isinstance(value, bool) or is_known(value):
        return value
    shown: object = cdk.Stack.of(scope).resolve(value)
    return shown


def is_known(value: object) -> bool:
    """Whether a synthesis knows the value, a text."""
    return isinstance(value, str) and not _is_unresolved(value)


@lru_cache(maxsize=10_000)
def _is_unresolved(value: str) -> bool:
    return bool(cdk.Token.is_unresolved(value))


def condition_of(resource: cdk.CfnResource) -> str | None:
    """The path of the condition under which a deployment makes the resource at all."""
    found = resource.cfn_options.condition
    return None if found is None else found.node.path


def _rendered_name(scope: IConstruct, value: object) -> str:
    shown = rendered(scope, value)
    if isinstance(shown, str):
        return shown
    stack = cdk.Stack.of(scope).node.path
    return f"{stack} {json.dumps(shown, sort_keys=True)}"

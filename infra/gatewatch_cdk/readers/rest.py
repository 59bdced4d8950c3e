"""Reads a REST API: its methods anywhere in the tree, its definition, its policy and entrances."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

from aws_cdk import aws_apigateway as apigateway
from constructs import IConstruct

from gatewatch_cdk.readers.assets import from_asset
from gatewatch_cdk.readers.entrances import entrances, method_arns
from gatewatch_cdk.readers.policies import Policy
from gatewatch_cdk.readers.reading import FoundRoute, OwnCall, Reading
from gatewatch_cdk.readers.spec import Definition, endpoint_disabled, read_definition
from gatewatch_cdk.readers.stages import Choice, GivenStage, choose, rest_stages
from gatewatch_cdk.readers.tree import (
    Tree,
    condition_of,
    is_known,
    named,
    names_of,
    rendered,
    target,
)

RestApi: TypeAlias = apigateway.RestApiBase | apigateway.CfnRestApi
_GUARDS = {
    "NONE": (),
    "AWS_IAM": ("iam",),
    "CUSTOM": ("lambda",),
    "COGNITO_USER_POOLS": ("cognito",),
}


def read_rest(api: RestApi, given: GivenStage | None, tree: Tree) -> Reading:
    api_id = api.ref if isinstance(api, apigateway.CfnRestApi) else api.rest_api_id
    made = _made(api, api_id, tree)
    names = names_of(made) if made is not None else frozenset({named(api, api_id)})
    definition = _definition(made, tree)
    choice = choose(api, rest_stages(tree, names), given)
    is_private = made is not None and "PRIVATE" in _endpoint_types(made)
    methods = _Methods(tree, names, api, made)
    routes = {(one.method, one.path): one for one in (*definition.routes, *methods.found())}
    return Reading(
        routes=tuple(routes.values()),
        entrances=entrances(
            api,
            api_id,
            names,
            choice,
            tree,
            is_private=is_private,
            condition=None if made is None else condition_of(made),
            is_disabled=made is not None
            and endpoint_disabled(made.disable_execute_api_endpoint, definition),
        ),
        calls=(OwnCall("execute-api:Invoke", method_arns(api, api_id)),),
        unread="; ".join(filter(None, (definition.unread, methods.unread))),
        policy=_policy(made, definition, choice, is_private=is_private),
        is_private=is_private,
    )


def _made(api: RestApi, api_id: str, tree: Tree) -> apigateway.CfnRestApi | None:
    """The API's own resource, if this app has it; an imported API may be one of this app, too."""
    found = api if isinstance(api, apigateway.CfnRestApi) else target(api_id)
    return tree.noted(found) if isinstance(found, apigateway.CfnRestApi) else None


def _endpoint_types(made: apigateway.CfnRestApi) -> list[Any]:
    written = rendered(made, made.endpoint_configuration)
    return list(written.get("types") or ()) if isinstance(written, dict) else []


def _policy(
    made: apigateway.CfnRestApi | None, definition: Definition, choice: Choice, *, is_private: bool
) -> Policy | None:
    written = None if made is None or made.policy is None else rendered(made, made.policy)
    document = definition.policy if written is None else written
    stage = "" if choice.stage is None else choice.stage.name
    return None if document is None else Policy(document, stage, is_private)


def _definition(made: apigateway.CfnRestApi | None, tree: Tree) -> Definition:
    if made is None:
        return Definition(unread="it is imported, so that what it defines stands elsewhere")
    if made.clone_from is not None:
        return Definition(unread="it is a clone of another API")
    base_path = _base_path(made)
    if made.body is not None:
        return read_definition(rendered(made, made.body), is_http=False, base_path=base_path)
    if made.body_s3_location is None:
        return Definition()
    location = rendered(made, made.body_s3_location)
    body = from_asset(tree, made, location)
    if isinstance(body, str):
        return Definition(unread=body)
    return read_definition(body, is_http=False, base_path=base_path)


def _base_path(made: apigateway.CfnRestApi) -> str:
    written = rendered(made, made.parameters)
    found = written.get("basepath", "ignore") if isinstance(written, dict) else "ignore"
    return found if isinstance(found, str) else "?"


class _Methods:
    """The methods of an API, and the places of those whose path nobody can tell."""

    def __init__(
        self, tree: Tree, names: frozenset[str], api: RestApi, made: apigateway.CfnRestApi | None
    ) -> None:
        self._methods = tree.belonging(apigateway.CfnMethod, lambda one: one.rest_api_id, names)
        resources = tree.belonging(apigateway.CfnResource, lambda one: one.rest_api_id, names)
        self._resources = {one.node.path: one for one in resources}
        self._roots = _roots(api, made)
        self._condition = None if made is None else condition_of(made)
        self._paths: dict[str, str | None] = {}
        self._lost = [one.node.path for one in self._methods if self._path(one) is None]

    @property
    def unread(self) -> str:
        lost = ", ".join(sorted(self._lost))
        return f"the paths of {lost} are known in another app or to the deployment" if lost else ""

    def found(self) -> Iterator[FoundRoute]:
        for one in self._methods:
            path = self._path(one)
            if path is not None:
                guards, doubt = self._guards(one)
                is_preflight = one.http_method == "OPTIONS" and _is_mock(one)
                yield FoundRoute(one.http_method, path, guards, doubt, is_preflight)

    def _guards(self, method: apigateway.CfnMethod) -> tuple[tuple[str, ...], str]:
        if condition_of(method) not in (None, self._condition):
            return (), "it exists under a condition, which only the deployment decides"
        kind, needs_key = method.authorization_type or "NONE", method.api_key_required or False
        if kind not in _GUARDS or not isinstance(needs_key, bool):
            return (), "its authorization is filled in by the deployment"
        return (*_GUARDS[kind], *(("api_key",) if needs_key else ())), ""

    def _path(self, method: apigateway.CfnMethod) -> str | None:
        known = is_known(method.http_method)
        return self._path_of(method, method.resource_id) if known else None

    def _path_of(self, scope: IConstruct, resource_id: str) -> str | None:
        name = named(scope, resource_id)
        if name not in self._paths:
            self._paths[name] = self._path_from(name)
        return self._paths[name]

    def _path_from(self, name: str) -> str | None:
        if name in self._roots:
            return "/"
        resource = self._resources.get(name)
        if resource is None or not is_known(resource.path_part):
            return None
        parent = self._path_of(resource, resource.parent_id)
        return None if parent is None else f"{parent.rstrip('/')}/{resource.path_part}"


def _roots(api: RestApi, made: apigateway.CfnRestApi | None) -> frozenset[str]:
    """What references to the API's root resource are named."""
    if made is not None:
        return frozenset({made.node.path})
    if isinstance(api, apigateway.CfnRestApi):
        return frozenset()
    try:
        return frozenset({named(api, api.rest_api_root_resource_id)})
    except RuntimeError:  # It was imported by its id alone.
        return frozenset()


def _is_mock(method: apigateway.CfnMethod) -> bool:
    written = rendered(method, method.integration)
    return isinstance(written, dict) and written.get("type") == "MOCK"

"""Reads an HTTP API: its routes anywhere in the tree, its definition and its entrances."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from aws_cdk import aws_apigatewayv2 as apigatewayv2

from gatewatch_cdk.readers.assets import from_asset
from gatewatch_cdk.readers.entrances import entrances, method_arns
from gatewatch_cdk.readers.reading import FoundRoute, OwnCall, Reading
from gatewatch_cdk.readers.spec import Definition, endpoint_disabled, read_definition
from gatewatch_cdk.readers.stages import (
    DEFAULT_STAGE,
    GivenStage,
    Stage,
    choose,
    http_stages,
    literal,
)
from gatewatch_cdk.readers.tree import (
    Tree,
    condition_of,
    is_known,
    named,
    names_of,
    rendered,
    target,
)

ApiV2: TypeAlias = apigatewayv2.IHttpApi | apigatewayv2.IWebSocketApi | apigatewayv2.CfnApi
_DEFAULT_ROUTE = "$default"
_GUARDS = {"NONE": (), "AWS_IAM": ("iam",), "CUSTOM": ("lambda",), "JWT": ("jwt",)}


def read_http(api: ApiV2, given: GivenStage | None, tree: Tree) -> Reading:
    api_id = id_of(api)
    made = _made(api, api_id, tree)
    names = names_of(made) if made is not None else frozenset({named(api, api_id)})
    definition = _definition(made, tree)
    stages = [*http_stages(tree, names), *_quick_stage(made)]
    found = tree.belonging(apigatewayv2.CfnRoute, lambda one: one.api_id, names)
    routes = [*definition.routes, *_quick_route(made), *_routes(found, made)]
    return Reading(
        routes=tuple({(one.method, one.path, one.is_everything): one for one in routes}.values()),
        entrances=entrances(
            api,
            api_id,
            names,
            choose(api, stages, given),
            tree,
            is_private=False,
            condition=None if made is None else condition_of(made),
            is_disabled=made is not None
            and endpoint_disabled(made.disable_execute_api_endpoint, definition),
        ),
        calls=(OwnCall("execute-api:Invoke", method_arns(api, api_id)),),
        tells_iam=True,
        unread="; ".join(filter(None, (definition.unread, _lost(found)))),
    )


def id_of(api: ApiV2) -> str:
    return str(api.ref if isinstance(api, apigatewayv2.CfnApi) else api.api_id)


def _made(api: ApiV2, api_id: str, tree: Tree) -> apigatewayv2.CfnApi | None:
    """The API's own resource; an imported API may be one of this app, too."""
    found = api if isinstance(api, apigatewayv2.CfnApi) else target(api_id)
    return tree.noted(found) if isinstance(found, apigatewayv2.CfnApi) else None


def _definition(made: apigatewayv2.CfnApi | None, tree: Tree) -> Definition:
    if made is None:
        return Definition(unread="it is imported, so that what it defines stands elsewhere")
    base_path = made.base_path or "ignore"
    if made.body is not None:
        return read_definition(rendered(made, made.body), is_http=True, base_path=base_path)
    if made.body_s3_location is None:
        return Definition()
    body = from_asset(tree, made, rendered(made, made.body_s3_location))
    if isinstance(body, str):
        return Definition(unread=body)
    return read_definition(body, is_http=True, base_path=base_path)


def _quick_stage(made: apigatewayv2.CfnApi | None) -> list[Stage]:
    """An API that is made with a target has this stage at once.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-apigatewayv2-api.html
    """
    return [literal(DEFAULT_STAGE)] if made is not None and made.target is not None else []


def _quick_route(made: apigatewayv2.CfnApi | None) -> list[FoundRoute]:
    if made is None or made.target is None:
        return []
    return list(_route(made.route_key or _DEFAULT_ROUTE, (), ""))


def _routes(
    made_routes: list[apigatewayv2.CfnRoute], made: apigatewayv2.CfnApi | None
) -> Iterator[FoundRoute]:
    condition = None if made is None else condition_of(made)
    for one in made_routes:
        guards, doubt = _guards(one, condition)
        yield from _route(one.route_key, guards, doubt)


def _lost(made_routes: list[apigatewayv2.CfnRoute]) -> str:
    lost = sorted(one.node.path for one in made_routes if not is_known(one.route_key))
    return f"the keys of {', '.join(lost)} are filled in by the deployment" if lost else ""


def _guards(route: apigatewayv2.CfnRoute, condition: str | None) -> tuple[tuple[str, ...], str]:
    if condition_of(route) not in (None, condition):
        return (), "it exists under a condition, which only the deployment decides"
    kind = route.authorization_type or "NONE"
    return (_GUARDS[kind], "") if kind in _GUARDS else ((), "its authorization is unknown")


def _route(key: str, guards: tuple[str, ...], doubt: str) -> Iterator[FoundRoute]:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html"""
    method, _, path = key.partition(" ")
    if key == _DEFAULT_ROUTE:
        yield FoundRoute("ANY", "/{proxy+}", guards, doubt, is_everything=True)
    elif path and is_known(key):
        yield FoundRoute(method, path, guards, doubt)

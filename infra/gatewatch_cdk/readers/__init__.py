"""Reads what the constructs of an API define: one module for each kind of API."""

from __future__ import annotations

from typing import TypeAlias

from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from aws_cdk import aws_lambda as lambda_

from gatewatch_cdk.readers.function_url import FunctionUrl, read_function_url
from gatewatch_cdk.readers.http import ApiV2, read_http
from gatewatch_cdk.readers.reading import Reading
from gatewatch_cdk.readers.rest import RestApi, read_rest
from gatewatch_cdk.readers.stages import GivenStage
from gatewatch_cdk.readers.tree import Tree
from gatewatch_cdk.readers.websocket import read_websocket

WatchedApi: TypeAlias = RestApi | ApiV2 | FunctionUrl
ACCEPTED = (
    "a RestApi (also SpecRestApi, LambdaRestApi, StepFunctionsRestApi), HttpApi, WebSocketApi, "
    "FunctionUrl, an imported API, or a CfnRestApi, CfnApi or CfnUrl"
)


def is_readable(api: object) -> bool:
    kinds = (
        apigateway.RestApiBase,
        apigateway.CfnRestApi,
        apigatewayv2.CfnApi,
        lambda_.FunctionUrl,
        lambda_.CfnUrl,
    )
    return isinstance(api, kinds) or _is_http(api) or _is_websocket(api)


def read(api: WatchedApi, stage: GivenStage | None, tree: Tree) -> Reading:
    if isinstance(api, (lambda_.FunctionUrl, lambda_.CfnUrl)):
        return read_function_url(api, stage, tree)
    if isinstance(api, (apigateway.RestApiBase, apigateway.CfnRestApi)):
        return read_rest(api, stage, tree)
    if _is_websocket(api):
        return read_websocket(api, stage, tree)
    return read_http(api, stage, tree)


def _is_websocket(api: object) -> bool:
    """Imported ones are of no class; they are known by what they say of themselves."""
    if isinstance(api, apigatewayv2.CfnApi):
        return bool(api.protocol_type == "WEBSOCKET")
    return getattr(api, "is_websocket_api", None) is True


def _is_http(api: object) -> bool:
    return getattr(api, "is_http_api", None) is True

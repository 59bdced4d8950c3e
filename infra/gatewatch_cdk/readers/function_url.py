"""Reads a function URL: one route that takes every method and path."""

from __future__ import annotations

from typing import TypeAlias

from aws_cdk import aws_lambda as lambda_

from gatewatch_cdk.readers.reading import Entrances, FoundRoute, OwnCall, Reading
from gatewatch_cdk.readers.tree import Tree

FunctionUrl: TypeAlias = lambda_.FunctionUrl | lambda_.CfnUrl
_BY_URL = {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}}
_NO_STAGES = "a function URL has no stages, so none can be named"
_GUARDS = {"NONE": (), "AWS_IAM": ("iam",)}


def read_function_url(api: FunctionUrl, stage: object, tree: Tree) -> Reading:
    made = api if isinstance(api, lambda_.CfnUrl) else api.node.default_child
    kind = tree.noted(made).auth_type if isinstance(made, lambda_.CfnUrl) else ""
    doubt = "" if kind in _GUARDS else "its authorization is filled in by the deployment"
    url = api.attr_function_url if isinstance(api, lambda_.CfnUrl) else api.url
    function = api.attr_function_arn if isinstance(api, lambda_.CfnUrl) else api.function_arn
    return Reading(
        routes=(FoundRoute("ANY", "/", _GUARDS.get(kind, ()), doubt, is_everything=True),),
        entrances=Entrances(opened=(url,)) if stage is None else Entrances(lack=_NO_STAGES),
        calls=_calls(function),
    )


def _calls(function: str) -> tuple[OwnCall, ...]:
    """Both permissions are needed; the second must not let anybody call the function otherwise.

    https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
    """
    return (
        OwnCall("lambda:InvokeFunctionUrl", function),
        OwnCall("lambda:InvokeFunction", function, only_if=_BY_URL),
    )

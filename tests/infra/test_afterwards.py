"""What the finished templates say against what was read from constructs."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import jsii
import pytest
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from constructs import IConstruct

from gatewatch_cdk.monitor import GatewatchMonitor
from tests.infra import another_team as team
from tests.infra.templates import new_app, sources


def report(scene: Callable[[cdk.Stack], Any], *acknowledged: str) -> list[str]:
    """What stops the synthesis of an app, by the rules' names."""
    app = new_app()
    stack = cdk.Stack(app, "Team")
    GatewatchMonitor(stack, "Monitor", code=sources()).watch(scene(stack), name="orders")
    for rule in acknowledged:
        cdk.Validations.of(stack).acknowledge(cdk.Acknowledgment(id=rule, reason="given in routes"))
    with suppress(RuntimeError):
        app.synth()
    found = json.loads(Path(app.outdir, "validation-report.json").read_text())
    return sorted(
        one["description"]
        for plugin in found["pluginReports"]
        for one in plugin["violations"]
        if "is not as Gatewatch has read it" in one["description"]
    )


def _method(stack: cdk.Stack, path: str, name: str, value: Any) -> apigateway.RestApi:
    api = team.rest(stack)
    for one in api.methods:
        if one.resource.path == path:
            one.node.default_child.add_property_override(name, value)
    return api


def _api(stack: cdk.Stack, name: str, value: Any) -> apigateway.RestApi:
    api = team.rest(stack)
    api.node.default_child.add_property_override(name, value)
    return api


def _domain(stack: cdk.Stack) -> apigateway.RestApi:
    api = team.on_token_domain(stack)
    made = stack.node.find_child("Shared").node.default_child
    made.add_property_override("MutualTlsAuthentication.TruststoreUri", "s3://a/b")
    return api


def _route(stack: cdk.Stack) -> apigatewayv2.HttpApi:
    api = team.http(stack)
    for one in api.node.find_all():
        if isinstance(one, apigatewayv2.CfnRoute) and one.route_key == "GET /":
            one.add_property_override("AuthorizationType", "AWS_IAM")
    return api


def _conditional(stack: cdk.Stack) -> apigateway.RestApi:
    api = team.rest(stack)
    cdk.CfnCondition(stack, "When", expression=cdk.Fn.condition_equals("a", "b"))
    api.methods[0].node.default_child.add_override("Condition", "When")
    return api


def _nested(stack: cdk.Stack) -> apigateway.RestApi:
    return _method(cdk.NestedStack(stack, "Nested"), "/orders", "AuthorizationType", "NONE")


OVERRIDDEN = {
    "in a nested stack": (_nested, 'AuthorizationType is "NONE" in its template'),
    "a method that is open": (
        lambda stack: _method(stack, "/orders", "AuthorizationType", "NONE"),
        'AuthorizationType is "NONE" in its template, and "AWS_IAM" in its construct',
    ),
    "a method that is guarded": (
        lambda stack: _method(stack, "/", "ApiKeyRequired", True),
        "ApiKeyRequired is true in its template, and null in its construct",
    ),
    "a closed endpoint": (
        lambda stack: _api(stack, "DisableExecuteApiEndpoint", True),
        "DisableExecuteApiEndpoint is true in its template, and null in its construct",
    ),
    "a private API": (
        lambda stack: _api(stack, "EndpointConfiguration.Types", ["PRIVATE"]),
        'EndpointConfiguration is {"types": ["PRIVATE"]} in its template',
    ),
    "a policy": (
        lambda stack: _api(stack, "Policy.Statement", []),
        'Policy is {"statement": []} in its template, and null in its construct',
    ),
    "a domain for certificates": (_domain, "MutualTlsAuthentication is {"),
    "a route": (_route, 'AuthorizationType is "AWS_IAM" in its template'),
    "a condition": (_conditional, "its condition is not the one of its construct"),
}


@pytest.mark.parametrize("name", OVERRIDDEN)
def test_an_override_stops_the_synthesis(name: str) -> None:
    scene, told = OVERRIDDEN[name]
    [found] = report(scene)
    assert told in found


def test_an_override_that_a_person_knows_of_is_acknowledged() -> None:
    scene, _ = OVERRIDDEN["a method that is open"]
    assert report(scene, "gatewatch::overridden[Team/Rest/Default/orders/GET/Resource]") == []


@jsii.implements(cdk.IAspect)
class _Late:
    """A rule of the team's app for all of its APIs, which comes after our own look at them."""

    def visit(self, node: IConstruct) -> None:
        if isinstance(node, apigateway.CfnMethod):
            node.authorization_type = "AWS_IAM"
        if isinstance(node, apigateway.CfnRestApi):
            apigateway.CfnMethod(
                node,
                "Late",
                http_method="PUT",
                rest_api_id=node.ref,
                resource_id=node.attr_root_resource_id,
            )


def test_a_change_after_the_look_stops_the_synthesis() -> None:
    def scene(stack: cdk.Stack) -> apigateway.RestApi:
        """The monitor is visited before the API, which is made later."""
        api = team.rest(cdk.Stack(stack.node.root, "Zulu"))
        cdk.Aspects.of(api).add(_Late())
        return api

    changed, added = report(scene)
    assert 'AuthorizationType is "AWS_IAM" in its template, and "NONE" in its construct' in changed
    assert "came later" in added


def _of_a_later_stage(kind: str) -> cdk.App:
    """References do not leave a Stage, so the API's URL is given."""
    app = new_app()
    here, later = cdk.Stage(app, "Here"), cdk.Stage(app, "Later")
    monitor = GatewatchMonitor(cdk.Stack(here, "Watch"), "Monitor", code=sources())
    api = _method(cdk.Stack(later, "Team"), "/orders", "AuthorizationType", kind)
    monitor.watch(api, url="https://api.example.com")
    return app


def test_an_api_of_another_stage_may_be_watched() -> None:
    assert _of_a_later_stage("AWS_IAM").synth().get_nested_assembly("assembly-Later")


def test_an_api_of_another_stage_is_compared_as_well() -> None:
    with pytest.raises(RuntimeError, match="Validation"):
        _of_a_later_stage("NONE").synth()


@pytest.mark.parametrize(
    "scene",
    [team.spec, team.spec_of_file, team.of_another_stack, team.http_on_domain, team.from_offices],
    ids=lambda scene: scene.__name__,
)
def test_apis_as_they_were_read_pass(scene: Any) -> None:
    assert report(scene) == []

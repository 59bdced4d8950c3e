"""APIs of a CDK app, watched as their constructs are."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from aws_cdk import aws_cognito as cognito

from gatewatch.config.problems import ConfigError
from gatewatch_cdk.monitor import GatewatchMonitor
from gatewatch_cdk.watched import Watched
from tests.infra.templates import ROOT, Resource, granted, new_app, of, read, resources, sources

IAM = apigateway.AuthorizationType.IAM


def _rest(stack: cdk.Stack) -> apigateway.RestApi:
    api = apigateway.RestApi(stack, "Rest", default_integration=apigateway.MockIntegration())
    pool = cognito.UserPool(stack, "Pool")
    users = apigateway.CognitoUserPoolsAuthorizer(stack, "Users", cognito_user_pools=[pool])
    api.root.add_method("GET")
    items = api.root.add_resource("items")
    items.add_cors_preflight(allow_origins=["*"])
    items.add_method("GET", authorizer=users)
    items.add_method("POST", authorization_type=IAM)
    items.add_resource("{id}").add_method("GET", api_key_required=True)
    api.root.add_resource("files").add_proxy(any_method=True)
    return api


def _written(api: Any, **routes: Any) -> dict[str, Any]:
    found = Watched(1, "orders", api, None, {}, routes).written()["routes"]
    return {name: one for route in found for name, one in route.items()}


@pytest.fixture(scope="module")
def rest() -> apigateway.RestApi:
    return _rest(cdk.Stack(new_app(), "Rest"))


def test_methods_of_a_rest_api_become_routes(rest: apigateway.RestApi) -> None:
    assert _written(rest) == {
        "GET /": {"access": "public"},
        "GET /items": {"access": "protected", "guarded_by": ["cognito"]},
        "GET /items/{id}": {
            "access": "protected",
            "guarded_by": ["api_key"],
            "path": {"id": "gatewatch"},
        },
        "POST /items": {"access": "protected", "guarded_by": ["iam"]},
    }


def test_a_public_route_needs_a_persons_values(rest: apigateway.RestApi) -> None:
    watched = Watched(1, "orders", rest, None, {}, {})
    assert watched.unwatched() == ["GET /files/{proxy+}"]
    told = _written(rest, **{"GET /files/{proxy+}": {"path": {"proxy": "a/b"}}})
    assert told["GET /files/{proxy+}"] == {"access": "public", "path": {"proxy": "a/b"}}


def test_a_caller_who_should_get_in_needs_them_too(rest: apigateway.RestApi) -> None:
    assert "GET /items/{id}" not in _written(rest, **{"GET /items/{id}": {"as": ["partner"]}})


def test_a_route_that_the_api_has_not_is_refused(rest: apigateway.RestApi) -> None:
    with pytest.raises(ValueError, match="orders has no route GET /item; it has GET /, GET /files"):
        _written(rest, **{"GET /item": {}})


def test_routes_of_an_http_api_wherever_they_stand() -> None:
    stack = cdk.Stack(new_app(), "Http")
    api = apigatewayv2.HttpApi(stack, "Http")
    other = apigatewayv2.HttpApi(stack, "Other")
    guards = {
        "GET /open": "NONE",
        "GET /iam": "AWS_IAM",
        "GET /jwt": "JWT",
        "GET /lambda": "CUSTOM",
        "$default": "NONE",
    }
    for number, (key, kind) in enumerate(guards.items()):
        apigatewayv2.CfnRoute(
            stack, f"R{number}", api_id=api.http_api_id, route_key=key, authorization_type=kind
        )
    apigatewayv2.CfnRoute(stack, "Else", api_id=other.http_api_id, route_key="GET /other")
    assert _written(api) == {
        "GET /open": {"access": "public"},
        "GET /iam": {"access": "protected", "guarded_by": ["iam"]},
        "GET /jwt": {"access": "protected", "guarded_by": ["jwt"]},
        "GET /lambda": {"access": "protected", "guarded_by": ["lambda"]},
    }


def _deployed(assembly: cdk.cx_api.CloudAssembly, template: Resource, name: str) -> Any:
    [made] = resources(template, "Custom::GatewatchConfiguration").values()
    return json.loads((Path(assembly.directory) / f"asset.{made[name]}").read_text())


def test_a_method_that_is_added_after_watch_is_watched() -> None:
    app = new_app()
    stack = cdk.Stack(app, "Late")
    api = _rest(stack)
    GatewatchMonitor(stack, "Monitor", code=sources()).watch(api, name="orders")
    api.root.add_resource("late").add_method("GET", authorization_type=IAM)
    [orders] = _deployed(app.synth(), of(stack), "Configuration")["apis"]
    assert "GET /late" in [route["name"] for route in orders["routes"]]


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://api.example.com/orders", "https://api.example.com/orders"),
        (cdk.Fn.import_value("Url"), "https://watched-1.invalid"),
    ],
    ids=["written out", "of another stack"],
)
def test_another_entrance_can_be_given(rest: apigateway.RestApi, url: str, shown: str) -> None:
    watched = Watched(1, "orders", rest, url, {}, {})
    assert (watched.written()["url"], watched.deployed_url()) == (shown, url)


def test_own_calls_are_granted_on_the_api_that_is_watched(tmp_path: Path) -> None:
    file = tmp_path / "gatewatch.yaml"
    file.write_text("credentials: {own: {sigv4: {}}}\napis: {}\n")
    stack = cdk.Stack(new_app(), "Own")
    monitor = GatewatchMonitor(stack, "Monitor", config=file, code=sources())
    monitor.watch(_rest(stack), name="orders", routes={"POST /items": {"as": ["own"]}})
    on = {one for action, one in granted(of(stack), "Probe") if action == "execute-api:Invoke"}
    assert on == {"arn:<AWS::Partition>:execute-api:<AWS::Region>:<AWS::AccountId>:<Rest>/*/*/*"}


def test_what_is_said_of_a_watched_api_is_checked_at_once(tmp_path: Path) -> None:
    stack = cdk.Stack(new_app(), "Wrong")
    monitor = GatewatchMonitor(stack, "Monitor", code=sources())
    with pytest.raises(ConfigError, match=r"apis\.orders\.ownr: unknown key"):
        monitor.watch(_rest(stack), name="orders", settings={"ownr": "team"})


def _with_a_window(tmp_path: Path, api: str) -> tuple[cdk.App, cdk.Stack]:
    file = tmp_path / "gatewatch.yaml"
    file.write_text(f"apis: {{}}\nmaintenance: [{{cron: 0 2 * * *, for: 1h, apis: [{api}]}}]\n")
    app = new_app()
    stack = cdk.Stack(app, "Windows")
    monitor = GatewatchMonitor(stack, "Monitor", config=file, code=sources())
    for name in ("orders", "users"):
        monitor.watch(_rest(cdk.Stack(app, name)), name=name)
    return app, stack


def test_a_window_may_name_an_api_that_is_watched_later(tmp_path: Path) -> None:
    app, stack = _with_a_window(tmp_path, "users")
    [window] = _deployed(app.synth(), of(stack), "Configuration")["maintenance"]
    assert window["apis"] == ["users"]


def test_a_window_of_an_api_that_nobody_watches_is_refused(tmp_path: Path) -> None:
    app, _ = _with_a_window(tmp_path, "user")
    with pytest.raises(RuntimeError, match=r'maintenance\[0\].apis\[0\]: "user": no such API'):
        app.synth()


@pytest.fixture(scope="module")
def example() -> tuple[cdk.cx_api.CloudAssembly, Resource]:
    app = new_app()
    made = runpy.run_path(str(ROOT / "examples" / "cdk" / "app.py"))["OrdersStack"]
    stack = made(app, "Orders", code=sources())
    return app.synth(), of(stack)


def test_the_example_watches_its_api(example: tuple[cdk.cx_api.CloudAssembly, Resource]) -> None:
    [orders] = _deployed(*example, "Configuration")["apis"]
    assert {one["name"]: (one["access"], one["guarded_by"]) for one in orders["routes"]} == {
        "GET /health": ("public", []),
        "GET /orders/{id}": ("protected", ["api_key"]),
        "POST /orders": ("protected", ["iam"]),
    }


def test_the_examples_url_comes_at_deployment(
    example: tuple[cdk.cx_api.CloudAssembly, Resource],
) -> None:
    [made] = resources(example[1], "Custom::GatewatchConfiguration").values()
    [orders] = _deployed(*example, "Configuration")["apis"]
    [(placeholder, url)] = made["Urls"].items()
    assert [one["url"] for one in orders["entrances"]] == [placeholder]
    assert read(url) == (
        "https://<Orders>.execute-api.<AWS::Region>.<AWS::URLSuffix>/<OrdersDeploymentStageprod>/"
    )


def test_the_examples_credential_is_bound_to_it(
    example: tuple[cdk.cx_api.CloudAssembly, Resource],
) -> None:
    allowed = _deployed(*example, "Allowed")
    assert allowed["credentials"] == {"partner": ["watched-1.invalid:443"]}
    assert allowed["secrets"] == ["gatewatch/partner"]

"""What an API's definition in OpenAPI form says of its routes: pure."""

from __future__ import annotations

from typing import Any

import pytest

from gatewatch_cdk.readers.spec import Definition, read_definition

AUTHORIZER = "x-amazon-apigateway-authorizer"
SCHEMES: dict[str, Any] = {
    "key": {"type": "apiKey", "name": "X-Api-Key", "in": "header"},
    "query": {"type": "apiKey", "name": "key", "in": "query"},
    "sigv4": {"type": "apiKey", "x-amazon-apigateway-authtype": "awsSigv4"},
    "tokens": {"type": "apiKey", AUTHORIZER: {"type": "token"}},
    "requests": {"type": "apiKey", AUTHORIZER: {"type": "request"}},
    "users": {"type": "apiKey", AUTHORIZER: {"type": "cognito_user_pools"}},
    "jwt": {"type": "oauth2", AUTHORIZER: {"type": "jwt"}},
    "bearer": {"type": "http", "scheme": "bearer"},
    "new": {"type": "apiKey", AUTHORIZER: {"type": "quantum"}},
    "later": {"type": "apiKey", AUTHORIZER: {"Fn::If": ["a", {}, {}]}},
}


def definition(paths: Any, **given: Any) -> dict[str, Any]:
    return {"paths": paths, "components": {"securitySchemes": SCHEMES}, **given}


def routes(found: Definition) -> dict[str, str]:
    """By route, its guards, or ? and the doubt."""
    return {
        f"{one.method} {one.path}": f"? {one.doubt}" if one.doubt else " ".join(one.guards)
        for one in found.routes
    }


NOTHING = "names no authorizer, so the gateway checks nothing"
SECURITY: dict[str, tuple[Any, str]] = {
    "none": ([], ""),
    "empty": ([{}], ""),
    "a key": ([{"key": []}], "api_key"),
    "a signature": ([{"sigv4": []}], "iam"),
    "an authorizer of tokens": ([{"tokens": []}], "lambda"),
    "an authorizer of requests": ([{"requests": []}], "lambda"),
    "a user pool with scopes": ([{"users": ["read"]}], "cognito"),
    "a user pool and a key": ([{"users": []}, {"key": []}], "cognito api_key"),
    "both at once": ([{"users": [], "key": []}], "cognito api_key"),
    "NONE": ([{"NONE": []}], ""),
    "nobody checks": ([{"bearer": []}], f"? its security scheme bearer {NOTHING}"),
    "nobody checks the query": ([{"query": []}], f"? its security scheme query {NOTHING}"),
    "one of two checks": ([{"bearer": []}, {"key": []}], "api_key"),
    "optional": ([{"users": []}, {}], "? its security is optional"),
    "not defined": ([{"gone": []}], "? its security scheme gone is not defined"),
    "a new type": ([{"new": []}], "? its authorizer new is of no known type"),
    "decided later": ([{"later": []}], "? its authorizer later is of no known type"),
    "chosen later": ({"Fn::If": ["a", [], []]}, "? its security is filled in by the deployment"),
    "partly chosen later": (
        [{"Fn::If": ["a", {}, {}]}],
        "? its security is filled in by the deployment",
    ),
}


@pytest.mark.parametrize("name", SECURITY)
def test_security_of_an_operation(name: str) -> None:
    security, guards = SECURITY[name]
    body = definition({"/a": {"get": {"security": security}}})
    assert routes(read_definition(body, is_http=False)) == {"GET /a": guards}


def test_security_of_all_operations() -> None:
    paths = {"/a": {"get": {}, "post": {"security": []}}}
    body = definition(paths, security=[{"users": []}])
    assert routes(read_definition(body, is_http=False)) == {"GET /a": "cognito", "POST /a": ""}


def test_older_definitions_name_schemes_elsewhere() -> None:
    body = {
        "swagger": "2.0",
        "securityDefinitions": SCHEMES,
        "paths": {"/a": {"get": {"security": [{"sigv4": []}]}}},
    }
    assert routes(read_definition(body, is_http=False)) == {"GET /a": "iam"}


@pytest.mark.parametrize(
    ("auth", "guards"),
    [
        ({"type": "AWS_IAM"}, "iam"),
        ({"type": "NONE"}, "cognito"),
        ({"type": "none"}, "cognito"),
        ({"type": "MAGIC"}, "? its x-amazon-apigateway-auth is of no known type"),
    ],
    ids=["a signature", "none", "lower case", "unknown"],
)
def test_an_extension_stands_above_security(auth: Any, guards: str) -> None:
    operation = {"x-amazon-apigateway-auth": auth, "security": [{"users": []}]}
    found = read_definition(definition({"/a": {"get": operation}}), is_http=False)
    assert routes(found) == {"GET /a": guards}


def test_an_http_api_knows_no_keys() -> None:
    paths = {"/a": {"get": {"security": [{"key": []}]}}, "/b": {"get": {"security": [{"jwt": []}]}}}
    assert routes(read_definition(definition(paths), is_http=True)) == {
        "GET /a": f"? its security scheme key {NOTHING}",
        "GET /b": "jwt",
    }


def test_what_is_no_operation_is_no_route() -> None:
    item = {"parameters": [], "summary": "", "servers": [], "x-note": {}, "get": {}, "trace": {}}
    assert routes(read_definition(definition({"/a": item}), is_http=False)) == {"GET /a": ""}


def test_only_a_preflight_is_one() -> None:
    """Other methods may be answered by the gateway itself, too."""
    mock = {"x-amazon-apigateway-integration": {"type": "MOCK"}}
    found = read_definition(definition({"/a": {"get": mock, "options": mock}}), is_http=False)
    assert [(one.method, one.is_preflight) for one in found.routes] == [
        ("GET", False),
        ("OPTIONS", True),
    ]


@pytest.mark.parametrize("default", ["$default", "/$default"])
def test_every_method_and_the_default_route(default: str) -> None:
    any_method = {"x-amazon-apigateway-any-method": {"security": [{"jwt": []}]}}
    paths = {"/a/{proxy+}": any_method, default: any_method}
    found = read_definition(definition(paths), is_http=True)
    assert routes(found) == {"ANY /a/{proxy+}": "jwt", "ANY /{proxy+}": "jwt"}
    assert [one.is_everything for one in found.routes] == [False, True]


@pytest.mark.parametrize(
    ("mode", "body", "path"),
    [
        ("ignore", {"basePath": "/v1/shop"}, "/a"),
        ("prepend", {"basePath": "/v1/shop"}, "/v1/shop/a"),
        ("split", {"basePath": "/v1/shop"}, "/shop/a"),
        ("prepend", {"servers": [{"url": "https://a.example.com/v1/"}]}, "/v1/a"),
        (
            "prepend",
            {"servers": [{"url": "/{b}", "variables": {"b": {"default": "v2"}}}]},
            "/v2/a",
        ),
        ("prepend", {}, "/a"),
    ],
    ids=["left out", "older", "split", "newer", "variable", "none"],
)
def test_a_base_path_is_taken_as_the_import_takes_it(mode: str, body: Any, path: str) -> None:
    found = read_definition({**body, "paths": {"/a": {"get": {}}}}, is_http=False, base_path=mode)
    assert (routes(found), found.unread) == ({f"GET {path}": ""}, "")


UNREAD: dict[str, tuple[Any, str]] = {
    "a transform": (
        {"Fn::Transform": {"Name": "AWS::Include"}},
        "its definition is filled in by the deployment",
    ),
    "a text": ("{}", "its definition is filled in by the deployment"),
    "paths": (
        {"paths": {"Fn::If": ["a", {}, {}]}},
        "the paths of its definition are filled in by the deployment",
    ),
    "a path": (
        {"paths": {"/a": {"$ref": "other.yaml"}}},
        "its definition leaves /a to the deployment",
    ),
    "an operation": (
        {"paths": {"/a": {"get": {"Fn::If": ["a", {}, {}]}}, "/b": {"get": {}}}},
        "its definition leaves GET /a to the deployment",
    ),
    "an include among paths": (
        {"paths": {"Fn::Transform": {"Name": "AWS::Include"}}},
        "the paths of its definition are filled in by the deployment",
    ),
    "an include among operations": (
        {"paths": {"/a": {"get": {}, "Fn::Transform": {"Name": "AWS::Include"}}}},
        "its definition leaves /a to the deployment",
    ),
}


@pytest.mark.parametrize("name", UNREAD)
def test_what_cannot_be_read_is_named(name: str) -> None:
    body, told = UNREAD[name]
    assert read_definition(body, is_http=False).unread == told


def test_a_base_path_of_the_deployment_is_named() -> None:
    body = {"basePath": {"Ref": "Base"}, "paths": {"/a": {"get": {}}}}
    found = read_definition(body, is_http=False, base_path="prepend")
    assert (found.routes, found.unread) == (
        (),
        "its definition leaves its base path to the deployment",
    )


ENDPOINT = "x-amazon-apigateway-endpoint-configuration"


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ({}, False),
        ({ENDPOINT: {"disableExecuteApiEndpoint": True}}, True),
        ({"servers": [{ENDPOINT: {"disableExecuteApiEndpoint": True}}]}, True),
        ({ENDPOINT: {"disableExecuteApiEndpoint": {"Ref": "A"}}}, None),
    ],
    ids=["open", "disabled", "of a server", "decided later"],
)
def test_the_default_endpoint(body: Any, shown: bool | None) -> None:
    assert read_definition({**body, "paths": {}}, is_http=True).is_disabled is shown

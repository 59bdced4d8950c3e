"""Reads an API's definition in OpenAPI form, as it is rendered into a template. Pure.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from gatewatch_cdk.readers.reading import FoundRoute

Value = Mapping[str, object]
_METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch"})
_ANY = "x-amazon-apigateway-any-method"
_DEFAULT_PATHS = ("$default", "/$default")
_AUTHORIZERS = {
    "token": "lambda",
    "request": "lambda",
    "cognito_user_pools": "cognito",
    "jwt": "jwt",
}
_KEY_HEADER = "x-api-key"


@dataclass(frozen=True, slots=True)
class Definition:
    """`unread`: what stands in it that only the deployment knows. `policy`: its resource policy."""

    routes: tuple[FoundRoute, ...] = ()
    unread: str = ""
    policy: object = None
    is_disabled: bool | None = False


def read_definition(body: object, *, is_http: bool, base_path: str = "ignore") -> Definition:
    """`base_path`: what the import does with the definition's own: ignore, prepend or split."""
    if not isinstance(body, dict) or _is_intrinsic(body):
        return Definition(unread="its definition is filled in by the deployment")
    paths = body.get("paths", {})
    if not isinstance(paths, dict) or _is_intrinsic(paths):
        return Definition(unread="the paths of its definition are filled in by the deployment")
    prefix = _prefix(body, base_path)
    unread = [*_foreign(paths), *([] if prefix is not None else ["its base path"])]
    reader = _Reader(body, is_http)
    found = reader.routes(paths, prefix or "") if prefix is not None else ()
    return Definition(
        routes=tuple(found),
        unread=f"its definition leaves {', '.join(unread)} to the deployment" if unread else "",
        policy=body.get("x-amazon-apigateway-policy"),
        is_disabled=_is_disabled(body),
    )


def endpoint_disabled(written: object, definition: Definition) -> bool | None:
    """Whether the default endpoint is, as the construct has `written` it or else the definition;
    None where only the deployment knows."""
    if written is None:
        return definition.is_disabled
    return written if isinstance(written, bool) else None


def _foreign(paths: Value) -> Iterator[str]:
    """Paths and methods that are written elsewhere."""
    for path, item in paths.items():
        if not isinstance(item, dict) or "$ref" in item or _is_intrinsic(item):
            yield path
            continue
        for name, operation in item.items():
            is_method = name.lower() in (*_METHODS, _ANY)
            if is_method and (not isinstance(operation, dict) or _is_intrinsic(operation)):
                yield f"{name.upper()} {path}"


@dataclass(frozen=True, slots=True)
class _Reader:
    body: Value
    is_http: bool

    def routes(self, paths: Value, prefix: str) -> Iterator[FoundRoute]:
        for path, item in paths.items():
            for name, operation in item.items() if isinstance(item, dict) else ():
                is_method = name.lower() in (*_METHODS, _ANY)
                if is_method and isinstance(operation, dict) and not _is_intrinsic(operation):
                    yield self._route(path, name, operation, prefix)

    def _route(self, path: str, name: str, operation: Value, prefix: str) -> FoundRoute:
        guards, doubt = self._guards(operation)
        is_everything = self.is_http and path in _DEFAULT_PATHS
        return FoundRoute(
            method="ANY" if name.lower() == _ANY else name.upper(),
            path="/{proxy+}" if is_everything else prefix + path,
            guards=guards,
            doubt=doubt,
            is_preflight=name.lower() == "options" and _is_mock(operation),
            is_everything=is_everything,
        )

    def _guards(self, operation: Value) -> tuple[tuple[str, ...], str]:
        """The guards, or why nobody can tell."""
        if (forced := _forced(operation)) is not None:
            return forced
        security = operation.get("security", self.body.get("security", []))
        if not isinstance(security, list) or not all(_is_choice(one) for one in security):
            return (), "its security is filled in by the deployment"
        names = list(dict.fromkeys(name for one in security for name in one))
        if names and any(not one for one in security):
            return (), "its security is optional"
        found = [self._guard(name) for name in names if name != "NONE"]
        doubts = [doubt for _, doubt in found if doubt]
        guards = tuple(dict.fromkeys(guard for guard, _ in found if guard))
        return (guards, "") if guards or not doubts else ((), doubts[0])

    def _guard(self, name: str) -> tuple[str, str]:
        scheme = self._schemes().get(name)
        if not isinstance(scheme, dict):
            return "", f"its security scheme {name} is not defined"
        if _text(scheme, "x-amazon-apigateway-authtype").lower() in ("awssigv4", "aws_iam"):
            return "iam", ""
        authorizer = scheme.get("x-amazon-apigateway-authorizer")
        if isinstance(authorizer, dict):
            guard = _AUTHORIZERS.get(_text(authorizer, "type").lower(), "")
            return guard, "" if guard else f"its authorizer {name} is of no known type"
        if not self.is_http and _is_api_key(scheme):
            return "api_key", ""
        return "", f"its security scheme {name} names no authorizer, so the gateway checks nothing"

    def _schemes(self) -> Value:
        components = self.body.get("components")
        found = components.get("securitySchemes") if isinstance(components, dict) else None
        older = self.body.get("securityDefinitions")
        return {
            **(older if isinstance(older, dict) else {}),
            **(found if isinstance(found, dict) else {}),
        }


def _forced(operation: Value) -> tuple[tuple[str, ...], str] | None:
    """`x-amazon-apigateway-auth` stands above `security`."""
    written = operation.get("x-amazon-apigateway-auth")
    if written is None:
        return None
    kind = _text(written, "type").upper() if isinstance(written, dict) else ""
    if kind == "AWS_IAM":
        return ("iam",), ""
    return None if kind == "NONE" else ((), "its x-amazon-apigateway-auth is of no known type")


def _is_api_key(scheme: Value) -> bool:
    is_header = scheme.get("type") == "apiKey" and scheme.get("in") == "header"
    return is_header and _text(scheme, "name").lower() == _KEY_HEADER


def _is_choice(one: object) -> bool:
    return isinstance(one, dict) and not _is_intrinsic(one)


def _is_mock(operation: Value) -> bool:
    integration = operation.get("x-amazon-apigateway-integration")
    return isinstance(integration, dict) and _text(integration, "type").lower() == "mock"


def _is_disabled(body: Value) -> bool | None:
    """Whether the default endpoint is; None where only the deployment knows."""
    name = "x-amazon-apigateway-endpoint-configuration"
    settings = body.get(name, _first_server(body).get(name))
    found = settings.get("disableExecuteApiEndpoint") if isinstance(settings, dict) else None
    if found is None:
        return False
    return found if isinstance(found, bool) else None


def _first_server(body: Value) -> Value:
    servers = body.get("servers")
    first = servers[0] if isinstance(servers, list) and servers else None
    return first if isinstance(first, dict) else {}


def _prefix(body: Value, base_path: str) -> str | None:
    """What stands before each path; None where only the deployment knows.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-import-api-basePath.html
    """
    mode = base_path.lower()
    if mode == "ignore":
        return ""
    written = _own_base_path(body)
    if written is None or mode not in ("prepend", "split"):
        return None
    parts = [part for part in written.split("/") if part]
    kept = parts[1:] if mode == "split" else parts
    return "".join(f"/{part}" for part in kept)


def _own_base_path(body: Value) -> str | None:
    if "basePath" in body:
        written = body["basePath"]
        return written if isinstance(written, str) else None
    first = _first_server(body)
    url = first.get("url", "")
    if not isinstance(url, str):
        return None
    variables = first.get("variables")
    for name, variable in variables.items() if isinstance(variables, dict) else ():
        value = variable.get("default") if isinstance(variable, dict) else None
        if f"{{{name}}}" in url and isinstance(value, str):
            url = url.replace(f"{{{name}}}", value)
    path = urlsplit(url).path
    return None if "{" in path else path


def _text(value: Value, key: str) -> str:
    found = value.get(key)
    return found if isinstance(found, str) else ""


def _is_intrinsic(value: Value) -> bool:
    return any(name == "Ref" or name.startswith("Fn::") for name in value)

"""Derives an API's routes from its constructs, in the words of gatewatch.yaml."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from aws_cdk import Stack, Token
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_apigatewayv2 as apigatewayv2

WatchedApi: TypeAlias = apigateway.RestApi | apigatewayv2.HttpApi
Written = Mapping[str, Any]  # as in gatewatch.yaml: JSON, validated with the whole file

_GUARDS = {
    "AWS_IAM": "iam",
    "CUSTOM": "lambda",
    "COGNITO_USER_POOLS": "cognito",
    "JWT": "jwt",
}
_VARIABLE = re.compile(r"\{([\w.-]+)\+?\}")
_ANY_VALUE = "gatewatch"


@dataclass(frozen=True, slots=True)
class Watched:
    """An API to watch. `settings` and `routes` are keys of gatewatch.yaml that the constructs
    cannot know: an owner, credentials, values for path variables."""

    number: int
    name: str
    api: WatchedApi
    url: str | None
    settings: Written
    routes: Mapping[str, Written]

    @property
    def placeholder(self) -> str:
        """A placeholder for the stage's URL, until the deployment knows it (RFC 2606)."""
        return f"https://watched-{self.number}.invalid"

    @property
    def is_known(self) -> bool:
        """Whether the URL is known at synthesis."""
        return self.url is not None and not Token.is_unresolved(self.url)

    def deployed_url(self) -> str:
        """The stage's URL in the deployment. Raises ValueError for an API without its own stage."""
        if self.url is not None:
            return self.url
        if isinstance(self.api, apigateway.RestApi):
            return str(self.api.url)
        if self.api.url is None:
            raise ValueError(f"{self.name} has no default stage; expected url=… of another one")
        return str(self.api.url)

    def written(self) -> dict[str, Any]:
        """The API in the form of gatewatch.yaml.

        Raises ValueError for a route in `routes` that the API does not have.
        """
        derived = dict(_derived(self.api))
        if missing := self.routes.keys() - derived.keys():
            raise ValueError(
                f"{self.name} has no route {', '.join(sorted(missing))}; "
                f"it has {', '.join(sorted(derived))}"
            )
        routes = {
            name: _completed(name, {**one, **self.routes.get(name, {})})
            for name, one in derived.items()
        }
        kept = [{name: one} for name, one in sorted(routes.items()) if one is not None]
        return {
            **({"private": True} if _is_private(self.api) else {}),
            **self.settings,
            "url": self.url if self.is_known else self.placeholder,
            "routes": kept,
        }

    def unwatched(self) -> list[str]:
        """Routes whose call needs a value that only a person knows."""
        return sorted(
            name
            for name, one in _derived(self.api)
            if _completed(name, {**one, **self.routes.get(name, {})}) is None
        )


def _is_private(api: WatchedApi) -> bool:
    """Whether the API is private; only REST APIs can be."""
    written = api.node.default_child
    if not isinstance(written, apigateway.CfnRestApi):
        return False
    types = getattr(written.endpoint_configuration, "types", None)
    return "PRIVATE" in (types or ())


def _completed(name: str, written: Written) -> dict[str, Any] | None:
    """Path variables need values. A guard refuses a stranger whatever they are, so any will do; a
    call that should get in needs real ones."""
    variables = set(_VARIABLE.findall(name))
    lacking = variables - set(written.get("path", {}))
    if not lacking:
        return dict(written)
    if written["access"] == "public" or written.get("as"):
        return None
    return {**written, "path": {**written.get("path", {}), **dict.fromkeys(lacking, _ANY_VALUE)}}


def _derived(api: WatchedApi) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each route with its access and guards. Preflights reveal neither and are left out."""
    found = _rest(api) if isinstance(api, apigateway.RestApi) else _http(api)
    for method, path, guards in found:
        if method != "OPTIONS":
            called = "GET" if method == "ANY" else method
            access = {"access": "protected", "guarded_by": guards} if guards else {}
            yield f"{called} {path}", {"access": "public", **access}


def _rest(api: apigateway.RestApi) -> Iterator[tuple[str, str, list[str]]]:
    for method in api.methods:
        written = method.node.default_child
        if isinstance(written, apigateway.CfnMethod):
            guards = _guards(written.authorization_type, bool(written.api_key_required))
            yield method.http_method, method.resource.path, guards


def _http(api: apigatewayv2.HttpApi) -> Iterator[tuple[str, str, list[str]]]:
    """Routes are constructs of their own, anywhere in the tree."""
    stack = Stack.of(api)
    own = stack.resolve(api.http_api_id)
    for one in api.node.root.node.find_all():
        if isinstance(one, apigatewayv2.CfnRoute) and stack.resolve(one.api_id) == own:
            method, _, path = one.route_key.partition(" ")
            if path:
                yield method, path, _guards(one.authorization_type, False)


def _guards(authorization: str | None, needs_key: bool) -> list[str]:
    named = [_GUARDS[authorization]] if authorization in _GUARDS else []
    return [*named, "api_key"] if needs_key else named

"""The parts of an API in the sandbox. Everything is a value; a fault replaces one by another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from gatewatch.sandbox.answers.base import GatewayResponse, Headers
from gatewatch.sandbox.authorizers import Authorizer
from gatewatch.sandbox.firewall import WebAcl
from gatewatch.sandbox.integrations import Integration
from gatewatch.sandbox.plans import Rate
from gatewatch.sandbox.policies import Policy


class Kind(StrEnum):
    REST = "rest"
    HTTP = "http"


class Endpoint(StrEnum):
    REGIONAL = "REGIONAL"
    EDGE = "EDGE"
    PRIVATE = "PRIVATE"


class Authorization(StrEnum):
    NONE = "NONE"
    IAM = "AWS_IAM"
    LAMBDA = "CUSTOM"
    COGNITO = "COGNITO_USER_POOLS"
    JWT = "JWT"

    @property
    def is_by_authorizer(self) -> bool:
        return self not in (Authorization.NONE, Authorization.IAM)


@dataclass(frozen=True, slots=True)
class Method:
    """One method (on an HTTP API: one route).

    `authorizer` names one of the API's; unnamed, it is the one named like the authorization.
    `required` are request parameters such as `querystring.q` or `header.x-tenant`, and
    `body_fields` what the body's model demands.
    """

    authorization: Authorization = Authorization.NONE
    api_key_required: bool = False
    authorizer: str | None = None
    scopes: frozenset[str] = frozenset()
    required: tuple[str, ...] = ()
    body_fields: tuple[str, ...] = ()
    integration: str = "function"

    @property
    def authorizer_name(self) -> str:
        return self.authorizer or self.authorization.value


Resources = Mapping[str, Mapping[str, Method]]
"""Methods by path template, such as `/orders/{id}`, and verb; `ANY` stands for every verb."""


@dataclass(frozen=True, slots=True)
class Custom:
    """The owner's wording of a gateway response; None keeps the default.

    A template may hold `$context.error.messageString` and the like.
    """

    status: int | None = None
    template: str | None = None
    headers: Headers = ()


@dataclass(frozen=True, slots=True)
class Definition:
    """The parts of an API that reach callers only with a deployment."""

    resources: Resources = field(default_factory=dict)
    authorizers: Mapping[str, Authorizer] = field(default_factory=dict)
    gateway_responses: Mapping[GatewayResponse, Custom] = field(default_factory=dict)
    policy: Policy | None = None
    default_endpoint: bool = True
    keys_from_authorizer: bool = False


@dataclass(frozen=True, slots=True)
class Stage:
    """A served deployment; the other fields take effect without a new one."""

    served: Definition
    web_acl: WebAcl = ()
    rate: Rate | None = None


DEFAULT_STAGE = "$default"


@dataclass(frozen=True, slots=True)
class Api:
    """`definition` is what its owner sees; `stages` hold what is served."""

    id: str
    region: str
    account: str
    definition: Definition
    kind: Kind = Kind.REST
    endpoint: Endpoint = Endpoint.REGIONAL
    stages: Mapping[str, Stage] = field(default_factory=dict)
    integrations: Mapping[str, Integration] = field(
        default_factory=lambda: {"function": Integration()}
    )

    @property
    def host(self) -> str:
        return f"{self.id}.execute-api.{self.region}.amazonaws.com"

    def deployed(self, stage: str) -> Api:
        """The definition becomes what the stage serves."""
        before = self.stages.get(stage, Stage(self.definition))
        return self.with_stage(stage, replace(before, served=self.definition))

    def with_stage(self, name: str, value: Stage) -> Api:
        return replace(self, stages={**self.stages, name: value})

    def defined(self, change: Callable[[Definition], Definition]) -> Api:
        return replace(self, definition=change(self.definition))

    def without(self, path: str, method: str) -> Api:
        """The definition without one method; the stage still serves it until a deployment."""
        resources = self.definition.resources
        left = {verb: value for verb, value in resources[path].items() if verb != method}
        return self.defined(lambda one: replace(one, resources={**resources, path: left}))

    def with_method(self, path: str, method: str, value: Method) -> Api:
        resources = self.definition.resources
        verbs = {**resources.get(path, {}), method: value}
        return self.defined(lambda one: replace(one, resources={**resources, path: verbs}))

    def with_authorizer(self, name: str, value: Authorizer) -> Api:
        known = self.definition.authorizers
        return self.defined(lambda one: replace(one, authorizers={**known, name: value}))

    def with_integration(self, name: str, value: Integration) -> Api:
        return replace(self, integrations={**self.integrations, name: value})

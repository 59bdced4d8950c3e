"""What an API is made of here. Everything is a value; a fault replaces one by another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum


class Authorization(StrEnum):
    NONE = "NONE"
    IAM = "AWS_IAM"
    LAMBDA = "CUSTOM"
    COGNITO = "COGNITO_USER_POOLS"


class AuthorizerMood(StrEnum):
    """How the Lambda authorizer behaves."""

    JUDGES = "judges"
    DENIES_EVERYBODY = "denies everybody"
    CRASHES = "crashes"


class IntegrationMood(StrEnum):
    """How the function behind the routes behaves."""

    ANSWERS = "answers"
    RAISES = "raises"
    NOT_PERMITTED = "not permitted"


@dataclass(frozen=True, slots=True)
class Method:
    authorization: Authorization = Authorization.NONE
    api_key_required: bool = False


Resources = Mapping[str, Mapping[str, Method]]
"""Methods by path template, such as `/orders/{id}`, and verb; `ANY` stands for every verb."""


@dataclass(frozen=True, slots=True)
class Signer:
    """An identity that may sign; `may_invoke`: a policy allows it this API."""

    secret_access_key: str
    arn: str
    may_invoke: bool = True


@dataclass(frozen=True, slots=True)
class Accepted:
    """The credentials that the API accepts."""

    api_keys: frozenset[str] = frozenset()
    authorizer_tokens: frozenset[str] = frozenset()
    cognito_tokens: frozenset[str] = frozenset()
    signers: Mapping[str, Signer] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RestApi:
    """`resources` is the definition; `stages` hold the snapshots that are served."""

    id: str
    region: str
    account: str
    resources: Resources
    stages: Mapping[str, Resources]
    accepted: Accepted
    authorizer: AuthorizerMood = AuthorizerMood.JUDGES
    integration: IntegrationMood = IntegrationMood.ANSWERS
    denied_by_policy: bool = False

    @property
    def host(self) -> str:
        return f"{self.id}.execute-api.{self.region}.amazonaws.com"

    def deployed(self, stage: str) -> RestApi:
        """The definition becomes what the stage serves."""
        return replace(self, stages={**self.stages, stage: self.resources})

    def without(self, path: str, method: str) -> RestApi:
        """The definition without one method; the stage still serves it until a deployment."""
        left = {verb: value for verb, value in self.resources[path].items() if verb != method}
        return replace(self, resources={**self.resources, path: left})

    def with_method(self, path: str, method: str, value: Method) -> RestApi:
        verbs = {**self.resources.get(path, {}), method: value}
        return replace(self, resources={**self.resources, path: verbs})


@dataclass(frozen=True, slots=True)
class World:
    """Everything the sandbox serves. `domains` map a host's base paths to (API id, stage)."""

    apis: Mapping[str, RestApi]
    domains: Mapping[str, Mapping[str, tuple[str, str]]] = field(default_factory=dict)

    def having(self, api: RestApi) -> World:
        return replace(self, apis={**self.apis, api.id: api})

"""Everything that the sandbox serves, as one value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from gatewatch.sandbox.api import Api
from gatewatch.sandbox.entrances import Distribution, Domain, FunctionUrl, VpcEndpoint
from gatewatch.sandbox.plans import Usage


@dataclass(frozen=True, slots=True)
class Signer:
    """An identity that may sign; `may_invoke`: a policy of its own allows it.

    `session_token` belongs to temporary keys, which may have `expired`.
    """

    secret_access_key: str
    arn: str
    may_invoke: bool = True
    session_token: str | None = None
    expired: bool = False


@dataclass(frozen=True, slots=True)
class World:
    """`at_cloudfront` are names that lead there, whether or not a distribution knows them.

    `bare_buckets` are hosts of buckets without the object that is asked for. A change takes
    `settles_seconds` until each of the gateway's nodes has it.
    """

    apis: Mapping[str, Api] = field(default_factory=dict)
    domains: Mapping[str, Domain] = field(default_factory=dict)
    distributions: Mapping[str, Distribution] = field(default_factory=dict)
    function_urls: Mapping[str, FunctionUrl] = field(default_factory=dict)
    bare_buckets: frozenset[str] = frozenset()
    signers: Mapping[str, Signer] = field(default_factory=dict)
    usage: Usage = field(default_factory=Usage)
    at_cloudfront: frozenset[str] = frozenset()
    vpc_endpoint: VpcEndpoint | None = None
    settles_seconds: float = 0.0

    def having(self, api: Api) -> World:
        return replace(self, apis={**self.apis, api.id: api})

    def with_domain(self, host: str, value: Domain) -> World:
        return replace(self, domains={**self.domains, host: value})

    def with_distribution(self, host: str, value: Distribution) -> World:
        return replace(self, distributions={**self.distributions, host: value})

    def with_function_url(self, host: str, value: FunctionUrl) -> World:
        return replace(self, function_urls={**self.function_urls, host: value})

    def hosts(self) -> list[str]:
        """Every name that is served, for the certificate."""
        aliases = (alias for one in self.distributions.values() for alias in one.aliases)
        named = [*self.domains, *self.distributions, *aliases, *self.function_urls]
        return sorted({*(api.host for api in self.apis.values()), *named, *self.at_cloudfront})

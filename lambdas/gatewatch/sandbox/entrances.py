"""The ways to an API: custom domains, distributions, function URLs, VPC endpoints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gatewatch.sandbox.firewall import WebAcl
from gatewatch.sandbox.integrations import Function, Reply
from gatewatch.sandbox.policies import Policy

Mappings = Mapping[str, tuple[str, str]]
"""(API id, stage) by base path; the empty one takes every path that no other does."""


@dataclass(frozen=True, slots=True)
class Domain:
    """A custom domain. `truststore`: authorities whose client certificates are accepted."""

    mappings: Mappings
    truststore: frozenset[str] | None = None
    edge_optimised: bool = False

    @property
    def demands_certificate(self) -> bool:
        return self.truststore is not None


@dataclass(frozen=True, slots=True)
class FunctionUrl:
    """A function's own URL; `permitted` in the function is both permissions that it needs."""

    function: Function
    iam: bool = False


READING = frozenset({"GET", "HEAD"})
EVERY_METHOD = READING | {"OPTIONS", "PUT", "POST", "PATCH", "DELETE"}


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How a distribution treats the paths that begin with `path`, and where it sends them.

    `signs`: it signs for the origin (origin access control). `edge_function` answers for itself.
    """

    origin: str
    path: str = "/"
    origin_path: str = ""
    methods: frozenset[str] = EVERY_METHOD
    forwards_authorization: bool = True
    forwards_host: bool = False
    signs: bool = False
    edge_function: Reply | None = None


@dataclass(frozen=True, slots=True)
class Distribution:
    """`error_pages` replace the origin's answer of a status."""

    aliases: frozenset[str]
    behaviours: tuple[Behaviour, ...]
    web_acl: WebAcl = ()
    blocks_country: bool = False
    error_pages: Mapping[int, Reply] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class VpcEndpoint:
    """Where our requests come from, if from inside a VPC.

    With `private_dns`, every execute-api host leads to the endpoint. A `policy` other than the
    default makes it read every Authorization header as a signature.
    """

    private_dns: bool = True
    policy: Policy | None = None

"""What is behind a method, and what can be wrong with it."""

from __future__ import annotations

from dataclasses import dataclass

from gatewatch.sandbox.answers.base import Headers


@dataclass(frozen=True, slots=True)
class Reply:
    """A backend's answer; without a body, it names the requested route and method."""

    status: int = 200
    body: str | None = None
    headers: Headers = ()
    content_type: str | None = "application/json"


@dataclass(frozen=True, slots=True)
class Function:
    """A Lambda function.

    `permitted`: its own policy lets the caller invoke it. `reserved_concurrency` of zero throttles
    every call. `takes_seconds` really passes, up to the integration's timeout.
    """

    reply: Reply = Reply()
    permitted: bool = True
    raises: bool = False
    well_formed: bool = True
    takes_seconds: float = 0.0
    reserved_concurrency: int | None = None


@dataclass(frozen=True, slots=True)
class HttpBackend:
    """A server that the gateway calls; `remapped` are its headers that the gateway renames."""

    reply: Reply = Reply()
    reachable: bool = True
    certificate_matches: bool = True
    takes_seconds: float = 0.0
    remapped: Headers = (("Server", "nginx"),)


@dataclass(frozen=True, slots=True)
class Integration:
    """How the gateway calls a backend.

    Without `proxy`, every reply becomes a 200: the one integration response that is defined.
    `sets_forbidden_header`: a mapping writes a header that the gateway keeps to itself.
    `media_types`, where given, are the only ones it takes.
    """

    backend: Function | HttpBackend = Function()
    proxy: bool = True
    timeout_seconds: float = 29.0
    sets_forbidden_header: bool = False
    media_types: frozenset[str] = frozenset()

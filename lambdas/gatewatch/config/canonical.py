"""A configuration as the core reads it: complete, typed, without sugar, and without secrets."""

from __future__ import annotations

from typing import Any

import msgspec

from gatewatch.model import ANONYMOUS, Access, Guard, Severity

READING_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Canonical(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything here is compared by value, never changed, and written as JSON."""


class SecretRef(Canonical, frozen=True, kw_only=True):
    """Where a secret is kept. `source` is `env` or `file`; `name` says which."""

    source: str
    name: str

    def __str__(self) -> str:
        return f"{self.source} {self.name}"


class ApiKey(Canonical, frozen=True, kw_only=True, tag="api_key"):
    secret: SecretRef
    header: str


class Bearer(Canonical, frozen=True, kw_only=True, tag="bearer"):
    secret: SecretRef


class Basic(Canonical, frozen=True, kw_only=True, tag="basic"):
    username: str
    password: SecretRef


class Header(Canonical, frozen=True, kw_only=True, tag="header"):
    name: str
    secret: SecretRef


class Sigv4(Canonical, frozen=True, kw_only=True, tag="sigv4"):
    access_key_id: SecretRef
    secret_access_key: SecretRef
    session_token: SecretRef | None
    region: str | None
    service: str


CredentialSource = ApiKey | Bearer | Basic | Header | Sigv4


class Credential(Canonical, frozen=True, kw_only=True):
    """`hosts` are the `host:port` pairs that it may be sent to."""

    name: str
    source: CredentialSource
    hosts: tuple[str, ...]


class Expect(Canonical, frozen=True, kw_only=True):
    """`status` empty: any 2xx. `within_seconds`: from the request's start to its last byte."""

    status: tuple[int, ...] = ()
    json: dict[str, Any] = {}
    headers: dict[str, str] = {}
    body: str | None = None
    within_seconds: float | None = None


class Route(Canonical, frozen=True, kw_only=True):
    """`name` is the method and the path template; `target` the path and query really called.

    `callers` are credential names, joined ones as a tuple of several.
    """

    name: str
    method: str
    target: str
    access: Access
    guarded_by: tuple[Guard, ...]
    callers: tuple[tuple[str, ...], ...]
    headers: dict[str, str]
    invoke: bool
    expect: Expect
    every_seconds: float
    anonymous_every_seconds: float
    timeout_seconds: float
    open_after: int
    resolve_after: int
    severity: Severity

    @property
    def writes(self) -> bool:
        return self.method not in READING_METHODS


class Entrance(Canonical, frozen=True, kw_only=True):
    """One base URL of an API. `closed`: it must refuse everybody."""

    url: str
    closed: bool


class Api(Canonical, frozen=True, kw_only=True):
    name: str
    entrances: tuple[Entrance, ...]
    routes: tuple[Route, ...]
    owner: str | None
    severity: Severity
    runbook: str | None
    connect_to: str | None
    ca_file: str | None


class Config(Canonical, frozen=True, kw_only=True):
    version: int = 1
    apis: tuple[Api, ...]
    credentials: tuple[Credential, ...] = ()


def caller_name(callers: tuple[str, ...]) -> str:
    """How a caller is named in verdicts: its credentials joined, or `anonymous`."""
    return " + ".join(callers) or ANONYMOUS

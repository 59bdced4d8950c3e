"""How a recorded row is staged: an API at the row's own URL, configured as the row's was.

Nothing here knows a row's answer, but for the bodies that a backend wrote: those are input.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import SplitResult, urlsplit

from gatewatch.sandbox.api import (
    DEFAULT_STAGE,
    Api,
    Authorization,
    Definition,
    Endpoint,
    Kind,
    Method,
    Stage,
)
from gatewatch.sandbox.authorizers import Authorizer
from gatewatch.sandbox.entrances import Domain
from gatewatch.sandbox.integrations import Integration
from gatewatch.sandbox.plans import Usage, UsagePlan
from gatewatch.sandbox.world import Signer, World

Row = Mapping[str, Any]

KEY = "staged-key"
KEY_ID = "AKIASTAGED0000000001"
SECRET = "staged-secret"
TOKEN = "staged-token"
BEARER = {"authorization": f"Bearer {TOKEN}"}
ROLE = "arn:aws:sts::111122223333:assumed-role/role-b/session"

_ENDPOINT = re.compile(r"([^.]+)\.execute-api\.([^.]+)\.amazonaws\.com", re.IGNORECASE)


@dataclass(frozen=True)
class Scene:
    """Where a row's request goes."""

    row: Row
    url: SplitResult
    kind: Kind

    @property
    def host(self) -> str:
        return (self.url.hostname or "").lower()

    @property
    def method(self) -> str:
        return str(self.row["request"]["method"])

    @property
    def body(self) -> str | None:
        """What the row's backend wrote; used where it is the backend that answered."""
        return self.row["response"].get("body") or None

    @property
    def _segments(self) -> list[str]:
        return self.url.path.lstrip("/").split("/", 1)

    @property
    def _is_endpoint(self) -> bool:
        return _ENDPOINT.fullmatch(self.host) is not None

    @property
    def stage(self) -> str:
        """In the URL of a REST API, in that of an HTTP API with a longer path, or unseen."""
        if self.kind is Kind.HTTP:
            named = self._segments[0] in ("test", "dev") and len(self._segments) > 1
            return self._segments[0] if named else DEFAULT_STAGE
        return self._segments[0] if self._is_endpoint else "staged"

    @property
    def path(self) -> str:
        """The resource, without stage or base path."""
        in_url = self.stage != DEFAULT_STAGE if self._is_endpoint else self.base != ""
        if not in_url:
            return self.url.path or "/"
        return f"/{self._segments[1]}" if len(self._segments) > 1 else "/"

    @property
    def base(self) -> str:
        return self._segments[0] if len(self._segments) > 1 else ""

    def world(
        self,
        rule: Method | None = None,
        *,
        at: str | None = None,
        verb: str | None = None,
        edge: bool = False,
        integration: Integration | None = None,
        authorizer: Authorizer | None = None,
        stage: Callable[[Stage], Stage] = lambda one: one,
        **definition: Any,
    ) -> World:
        """An API with one method, by default the one that the row calls, at the row's URL."""
        found = _ENDPOINT.fullmatch(self.host)
        api_id, region = found.groups() if found else ("staged0001", "us-east-1")
        known: dict[str, Authorizer] = {}
        if authorizer is not None:
            known = dict.fromkeys(Authorization, authorizer)
        resources = {at or self.path: {verb or self.method: rule or Method()}}
        api = Api(
            api_id,
            region,
            "111122223333",
            Definition(resources, known, **definition),
            self.kind,
            Endpoint.EDGE if edge and found else Endpoint.REGIONAL,
            integrations={"function": integration or Integration()},
        ).deployed(self.stage)
        api = api.with_stage(self.stage, stage(api.stages[self.stage]))
        plan = UsagePlan(frozenset({KEY}), frozenset({(api_id, self.stage)}))
        world = World(
            apis={api_id: api},
            signers={KEY_ID: Signer(SECRET, ROLE)},
            usage=Usage({KEY: True}, {"staged": plan}),
        )
        if found:
            return world
        domain = Domain({self.base: (api_id, self.stage)}, edge_optimised=edge)
        return world.with_domain(self.host, domain)


@dataclass(frozen=True)
class Sent:
    """What is sent besides the row's method and URL.

    `signed`: with which secret. `session_token` is not sent along when None.
    """

    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    signed: str | None = None
    signed_at: datetime | None = None


@dataclass(frozen=True)
class Staging:
    """How some rows are staged. `before`: the path of a call with the same headers, made first."""

    rows: tuple[str, ...]
    world: Callable[[Scene], World]
    sent: Sent | None = None
    before: str | None = None
    now: datetime | None = None
    url: str | None = None


def staging(
    rows: str,
    world: Callable[[Scene], World],
    sent: Sent | None = None,
    *,
    before: str | None = None,
    now: datetime | None = None,
    url: str | None = None,
) -> Staging:
    return Staging(tuple(rows.split()), world, sent, before, now, url)


def scene(row: Row, url: str | None = None) -> Scene:
    kind = Kind.HTTP if row.get("api_kind") == "http" else Kind.REST
    return Scene(row, urlsplit(url or str(row["request"]["url"])), kind)


def default_sent(row: Row) -> Sent:
    """The credential that the row names, valid as far as a staged world knows it."""
    request = row["request"]
    shown = {
        name: value
        for name, value in request.get("headers", {}).items()
        if not re.search(r"<|REDACTED|\.\.\.", value)
    }
    match request.get("credential"):
        case "bearer":
            return Sent({**BEARER, **shown})
        case "api_key":
            return Sent({"x-api-key": KEY, **shown})
        case "sigv4":
            return Sent(shown, signed=SECRET)
    return Sent(shown)


def at(text: str) -> datetime:
    return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def with_signer(world: World, **changes: Any) -> World:
    return replace(world, signers={KEY_ID: replace(world.signers[KEY_ID], **changes)})


def with_plan(world: World, **changes: Any) -> World:
    plan = replace(world.usage.plans["staged"], **changes)
    return replace(world, usage=replace(world.usage, plans={"staged": plan}))

"""One request on its way through the gates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from gatewatch.sandbox.api import Api, Kind, Method, Stage
from gatewatch.sandbox.memory import Memory
from gatewatch.sandbox.world import Signer, World


@dataclass(frozen=True, slots=True)
class Arrived:
    """A request as it came in. Header names are lower case; `length` is that of the whole body.

    `client_authority` is the issuer of the caller's certificate, if it showed one.
    """

    method: str
    host: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    length: int = 0
    address: str = "127.0.0.1"
    client_authority: str | None = None


@dataclass(slots=True)
class Call:
    """A request for one stage of one API; the gates fill in what they learn."""

    arrived: Arrived
    world: World
    memory: Memory
    now: datetime
    api: Api
    stage_name: str
    path: str
    by_domain: bool = False
    resource: str = ""
    rule: Method = field(default_factory=Method)
    signer: Signer | None = None
    usage_key: str | None = None

    @property
    def stage(self) -> Stage:
        return self.api.stages[self.stage_name]

    @property
    def is_http(self) -> bool:
        return self.api.kind is Kind.HTTP

    @property
    def method(self) -> str:
        return self.arrived.method

    @property
    def headers(self) -> Mapping[str, str]:
        return self.arrived.headers

    @property
    def asked_for(self) -> str:
        """Stage, method and path, as policies name them."""
        return f"{self.stage_name}/{self.method}{self.path}"

    @property
    def arn(self) -> str:
        """The method's ARN as refusals show it, with most of the account masked."""
        api = self.api
        account = f"********{api.account[-4:]}"
        return f"arn:aws:execute-api:{api.region}:{account}:{api.id}/{self.asked_for}"

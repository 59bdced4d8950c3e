"""Which API of API Gateway an incident is about, as far as the look that decides shows it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gatewatch.gateway.url import HostKind, parse
from gatewatch.model import EXPOSURES, ApiKind, Incident
from gatewatch.notices.commands import kinds_that_answered
from gatewatch.notices.partitions import partition_of

_ID = re.compile(r"[a-z0-9]+")
_STAGE = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayApi:
    """`is_rest` is None where its answers do not tell; `stage`: as its address names it."""

    id: str
    region: str
    is_rest: bool | None = None
    stage: str | None = None

    @property
    def arn(self) -> str | None:
        """Of the stage, else of the API; None where its kind is not known.

        https://docs.aws.amazon.com/apigateway/latest/developerguide/arn-format-reference.html
        """
        partition = partition_of(self.region)
        if self.is_rest is None or partition is None:
            return None
        kind = "restapis" if self.is_rest else "apis"
        stage = f"/stages/{self.stage}" if self.stage else ""
        return f"arn:{partition.name}:apigateway:{self.region}::/{kind}/{self.id}{stage}"


def api_of(incident: Incident) -> GatewayApi | None:
    """None where the address is another's than the API's own, and for an exposure: its messages do
    not name where to get in."""
    if incident.finding in EXPOSURES or not incident.evidence:
        return None
    address = parse(incident.evidence[0].request.url)
    is_own = address.host_kind is HostKind.EXECUTE_API and address.api_id is not None
    if not is_own or address.region is None or not _ID.fullmatch(address.api_id or ""):
        return None
    kinds = kinds_that_answered(incident.evidence)
    return GatewayApi(
        id=address.api_id or "",
        region=address.region,
        is_rest=_is_rest(kinds),
        stage=_stage(address.stage, kinds),
    )


def _is_rest(kinds: frozenset[ApiKind]) -> bool | None:
    if kinds == {ApiKind.REST}:
        return True
    return False if kinds and kinds <= {ApiKind.HTTP, ApiKind.WEBSOCKET} else None


def _stage(named: str | None, kinds: frozenset[ApiKind]) -> str | None:
    """An HTTP API may serve its stage `$default` without naming it."""
    is_told = named is not None and kinds == {ApiKind.REST} and _STAGE.fullmatch(named)
    return named if is_told else None

"""Notes what an event says was changed at API Gateway, for the APIs that it concerns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from msgspec.structs import replace

from gatewatch.config.canonical import Config
from gatewatch.incidents.deployments import Deployment
from gatewatch.service.changes.api_change import concerned, read_change
from gatewatch.service.changes.deployed import deployment_of, with_deployment
from gatewatch.service.ports import ChangeTable, OvertakenError

_TRIES = 20


@dataclass(frozen=True, slots=True)
class Noted:
    """The APIs of which the change was noted; `because`: why of none."""

    apis: tuple[str, ...] = ()
    because: str | None = None


def note_change(event: object, config: Config, table: ChangeTable, now: datetime) -> Noted:
    """Note a change at API Gateway for the APIs that it concerns; dispatch looks at them soon.

    An event may come twice. Raises OvertakenError where others write all the time.
    """
    change = read_change(event)
    if change is None:
        return Noted(because="it is no event of a call that changed what callers get")
    apis = concerned(change, config)
    if not apis:
        return Noted(because=f"{change.event} concerns none of the configured APIs")
    made = deployment_of(change, change.at or now)
    for api in apis:
        _note(api, made, table, now)
    return Noted(apis)


def _note(api: str, made: Deployment, table: ChangeTable, now: datetime) -> None:
    """What changes nothing is not written: of many that come at once, most are behind another."""
    for _ in range(_TRIES):
        before = table.deployed(api)
        after = replace(before, deployments=with_deployment(before.deployments, made, now))
        try:
            if after != before:
                table.save_deployed(after)
        except OvertakenError:
            continue
        return
    raise OvertakenError

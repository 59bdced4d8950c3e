"""`gatewatch plan`: what would be sent, how often, and how many refusals that makes."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import typer
from rich.box import SIMPLE
from rich.table import Table
from rich.text import Text

from gatewatch.cli import show
from gatewatch.cli.options import CONFIG, ConfigFile, Format, OutputFormat
from gatewatch.cli.setting import read_config
from gatewatch.config.canonical import Config
from gatewatch.model import Access
from gatewatch.plan import Attempt, Probe, anonymous_interval, cannot_be_proven
from gatewatch.plan import plan as plan_all


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """One look: rates are per minute; `refused` if a healthy route refuses it."""

    api: str
    route: str
    caller: str = msgspec.field(name="as")
    method: str
    url: str
    per_minute: float
    refused: bool
    note: str = ""


class Load(msgspec.Struct, frozen=True, kw_only=True):
    api: str
    requests_per_minute: float
    refusals_per_minute: float


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    looks: tuple[Planned, ...]
    load: tuple[Load, ...]


def plan(config: ConfigFile = CONFIG, output: OutputFormat = Format.TEXT) -> None:
    """Show every look that would be taken, how often, and the 4xx that it costs the API.

    Controls come on top: at most two a route, and only while it fails.

    **Example**

        gatewatch plan --config staging.yaml
    """
    found = planned(read_config(config))
    if output is Format.JSON:
        typer.echo(msgspec.json.encode(found))
        return
    console = show.console()
    console.print(_looks(found))
    for load in found.load:
        console.print(
            f"{load.api}: {load.requests_per_minute:g} requests a minute, of them "
            f"{load.refusals_per_minute:g} refused on purpose"
        )


def planned(config: Config) -> Plan:
    looks = tuple(one for probe in plan_all(config) for one in _of_probe(probe))
    loads = (
        Load(
            api=api.name,
            requests_per_minute=round(sum(_rates(looks, api.name)), 2),
            refusals_per_minute=round(sum(_rates(looks, api.name, refused=True)), 2),
        )
        for api in config.apis
    )
    return Plan(looks=looks, load=tuple(loads))


def _rates(looks: tuple[Planned, ...], api: str, *, refused: bool = False) -> Iterator[float]:
    return (one.per_minute for one in looks if one.api == api and (one.refused or not refused))


def _of_probe(probe: Probe) -> Iterator[Planned]:
    for attempt in probe.attempts:
        yield Planned(
            api=attempt.api,
            route=attempt.route,
            caller=attempt.caller,
            method=attempt.method,
            url=attempt.url,
            per_minute=round(60 / _interval(probe, attempt), 3),
            refused=_is_refused(probe, attempt),
            note=(cannot_be_proven(probe.route) or "") if not attempt.callers else "",
        )
    for skipped in probe.skipped:
        yield Planned(
            api=probe.api.name,
            route=probe.route.name,
            caller=skipped.caller,
            method=probe.route.method,
            url=probe.entrance.url + probe.route.target,
            per_minute=0,
            refused=False,
            note=f"skipped: {skipped.because}",
        )


def _interval(probe: Probe, attempt: Attempt) -> float:
    return probe.route.every_seconds if attempt.callers else anonymous_interval(probe.route)


def _is_refused(probe: Probe, attempt: Attempt) -> bool:
    protected = probe.route.access is Access.PROTECTED
    return probe.entrance.closed or (protected and not attempt.callers)


def _looks(found: Plan) -> Table:
    table = Table(box=SIMPLE, pad_edge=False)
    for title in ("api", "look", "as", "a minute", "note"):
        table.add_column(title, overflow="fold")
    for one in found.looks:
        note = one.note or ("refused on purpose" if one.refused else "")
        table.add_row(
            Text(one.api),
            Text(f"{one.method} {one.url}"),
            Text(one.caller),
            Text(f"{one.per_minute:g}"),
            Text(note, style="dim"),
        )
    return table

"""`gatewatch plan`: what would be sent, how often, and how many refusals it causes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

import msgspec
import typer
from rich.box import SIMPLE
from rich.table import Table
from rich.text import Text

from gatewatch.adapters.local.clock import SystemClock
from gatewatch.attempt import Attempt, Probe
from gatewatch.cli import show
from gatewatch.cli.maintenance import Scheduled, scheduled, window_lines
from gatewatch.cli.options import CONFIG, ConfigFile, Format, OutputFormat
from gatewatch.cli.setting import read_config
from gatewatch.config.canonical import Config, Route
from gatewatch.cost.at_once import NEW_ACCOUNT, AtOnce, at_once
from gatewatch.cost.bill import Bill, bill
from gatewatch.cost.counted import counted
from gatewatch.cost.outage import Outage, healthy_hour, outages
from gatewatch.model import ANONYMOUS, Access, is_stranger
from gatewatch.plan import (
    NOBODY_YET,
    cannot_be_proven,
    looks_a_minute,
    trial_minutes,
    whole_minutes,
)
from gatewatch.plan import plan as plan_all
from gatewatch.redaction.redactor import Redactor

_SHOWABLE = Redactor()
"""Hides what looks like a secret in a URL: a plan reads no secrets."""


_MOST_SHOWN = 2_000
"""Nobody reads more looks, and a table takes its time to lay out."""


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """One look: rates are per minute; `refused` if a healthy route refuses it."""

    api: str
    route: str
    entrance: str
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
    """`bill`: the looks' monthly cost in the account, and for the APIs' owners. `outages`: what an
    hour costs in which all routes fail. `at_once`: the
    account's functions while no API answers."""

    looks: tuple[Planned, ...]
    load: tuple[Load, ...]
    bill: Bill
    outages: tuple[Outage, ...]
    at_once: AtOnce
    maintenance: tuple[Scheduled, ...] = ()


def plan(config: ConfigFile = CONFIG, output: OutputFormat = Format.TEXT) -> None:
    """Show every planned look, how often it is taken, the 4xx it causes at the API, and the bill.

    Controls come on top: at most two per route while it fails, and one per entrance for each run in
    which a route answers with a page, as for a browser, and not with JSON.

    **Example**

    ```
    gatewatch plan --config staging.yaml
    ```
    """
    loaded = read_config(config)
    windows = scheduled(loaded, SystemClock().now())
    full_plan = msgspec.structs.replace(planned(loaded), maintenance=windows)
    if output is Format.JSON:
        typer.echo(msgspec.json.encode(full_plan))
        return
    console = show.console()
    shown = full_plan.looks[:_MOST_SHOWN]
    for (api, entrance), looks in groupby(shown, lambda look: (look.api, look.entrance)):
        console.print(Text(f"{api} at {entrance}", style="bold"), soft_wrap=True)
        console.print(_table(list(looks), entrance))
    if more := len(full_plan.looks) - len(shown):
        console.print(f"and {more:,} more looks, which --format json prints in full")
    for load in full_plan.load:
        console.print(
            f"{load.api}: {load.requests_per_minute:g} requests a minute, of them "
            f"{load.refusals_per_minute:g} refused on purpose"
        )
    for line in window_lines(full_plan.maintenance):
        console.print(line)
    console.print(_priced(full_plan.bill), soft_wrap=True)
    console.print(_down(full_plan.bill, full_plan.outages), soft_wrap=True)
    console.print(_running(full_plan.at_once), soft_wrap=True)


def _priced(bill: Bill) -> str:
    parts = ", ".join(f"{item.name} ${item.usd:,.2f}" for item in bill.ours)
    return (
        f"\na month in the account: about ${bill.ours_usd:,.2f} ({parts})\n"
        f"a month at API Gateway, for these requests: ${bill.watched_rest_usd:,.2f} if REST APIs, "
        f"${bill.watched_http_usd:,.2f} if HTTP APIs, and what their backends cost\n"
        "list prices of us-east-1 while nothing fails"
    )


def _down(bill: Bill, failing: Sequence[Outage]) -> str:
    ours, rest, http = healthy_hour(bill)
    hours = [("all is well", ours, rest, http)]
    hours += [
        (one.how, one.ours_usd, one.watched_rest_usd, one.watched_http_usd) for one in failing
    ]
    return "an hour, with at API Gateway if REST or HTTP APIs: " + "; ".join(
        f"{how} ${spent:,.3f} (${as_rest:,.3f} or ${as_http:,.3f})"
        for how, spent, as_rest, as_http in hours
    )


def _running(most: AtOnce) -> str:
    twins = f"{most.twins} probes inside the VPC, " if most.twins else ""
    posts = f"{most.deliverers} deliverers of messages, " if most.deliverers else ""
    return (
        f"Lambda functions at once in the account, while no API answers: {most.all} ({most.probes} "
        f"probes, {twins}{most.writers} writers of incidents, {posts}dispatch); "
        f"a new account may run {NEW_ACCOUNT} in all"
    )


def planned(config: Config) -> Plan:
    entrances = ((api.name, one.url) for api in config.apis for one in api.entrances)
    order = {entrance: number for number, entrance in enumerate(entrances)}
    probes = plan_all(config, entered=NOBODY_YET)
    probes.sort(key=lambda probe: order[probe.api.name, probe.entrance.url])
    looks = tuple(one for probe in probes for one in _of_probe(probe))
    found = counted(config)
    loads, most = tuple(_loads(config, looks)), at_once(config, found)
    return Plan(
        looks=looks, load=loads, bill=bill(found), outages=outages(config, found), at_once=most
    )


def _loads(config: Config, looks: Iterable[Planned]) -> Iterator[Load]:
    by_api: dict[str, list[Planned]] = {api.name: [] for api in config.apis}
    for look in looks:
        by_api[look.api].append(look)
    for name, own in by_api.items():
        yield Load(
            api=name,
            requests_per_minute=round(sum(one.per_minute for one in own), 2),
            refusals_per_minute=round(sum(one.per_minute for one in own if one.refused), 2),
        )


def _of_probe(probe: Probe) -> Iterator[Planned]:
    for attempt in probe.planned:
        yield Planned(
            api=attempt.api,
            route=attempt.route,
            entrance=attempt.entrance,
            caller=attempt.caller,
            method=attempt.method,
            url=_SHOWABLE.url(attempt.url),
            per_minute=round(_rate(probe, attempt), 4),
            refused=_is_refused(probe, attempt),
            note="; ".join(_notes(probe, attempt)),
        )
    for skipped in probe.skipped:
        yield Planned(
            api=probe.api.name,
            route=probe.route.name,
            entrance=probe.entrance.url,
            caller=skipped.caller,
            method=probe.route.method,
            url=_SHOWABLE.url(probe.called),
            per_minute=0,
            refused=False,
            note=f"skipped: {skipped.because}",
        )


def _rate(probe: Probe, attempt: Attempt) -> float:
    if attempt.invalid is not None:
        return 1 / trial_minutes(probe.route)
    strangers, callers = looks_a_minute(probe.route)
    return callers if attempt.callers else strangers


def _notes(probe: Probe, attempt: Attempt) -> Iterator[str]:
    if attempt.caller == ANONYMOUS and (unproven := cannot_be_proven(probe.route)):
        yield unproven
    elif _is_refused(probe, attempt):
        yield "refused on purpose"
    if note := uneven(probe.route):
        yield note


def uneven(route: Route) -> str | None:
    """How intervals that are no whole minutes are rounded; None where all are whole."""
    given = {"every": route.every_seconds}
    if route.access is Access.PROTECTED:
        given["anonymous_every"] = route.anonymous_every_seconds
    notes = [
        f"`{name}: {seconds:g}s` is kept as {whole_minutes(seconds)}m"
        for name, seconds in given.items()
        if seconds != whole_minutes(seconds) * 60
    ]
    return f"looks are taken by the minute: {', '.join(notes)}" if notes else None


def _is_refused(probe: Probe, attempt: Attempt) -> bool:
    protected = probe.route.access is Access.PROTECTED
    return probe.entrance.closed or (protected and is_stranger(attempt.caller))


def _table(looks: Sequence[Planned], entrance: str) -> Table:
    table = Table(box=SIMPLE, pad_edge=False)
    table.add_column("look", overflow="fold")
    for title in ("as", "a minute", "note"):
        table.add_column(title)
    for look in looks:
        table.add_row(
            Text(f"{look.method} {look.url.removeprefix(entrance) or '/'}"),
            Text(look.caller),
            Text(f"{look.per_minute:g}"),
            Text(look.note, style="dim"),
        )
    return table

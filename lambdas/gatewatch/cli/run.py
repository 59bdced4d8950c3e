"""`gatewatch run`: probe everything once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec
import typer
from msgspec.structs import replace
from rich.console import Console

from gatewatch.adapters.local.clock import SystemClock
from gatewatch.cli import show
from gatewatch.cli.exits import BAD_USAGE, UsageError, gravest, of_verdicts, say, until_closed
from gatewatch.cli.facts import facts, of_clock
from gatewatch.cli.maintenance import scheduled, window_lines
from gatewatch.cli.notifying import Notify, Notifying
from gatewatch.cli.options import CONFIG, ConfigFile, Format, OutputFormat, StateFile
from gatewatch.cli.setting import open_store, origin, prober, read_config, vault
from gatewatch.model import Finding, Incident, Verdict
from gatewatch.notices.origin import Origin
from gatewatch.notices.visible import visible
from gatewatch.run import Report, Summary
from gatewatch.run import run as run_once


def run(
    config: ConfigFile = CONFIG,
    state: StateFile = None,
    deployed_at: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="When the APIs were deployed: for two minutes, one look alone refutes nothing; an "
            "incident that begins within half an hour names it.",
        ),
    ] = None,
    notify: Notify = False,
    output: OutputFormat = Format.TEXT,
) -> None:
    """Probe every configured route once, judge it, and store the result.

    An incident opens after `open_after` failing runs, an exposure at once. With `--notify`, the
    channels are told of it before the command ends: it waits half a minute for those that take
    nothing, and what is left waits for the next run, at exit code 2.

    **Examples**

    ```
    gatewatch run
    gatewatch run --config staging.yaml --format json
    gatewatch run --deployed-at 2026-11-22T09:00:00Z
    gatewatch run --notify
    ```
    """
    deployed = time_of("--deployed-at", deployed_at) if deployed_at is not None else None
    loaded = read_config(config)
    store = open_store(config, state, loaded)
    telling = Notifying(loaded, store, config.parent, origin(config, state)) if notify else None
    channels = telling.channels if telling else ()
    transport, clock = prober(loaded, vault(config.parent, loaded)), SystemClock()
    with show.console(stderr=True).status("probing") as waiting:

        def tell(summary: Summary, verdicts: Sequence[Verdict]) -> None:
            waiting.stop()
            if output is Format.TEXT:
                with until_closed():
                    print_looks(summary, verdicts, show.console())

        report = run_once(loaded, transport, store, clock, None, deployed, tell, channels)
    transport.close()
    with until_closed():
        if output is Format.JSON:
            typer.echo(msgspec.json.encode(replace(report, announcements=())))
        else:
            print_incidents(report, show.console(), origin(config, state))
            for line in window_lines(scheduled(loaded, clock.now()), only_open=True):
                typer.echo(visible(line))
    status = of_report(report)
    if telling:
        telling.start()
        status = gravest(status, telling.finish())
    raise typer.Exit(status)


def time_of(option: str, text: str) -> datetime:
    """Raises UsageError."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        time = None
    if time is None or time.tzinfo is None:
        raise UsageError(f'{option}: "{text}": expected a time such as 2026-11-22T09:00:00Z')
    return time


def of_report(report: Report) -> int:
    """The exit code; reports, besides, what could not be stored."""
    status = of_verdicts(report.verdicts)
    if report.unsaved is None:
        return status
    say(f"gatewatch: {report.unsaved}; not all of this is remembered")
    return gravest(status, BAD_USAGE)


def print_looks(summary: Summary, verdicts: Sequence[Verdict], console: Console) -> None:
    lines, others = facts(verdicts)
    for line in lines:
        console.print(line)
    if others or not lines:
        console.print(show.verdicts(others))
    due, sent = show.count(summary.due, "look"), show.count(summary.requests, "request")
    console.print(
        f"{due} due: {summary.passed} passed, {summary.failed} failed, "
        f"{summary.unknown} unknown, {summary.skipped} skipped; {sent}"
    )


def _is_shown_elsewhere(incident: Incident) -> bool:
    """Whether another incident, or a line above, already shows what this one would in full."""
    return incident.finding is Finding.CREDENTIAL_UNREADABLE or incident.part_of is not None


def print_incidents(report: Report, console: Console, place: Origin) -> None:
    for line in of_clock(report.summary):
        console.print(line)
    short = [listed for listed in report.incidents if _is_shown_elsewhere(listed)]
    for incident in report.incidents:
        if incident not in short:
            console.print()
            show.put(console, show.incident(incident, place))
    if short:
        console.print()
        show.put(console, show.incident_list(short))

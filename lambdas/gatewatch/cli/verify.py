"""`gatewatch verify`: after a deployment, pass or stop the release, by layer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from msgspec.structs import replace
from rich.live import Live

from gatewatch.adapters.local.clock import SystemClock
from gatewatch.cli import baselines, show, show_release
from gatewatch.cli.exits import AS_EXPECTED, FINDINGS, UNDECIDED, UsageError, say, until_closed
from gatewatch.cli.options import StateFile
from gatewatch.cli.reporting import Output, Written, wanted
from gatewatch.cli.run import time_of
from gatewatch.cli.scope import only, timed
from gatewatch.cli.stack import MonitorName, Place, Region
from gatewatch.cli.verifying import Setting
from gatewatch.config.canonical import Config
from gatewatch.release.baseline import Baseline
from gatewatch.release.decide import Decision, Release
from gatewatch.release.sightings import Sightings
from gatewatch.verify import Tell, tell_nobody

CODES = {
    Decision.PASSED: AS_EXPECTED,
    Decision.STOPPED: FINDINGS,
    Decision.UNDECIDED: UNDECIDED,
}


def verify(
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            "-c",
            help="The configuration. [default: gatewatch.yaml, or the published one of --stack]",
        ),
    ] = None,
    api: Annotated[
        list[str] | None, typer.Option("--api", help="Only this API; may be repeated.")
    ] = None,
    route: Annotated[
        list[str] | None,
        typer.Option("--route", help='Only this route, such as "GET /orders"; may be repeated.'),
    ] = None,
    url: Annotated[
        str | None,
        typer.Option("--url", help="Look at the API here instead, as at a stage not yet live."),
    ] = None,
    settles: Annotated[
        str | None,
        typer.Option("--for", help="How long answers may be mixed, such as 90s."),
    ] = None,
    deadline: Annotated[
        str | None, typer.Option("--deadline", help="When to decide at the latest, such as 5m.")
    ] = None,
    baseline: Annotated[
        Path | None,
        typer.Option(
            "--baseline",
            help="What was before: a file of --save, or of `gatewatch run --format json`. "
            "[default: the state of --stack, or the local one]",
        ),
    ] = None,
    save: Annotated[
        Path | None,
        typer.Option("--save", help="Keep a release that passed as the next one's baseline."),
    ] = None,
    deployed_at: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="When the deployment began. [default: 10 minutes ago]",
        ),
    ] = None,
    state: StateFile = None,
    stack: Annotated[
        str | None, typer.Option("--stack", "-s", help="Compare with this stack's state.")
    ] = None,
    region: Region = None,
    monitor: MonitorName = None,
    report: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FORMAT=FILE",
            help="Write a report as well: json, junit, sarif, github or markdown; repeatable.",
        ),
    ] = None,
    output: Annotated[
        Output, typer.Option("--format", "-f", help="How to print the result.")
    ] = Output.TEXT,
) -> None:
    """After a deployment: is each route reached and guarded as before? Stops the release if not.

    Looks at everything again and again: after a deployment answers are mixed for a while, so only
    the last ones count, once they agree. New failures stop the release, by the policy of
    `verify:` in the configuration; older ones are listed; whoever gets in who must not always stops
    it. It opens no incident, and disturbs no monitor. Writes are proven by refusal.

    Exit code 0 passed, 1 stopped, 2 not decided: what is unknown is never a pass.

    **Examples**

    ```
    gatewatch verify
    gatewatch verify --baseline before.json
    gatewatch verify --api orders --for 60s --save base.json
    gatewatch verify --stack Gatewatch --report junit=verify.xml
    gatewatch verify --api orders --url https://next.example.com
    ```
    """
    files = [wanted(one) for one in report or ()]
    began = None if deployed_at is None else _past(deployed_at)
    place = _place(stack, region, monitor, state)
    if save is not None:
        baselines.check_folder(save)
    setting = Setting(config, state, place, baseline, began)
    whole = setting.whole(url, api or [])
    looked_at = timed(only(whole, api or [], route or []), settles, deadline)
    known = setting.known(whole, url, looked_at)
    with _progress(output) as tell:
        found = setting.verified(looked_at, known, tell)
    if route:
        found = replace(found, gone=())
    written = Written(found, setting.places())
    with until_closed():
        if output is Output.TEXT:
            show.put(show.console(), show_release.release(found))
        else:
            typer.echo(written.text(output), nl=False)
    for form, file in files:
        written.into(form, file)
    _save(save, found, known.saved, whole)
    raise typer.Exit(CODES[found.decision])


def _place(
    stack: str | None, region: str | None, monitor: str | None, state: Path | None
) -> Place | None:
    """Raises UsageError for an option that would be left out of account."""
    if stack is not None:
        if state is not None:
            raise UsageError("--state: expected no --stack beside it: which of the two?")
        return Place(stack, region, monitor)
    for option, given in (("--region", region), ("--monitor", monitor)):
        if given is not None:
            raise UsageError(f"{option}: {given}: expected --stack NAME beside it")
    return None


_SKEW = timedelta(minutes=5)
"""Clocks of two machines may differ so much."""


def _past(given: str) -> datetime:
    """Raises UsageError for a deployment that is still to come: what fails now would be older."""
    at, now = time_of("--deployed-at", given), SystemClock().now()
    if at > now + _SKEW:
        raise UsageError(
            f'--deployed-at: "{given}": expected a time that has come; '
            f"now it is {now:%Y-%m-%dT%H:%M:%SZ}"
        )
    return min(at, now)


@contextmanager
def _progress(output: Output) -> Iterator[Tell]:
    """On a terminal, what is seen so far, until it is decided; on standard error."""
    console = show.console(stderr=True)
    if output is not Output.TEXT or not console.is_terminal:
        yield tell_nobody
        return
    with Live(console=console, auto_refresh=False, transient=True) as live:

        def tell(after: float, rounds: int, seen: Sightings) -> None:
            live.update(show_release.progress(seen, after, rounds), refresh=True)

        yield tell


def _save(file: Path | None, found: Release, known: Baseline, whole: Config) -> None:
    if file is None:
        return
    if found.decision is not Decision.PASSED:
        say(f"gatewatch: {file}: not written, as the release was {found.decision}")
        return
    baselines.save(file, found, known, {one.name for one in whole.apis})

"""`gatewatch verify`: after a deployment, pass or stop the release, by layer."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import replace as replaced
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from msgspec.structs import replace
from rich.live import Live

from gatewatch.adapters.local.clock import SteadyClock, SystemClock
from gatewatch.adapters.overdue import bounded
from gatewatch.cli import baselines, show, show_release
from gatewatch.cli.exits import (
    AS_EXPECTED,
    FINDINGS,
    UNDECIDED,
    UsageError,
    until_closed,
)
from gatewatch.cli.options import CONFIG, Format, OutputFormat, StateFile
from gatewatch.cli.run import time_of
from gatewatch.cli.scope import only, timed, url_of
from gatewatch.cli.service import Service
from gatewatch.cli.setting import existing_store, prober, read_config, vault
from gatewatch.cli.stack import MonitorName, Place, Region
from gatewatch.config.canonical import Config
from gatewatch.plan import Entered, Latches
from gatewatch.release.baseline import (
    NO_BASELINE,
    UNCERTAIN,
    Baseline,
    at_another_url,
    of_states,
)
from gatewatch.release.decide import Decision, Release
from gatewatch.release.sightings import Sightings
from gatewatch.verify import HeldWrite, Round, Taken, TakeRound, Tell, take_round, tell_nobody
from gatewatch.verify import verify as verify_release

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
    output: OutputFormat = Format.TEXT,
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
    gatewatch run --format json >before.json   # then deploy, then:
    gatewatch verify --baseline before.json
    gatewatch verify --api orders --for 60s --save baseline.json --baseline baseline.json
    gatewatch verify --stack Gatewatch
    gatewatch verify --api orders --url https://abc123.execute-api.us-east-1.amazonaws.com/next
    ```
    """
    began = None if deployed_at is None else time_of("--deployed-at", deployed_at)
    place = None if stack is None else Place(stack, region, monitor)
    setting = _Setting(config, state, place, baseline, began)
    whole = setting.whole(url, api or [])
    wanted = timed(only(whole, api or [], route or []), settles, deadline)
    known = setting.known(whole, url, wanted)
    with _progress(output) as tell:
        found = setting.verified(wanted, known, tell)
    if route:
        found = replace(found, gone=())
    with until_closed():
        if output is Format.JSON:
            typer.echo(msgspec.json.encode(found))
        else:
            show.put(show.console(), show_release.release(found))
    _save(save, found, known.saved, whole)
    raise typer.Exit(CODES[found.decision])


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known before the first look. `saved`: also of what is not looked at."""

    baseline: Baseline
    saved: Baseline = NO_BASELINE
    held: tuple[HeldWrite, ...] = ()
    entered: Entered = frozenset()


@dataclass(frozen=True, slots=True)
class _Setting:
    """Where the configuration and what was known before come from."""

    config: Path | None
    state: Path | None
    place: Place | None
    baseline: Path | None
    began: datetime | None

    def whole(self, url: str | None, apis: Sequence[str]) -> Config:
        """All that is configured. Raises UsageError or ConfigError."""
        if self.config is None and self.place is not None:
            if url is not None:
                raise UsageError("--url: expected --config FILE beside it")
            return Service(self.place).config
        file = self.config or CONFIG
        if url is None:
            return read_config(file)
        names = [one.name for one in read_config(file).apis]
        return read_config(file, instead=url_of(url, apis, names))

    def known(self, whole: Config, url: str | None, wanted: Config) -> _Known:
        """Of the wanted APIs. A saved file says nothing of held writes, which the state knows."""
        found = self._of_state(whole)
        if self.baseline is not None:
            found = replaced(found, baseline=baselines.read(self.baseline))
        ours = baselines.of_apis(found.baseline, {one.name for one in wanted.apis})
        if url is not None:
            ours = _moved(ours, self.config or CONFIG, wanted)
        return replaced(found, baseline=ours, saved=found.baseline)

    def _of_state(self, whole: Config) -> _Known:
        at = self.began or SystemClock().now() - UNCERTAIN
        if self.place is not None:
            service = Service(self.place)
            states = {one.name: service.states(one.name) for one in whole.apis}
            told = f"the state of stack {self.place.stack}"
            latched, entered = service.precedents()
        else:
            store = existing_store(self.config or CONFIG, self.state)
            states, told = store.states(), f"the state {store.name}"
            latched, entered = store.latched(), store.let_in()
        found = of_states(states, told, at) if any(states.values()) else NO_BASELINE
        return _Known(found, held=_held(latched), entered=entered)

    def verified(self, wanted: Config, known: _Known, tell: Tell) -> Release:
        folder = (self.config or CONFIG).parent
        clock = SteadyClock()
        end = clock.now() + timedelta(seconds=wanted.verification.deadline_seconds)

        def left() -> float:
            return (end - clock.now()).total_seconds()

        take = bounded(_rounds(wanted, folder, known.entered), left)
        return verify_release(wanted, take, known.baseline, clock, time.sleep, known.held, tell)


def _held(latched: Latches) -> tuple[HeldWrite, ...]:
    return tuple(
        HeldWrite(api=api, route=route, entrance=entrance, held=held)
        for (api, route, entrance), held in latched.items()
    )


def _moved(known: Baseline, file: Path, wanted: Config) -> Baseline:
    """As if it had been at the URL at which it is looked at now."""
    usual = {one.name: one.entrances[0].url for one in read_config(file).apis}
    for one in wanted.apis:
        known = at_another_url(known, one.name, usual[one.name], one.entrances[0].url)
    return known


def _rounds(config: Config, folder: Path, entered: Entered) -> TakeRound:
    """Each round has connections of its own; secrets and tokens are kept."""
    held = vault(folder, config)

    def take(asked: Round) -> Taken:
        transport = prober(config, held)
        try:
            return take_round(config, transport, entered, asked)
        finally:
            transport.close()

    return take


@contextmanager
def _progress(output: Format) -> Iterator[Tell]:
    """On a terminal, what is seen so far, until it is decided; on standard error."""
    console = show.console(stderr=True)
    if output is not Format.TEXT or not console.is_terminal:
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
        typer.echo(f"gatewatch: {file}: not written, as the release was {found.decision}", err=True)
        return
    baselines.save(file, found, known, {one.name for one in whole.apis})

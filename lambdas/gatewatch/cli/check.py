"""`gatewatch check`: one look at a URL or a configured route, diagnosed at once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import msgspec
import typer
from rich.console import Group
from rich.text import Text

from gatewatch.adapters.local.authority import read_authority
from gatewatch.adapters.local.sqlite import SqliteStore
from gatewatch.attempt import Probe
from gatewatch.cli import show
from gatewatch.cli.credentials import FORMS, inline, names
from gatewatch.cli.exits import UsageError, of_look, of_verdicts, until_closed
from gatewatch.cli.options import Format, OutputFormat, StateFile
from gatewatch.cli.setting import DEFAULT_CONFIG, existing_store, prober, read_config, vault
from gatewatch.config.canonical import (
    Api,
    Config,
    Credential,
    Entrance,
    Expect,
    Route,
)
from gatewatch.config.lookups import Missing
from gatewatch.config.values import HOST_PORT, HOST_PORT_PATTERN, METHODS
from gatewatch.diagnosis.diagnose import diagnose
from gatewatch.gateway.url import (
    AmbiguousUrlError,
    halves,
    host_of,
    is_loopback_host,
    joined_url,
    tidied,
    tidied_base,
)
from gatewatch.looking.loop import results_due, take_looks
from gatewatch.looking.result import ProbeResult
from gatewatch.model import READING_METHODS, Access, Diagnosis, Severity, Verdict
from gatewatch.notices.words import undecided_phrase

if TYPE_CHECKING:
    from gatewatch.probe.prober import Prober


Target = Annotated[str, typer.Argument(metavar="URL|ROUTE", help="What to look at.")]
Method = Annotated[str | None, typer.Option("-X", "--method", help="The method. [default: GET]")]
Caller = Annotated[str | None, typer.Option("--as", help=f"Look with a credential, too: {FORMS}.")]
ConnectTo = Annotated[
    str | None,
    typer.Option(metavar="HOST:PORT", help="Connect there; name and certificate stay."),
]
CaFile = Annotated[Path | None, typer.Option(help="Also trust this certificate authority.")]
Timeout = Annotated[
    float | None,
    typer.Option(help="Seconds for the whole request. [default: 10]", min=0.1, max=3600),
]
Invoke = Annotated[bool, typer.Option("--invoke", help="Really call a write method.")]
RouteConfig = Annotated[
    Path | None,
    typer.Option("--config", "-c", help=f"Where a ROUTE is. [default: {DEFAULT_CONFIG}]"),
]


def check(
    target: Target,
    method: Method = None,
    caller: Caller = None,
    connect_to: ConnectTo = None,
    ca_file: CaFile = None,
    timeout: Timeout = None,
    invoke: Invoke = False,
    config: RouteConfig = None,
    state: StateFile = None,
    output: OutputFormat = Format.TEXT,
) -> None:
    """Look once at a URL or a configured route, and report where the request stopped and why.

    At most two harmless controls follow a refused look, to tell causes apart. A write method is
    sent without a credential and without a body, unless you give `--invoke`.

    **Examples**

    ```
    gatewatch check https://api.example.com/orders
    gatewatch check https://api.example.com/orders -X POST
    gatewatch check https://api.example.com/orders --as bearer=env:TOKEN
    gatewatch check "GET /orders/{id}" --config gatewatch.yaml
    ```
    """
    of_url = {
        "-X": method,
        "--as": caller,
        "--connect-to": connect_to,
        "--ca-file": ca_file,
        "--timeout": timeout,
        "--invoke": invoke or None,
    }
    if "://" not in target:
        _refuse(of_url, "a configured route brings its own; write it into the configuration")
        raise typer.Exit(_check_route(target, config or DEFAULT_CONFIG, state, output))
    _refuse({"--config": config, "--state": state}, "this goes with a configured route, not a URL")
    url = _checked_url(target)
    credentials = inline(caller, host_of(url)) if caller else ()
    verb = (method or "GET").upper()
    setting = _Setting(url, verb, credentials, connect_to, ca_file, timeout or 10.0, invoke)
    raise typer.Exit(_check_url(setting.config(), output))


def _refuse(options: Mapping[str, object], because: str) -> None:
    """An option that would be ignored is refused instead."""
    given = [name for name, value in options.items() if value is not None]
    if given:
        raise UsageError(f"{', '.join(given)}: {because}")


def _check_url(config: Config, output: Format) -> int:
    [result] = _looked(
        results_due(config, SqliteStore(None)), prober(config, vault(Path(), config))
    )
    if not result.exchanges:
        raise UsageError("; ".join(_not_sent(result).values()) or "nothing was sent")
    diagnosis = diagnose(result.exchanges, result.facts)
    with until_closed():
        _print(diagnosis, result, output)
    was_read = not any(map(undecided_phrase, result.looks.values()))
    return of_look(diagnosis, all_answered=was_read and not result.not_sent)


def _looked(results: list[ProbeResult], transport: Prober) -> list[ProbeResult]:
    with show.console(stderr=True).status("looking"):
        take_looks(results, transport)
    transport.close()
    return results


def _checked_url(text: str) -> str:
    try:
        parts = urlsplit(text)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        has_user_info = "@" in parts.netloc
    except ValueError:
        valid, has_user_info = False, False
    if has_user_info:
        raise UsageError("expected a URL without user info; give a credential with --as")
    if not valid or not text.isprintable() or " " in text:
        shown = "…" if re.search(r"[@?#]", text) or not text.isprintable() else text
        raise UsageError(f'"{shown}": expected a URL such as https://api.example.com/orders')
    base, query = halves(text.partition("#")[0])
    try:
        return joined_url(tidied_base(base), tidied(query))
    except AmbiguousUrlError as error:
        shown = "…" if query else text
        raise UsageError(f'"{shown}": expected a URL of ASCII characters: {error}') from None


class _Setting(msgspec.Struct, frozen=True):
    """The options of one check, as a configuration of one route."""

    url: str
    method: str
    credentials: tuple[Credential, ...]
    connect_to: str | None
    ca_file: Path | None
    timeout: float
    invoke: bool

    def config(self) -> Config:
        self._check()
        parts = urlsplit(self.url)
        base, target = halves(self.url)
        callers = (names(self.credentials),) if self.credentials else ()
        route = Route(
            name=f"{self.method} {parts.path or '/'}",
            method=self.method,
            target=target,
            access=Access.PROTECTED if callers or self._writes() else Access.PUBLIC,
            guarded_by=(),
            callers=callers,
            headers={},
            invoke=self.invoke,
            expect=Expect(),
            every_seconds=60,
            anonymous_every_seconds=60,
            timeout_seconds=self.timeout,
            open_after=1,
            resolve_after=1,
            severity=Severity.MEDIUM,
        )
        api = Api(
            name=parts.hostname or "",
            entrances=(Entrance(url=base, closed=False),),
            routes=(route,),
            owner=None,
            severity=Severity.MEDIUM,
            runbook=None,
            connect_to=self.connect_to,
            authority=self._authority(),
        )
        return Config(apis=(api,), credentials=self.credentials)

    def _writes(self) -> bool:
        return self.method not in READING_METHODS

    def _authority(self) -> str | None:
        authority = read_authority(self.ca_file) if self.ca_file else None
        if isinstance(authority, Missing):
            raise UsageError(f"--ca-file: {authority.reason}")
        return authority

    def _check(self) -> None:
        if self.method not in METHODS:
            raise UsageError(f'-X: "{self.method}": expected one of {", ".join(METHODS)}')
        if self.credentials and self._writes() and not self.invoke:
            raise UsageError(f"-X {self.method} with a credential calls the API; add --invoke")
        if self.connect_to is None:
            return
        if not re.search(HOST_PORT_PATTERN, self.connect_to):
            raise UsageError(f'--connect-to: "{self.connect_to}": expected {HOST_PORT}')
        if self.credentials and not is_loopback_host(
            self.connect_to.rpartition(":")[0].strip("[]")
        ):
            raise UsageError("--connect-to: with a credential, only a loopback address")


def _print(diagnosis: Diagnosis, result: ProbeResult, output: Format) -> None:
    exchanges = result.exchanges
    if output is Format.JSON:
        whole = {"diagnosis": diagnosis, "exchanges": exchanges, "not_sent": _not_sent(result)}
        typer.echo(msgspec.json.encode(whole))
        return
    console = show.console()
    show.put(console, show.diagnosis(diagnosis, exchanges))
    for caller, because in _not_sent(result).items():
        console.print(f"\n  not sent as {caller}: {because}")


def _not_sent(result: ProbeResult) -> dict[str, str]:
    return {caller: unsent.because for caller, unsent in result.not_sent.items()}


def _check_route(name: str, config_file: Path, state: Path | None, output: Format) -> int:
    """Look at a configured route through each of its entrances, with the state that `run` uses;
    nothing is stored."""
    config = read_config(config_file)
    due = results_due(config, existing_store(config_file, state))
    chosen = [one for one in due if name in _names(one.probe)]
    if not chosen:
        known = ", ".join(route.name for api in config.apis for route in api.routes)
        raise UsageError(f'"{name}" is neither a URL nor a configured route; routes: {known}')
    looked = _looked(chosen, prober(config, vault(config_file.parent, config)))
    verdicts = [verdict for result in looked for verdict in result.judged()]
    with until_closed():
        if output is Format.JSON:
            typer.echo(msgspec.json.encode(verdicts))
        else:
            _print_route(looked, verdicts)
    return of_verdicts(verdicts)


def _names(probe: Probe) -> tuple[str, str]:
    return probe.route.name, f"{probe.api.name}:{probe.route.name}"


def _print_route(results: list[ProbeResult], verdicts: list[Verdict]) -> None:
    console = show.console()
    console.print(show.verdicts(verdicts))
    for result in results:
        if result.exchanges:
            diagnosis = diagnose(result.exchanges, result.facts)
            heading = Text(result.probe.entrance.url, style="bold")
            show.put(console, Group(heading, show.diagnosis(diagnosis, result.exchanges)))

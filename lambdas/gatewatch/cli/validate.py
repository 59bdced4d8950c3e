"""`gatewatch validate` and `gatewatch schema`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from gatewatch.adapters.local.clock import SystemClock
from gatewatch.cli import show
from gatewatch.cli.exits import AS_EXPECTED, BAD_USAGE, UsageError, gravest, say
from gatewatch.cli.maintenance import scheduled, window_lines
from gatewatch.cli.options import CONFIG, ConfigFile, Format, OutputFormat
from gatewatch.cli.plan import uneven
from gatewatch.cli.setting import read_config
from gatewatch.config import authored
from gatewatch.config.lookups import Placeholders
from gatewatch.config.problems import ConfigError, Problem, masked, shown
from gatewatch.notices import machine
from gatewatch.notices.visible import visible


def validate(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILE", help="Configurations, instead of --config."),
    ] = None,
    config: ConfigFile = CONFIG,
    output: OutputFormat = Format.TEXT,
) -> None:
    """Check configurations and report every problem at once, without sending anything.

    AWS is not called either: values in Parameter Store are not read.

    Exit code 0 when all are in order, 3 when one is not.

    **Examples**

    ```
    gatewatch validate
    gatewatch validate staging.yaml production.yaml
    gatewatch validate --config staging.yaml --format json
    ```
    """
    if files and config != CONFIG:
        raise UsageError("FILE and --config: give one of them")
    check = _as_json if output is Format.JSON else _as_text
    raise typer.Exit(gravest(*[check(file) for file in files or [config]]))


def _as_text(config: Path) -> int:
    try:
        loaded = read_config(config, Placeholders())
    except ConfigError as error:
        say(str(error))
        return BAD_USAGE
    routes = [route for api in loaded.apis for route in api.routes]
    counted = f"{show.count(len(loaded.apis), 'API')}, {show.count(len(routes), 'route')}"
    typer.echo(visible(f"{config}: in order; {counted}"))
    for route in routes:
        if note := uneven(route):
            typer.echo(visible(f"{config}: {route.name}: {note}"))
    for line in window_lines(scheduled(loaded, SystemClock().now())):
        typer.echo(visible(f"{config}: {line}"))
    return AS_EXPECTED


def _as_json(config: Path) -> int:
    """Print the problems, each with its file and path, its value and what was expected, and how
    many `more` there are; return the exit code."""
    problems, more = tuple[Problem, ...](), 0
    try:
        read_config(config, Placeholders())
    except ConfigError as error:
        problems, more = error.problems, error.more
    listed = [
        {
            "file": problem.file or str(config),
            "path": shown(problem.path),
            "line": problem.line,
            "found": None if problem.found is None else masked(str(problem.found)),
            "expected": problem.expected,
            "nearest": problem.nearest,
        }
        for problem in problems
    ]
    typer.echo(msgspec.json.encode({"file": str(config), "problems": listed, "more": more}))
    return BAD_USAGE if problems else AS_EXPECTED


def schema(
    message: Annotated[
        bool, typer.Option("--message", help="Of what programs get at a topic, a bus or a hook.")
    ] = False,
) -> None:
    """Print the JSON Schema of gatewatch.yaml, for editors; or that of messages.

    **Examples**

    ```
    gatewatch schema > gatewatch.schema.json
    gatewatch schema --message
    ```
    """
    found = machine.schema() if message else authored.schema()
    typer.echo(msgspec.json.format(msgspec.json.encode(found)).decode())

"""`gatewatch validate` and `gatewatch schema`."""

from __future__ import annotations

from pathlib import Path

import msgspec
import typer

from gatewatch.adapters.local.clock import SystemClock
from gatewatch.cli import show
from gatewatch.cli.exits import AS_EXPECTED, BAD_USAGE
from gatewatch.cli.maintenance import scheduled, told
from gatewatch.cli.options import CONFIG, ConfigFile, Format, OutputFormat
from gatewatch.cli.plan import uneven
from gatewatch.cli.setting import read_config
from gatewatch.config import authored
from gatewatch.config.lookups import Placeholders
from gatewatch.config.problems import ConfigError, Problem, shown
from gatewatch.notices.visible import visible


def validate(config: ConfigFile = CONFIG, output: OutputFormat = Format.TEXT) -> None:
    """Check a configuration without sending anything; every problem at once.

    AWS is not asked either: what a parameter of Parameter Store holds is not looked at.

    Exit code 0 when it is in order, 3 when it is not.

    **Examples**

    ```
    gatewatch validate
    gatewatch validate --config staging.yaml --format json
    ```
    """
    if output is Format.JSON:
        raise typer.Exit(_as_json(config))
    found = read_config(config, Placeholders())
    routes = [route for api in found.apis for route in api.routes]
    counted = f"{show.count(len(found.apis), 'API')}, {show.count(len(routes), 'route')}"
    typer.echo(visible(f"{config}: in order; {counted}"))
    for route in routes:
        if note := uneven(route):
            typer.echo(visible(f"{config}: {route.name}: {note}"))
    for line in told(scheduled(found, SystemClock().now())):
        typer.echo(visible(f"{config}: {line}"))


def _as_json(config: Path) -> int:
    """A list of problems, each with its path, what was found and expected; the exit code."""
    problems: tuple[Problem, ...] = ()
    try:
        read_config(config, Placeholders())
    except ConfigError as error:
        problems = error.problems
    told = [
        {
            "path": shown(one.path),
            "line": one.line,
            "found": None if one.found is None else str(one.found),
            "expected": one.expected,
            "nearest": one.nearest,
        }
        for one in problems
    ]
    typer.echo(msgspec.json.encode({"file": str(config), "problems": told}))
    return BAD_USAGE if problems else AS_EXPECTED


def schema() -> None:
    """Print the JSON Schema of gatewatch.yaml, for editors.

    **Example**

    ```
    gatewatch schema > gatewatch.schema.json
    ```
    """
    typer.echo(msgspec.json.format(msgspec.json.encode(authored.schema())).decode())

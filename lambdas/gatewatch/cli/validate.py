"""`gatewatch validate` and `gatewatch schema`."""

from __future__ import annotations

import msgspec
import typer

from gatewatch.cli import show
from gatewatch.cli.options import CONFIG, ConfigFile
from gatewatch.cli.plan import uneven
from gatewatch.cli.setting import read_config
from gatewatch.config import authored


def validate(config: ConfigFile = CONFIG) -> None:
    """Check a configuration without sending anything; every problem at once.

    **Examples**

    ```
    gatewatch validate
    gatewatch validate --config staging.yaml
    ```
    """
    found = read_config(config)
    routes = [route for api in found.apis for route in api.routes]
    counted = f"{show.count(len(found.apis), 'API')}, {show.count(len(routes), 'route')}"
    typer.echo(f"{config}: in order; {counted}")
    for route in routes:
        if note := uneven(route):
            typer.echo(f"{config}: {route.name}: {note}")


def schema() -> None:
    """Print the JSON Schema of gatewatch.yaml, for editors.

    **Example**

    ```
    gatewatch schema > gatewatch.schema.json
    ```
    """
    typer.echo(msgspec.json.format(msgspec.json.encode(authored.schema())).decode())

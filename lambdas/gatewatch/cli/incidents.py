"""`gatewatch incidents` and `gatewatch ack`."""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer

from gatewatch.cli import show
from gatewatch.cli.exits import UsageError
from gatewatch.cli.options import CONFIG, ConfigFile, Format, OutputFormat, StateFile
from gatewatch.cli.setting import remembered


def incidents(
    incident_id: Annotated[
        str | None, typer.Argument(help="One incident, or the beginning of its id; in full.")
    ] = None,
    config: ConfigFile = CONFIG,
    state: StateFile = None,
    output: OutputFormat = Format.TEXT,
) -> None:
    """List the incidents, the newest first, or show one in full.

    **Examples**

    ```
    gatewatch incidents
    gatewatch incidents 01M80Y0GD6
    ```
    """
    known = remembered(config, state).incidents()
    if incident_id is not None:
        known = [one for one in known if one.id.startswith(incident_id.upper())]
        if len(known) != 1:
            found = "no incident" if not known else f"{len(known)} incidents"
            raise UsageError(f"{found} with an id that begins with {incident_id}")
    if output is Format.JSON:
        typer.echo(msgspec.json.encode(known if incident_id is None else known[0]))
        return
    console = show.console()
    if incident_id is not None:
        show.put(console, show.incident(known[0]))
    elif known:
        console.print(show.incident_list(known))
    else:
        console.print("no incidents")


def ack(
    api: Annotated[str, typer.Argument(help="The API's name in the configuration.")],
    route: Annotated[str, typer.Argument(help='The route, such as "POST /orders".')],
    config: ConfigFile = CONFIG,
    state: StateFile = None,
) -> None:
    """Let a write be sent again that got through without a credential.

    Such a look is held back after the first time, since it may have changed something.

    **Example**

    ```
    gatewatch ack orders "POST /orders"
    ```
    """
    released = remembered(config, state).release(api, route)
    if not released:
        raise UsageError(f"{api} {route}: this route is not held back")
    typer.echo(f"{api} {route}: will be sent again")

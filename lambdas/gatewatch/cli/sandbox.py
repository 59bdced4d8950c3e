"""`gatewatch sandbox`: a local API Gateway to practise with, whose faults you switch."""

from __future__ import annotations

import difflib
import shlex
import signal
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from gatewatch.cli import complete, show
from gatewatch.cli.exits import UsageError
from gatewatch.cli.extras import need_sandbox
from gatewatch.cli.options import Format, OutputFormat

if TYPE_CHECKING:
    from gatewatch.sandbox.server import Sandbox
    from gatewatch.sandbox.switchboard import Switchboard

FOLDER = Path(".gatewatch-sandbox")
Folder = Annotated[
    Path, typer.Option("--folder", help="Where the sandbox keeps its files.", show_default=True)
]

_CONFLICT = "{}: does not go with the faults that are on; restore them first"

app = typer.Typer(no_args_is_help=False, rich_markup_mode="markdown")


@app.callback(invoke_without_command=True)
def sandbox(
    context: typer.Context,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            "--fault", help="Switch this fault on; repeatable.", autocompletion=complete.faults
        ),
    ] = None,
    listing: Annotated[bool, typer.Option("--list", help="List the faults and stop.")] = False,
    folder: Folder = FOLDER,
    port: Annotated[
        int, typer.Option(help="The loopback port; 0: any free one.", min=0, max=65_535)
    ] = 0,
    output: OutputFormat = Format.TEXT,
) -> None:
    """Run an API Gateway on this machine, and break it as you like. Ctrl-C stops it.

    It serves a REST API, an HTTP API, a function URL, custom domains and a CDN, on loopback, with
    made-up credentials. It writes a configuration that watches all of it.

    **Examples**

        gatewatch sandbox
        gatewatch sandbox --list
        gatewatch sandbox --fault stage_renamed --fault key_rotated
        gatewatch sandbox flip authorizer_denies
        gatewatch sandbox restore
    """
    if context.invoked_subcommand is not None:
        return
    if listing:
        _list(output)
        return
    for name in fault or ():
        _known(name)
    _serve(folder, port, list(dict.fromkeys(fault or ())), output)


@app.command("flip")
def flip(
    name: Annotated[
        str,
        typer.Argument(
            metavar="FAULT", help="A fault; see --list.", autocompletion=complete.faults
        ),
    ],
    folder: Folder = FOLDER,
    output: OutputFormat = Format.TEXT,
) -> None:
    """Switch one fault of the running sandbox on or, if it is on, off.

    **Example**

        gatewatch sandbox flip stage_renamed
    """
    _known(name)
    _switch(folder, name, output)


@app.command("restore")
def restore(folder: Folder = FOLDER, output: OutputFormat = Format.TEXT) -> None:
    """Switch every fault of the running sandbox off.

    **Example**

        gatewatch sandbox restore
    """
    _switch(folder, None, output)


def _switch(folder: Path, name: str | None, output: Format) -> None:
    from gatewatch.sandbox.control import NoSandboxError, switch
    from gatewatch.sandbox.switchboard import ConflictError

    try:
        on = switch(folder, name)
    except NoSandboxError as error:
        raise UsageError(f"{error}; `gatewatch sandbox` starts one") from None
    except ConflictError:
        raise UsageError(_CONFLICT.format(name)) from None
    if output is Format.JSON:
        typer.echo(msgspec.json.encode({"on": on}))
    else:
        typer.echo(f"on: {', '.join(on)}" if on else "no fault is on")


def _known(name: str) -> None:
    from gatewatch.sandbox.faults import FAULTS

    if name in FAULTS:
        return
    near = difflib.get_close_matches(name, FAULTS, 1)
    hint = f'; did you mean "{near[0]}"?' if near else ";"
    raise UsageError(f'"{name}": no such fault{hint} `gatewatch sandbox --list` names them all')


def _list(output: Format) -> None:
    from rich.table import Table

    from gatewatch.sandbox.faults import FAULTS

    if output is Format.JSON:
        listed = [
            {"name": fault.name, "told": fault.told, "cause": fault.cause, "url": fault.look.url}
            for fault in FAULTS.values()
        ]
        typer.echo(msgspec.json.encode(listed))
        return
    table = Table(box=None, pad_edge=False, show_header=False)
    for fault in FAULTS.values():
        table.add_row(fault.name, fault.told)
    show.console().print(table)


def _serve(folder: Path, port: int, faults: list[str], output: Format) -> None:
    need_sandbox()
    from gatewatch.sandbox import orders
    from gatewatch.sandbox.control import AnotherSandboxError, controlled
    from gatewatch.sandbox.server import Sandbox, running

    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = folder.resolve()
    served = Sandbox(orders.world())
    switchboard = _switchboard(served, faults)
    stopped = _stopped()
    try:
        with controlled(switchboard, folder), running(served, folder, port) as place:
            files = _write(folder, orders.whole_configuration(*place), orders.SECRETS)
            if output is Format.JSON:
                started = {**place._asdict(), **files, "variables": orders.SECRETS, "on": faults}
                typer.echo(msgspec.json.encode(started))
            else:
                typer.echo(_introduction(place.connect_to, place.ca_file, files, faults))
            stopped.wait()
    except AnotherSandboxError as error:
        raise UsageError(str(error)) from None
    except OSError as error:
        raise UsageError(f"cannot start: {error.strerror}") from None


def _switchboard(served: Sandbox, faults: list[str]) -> Switchboard:
    from gatewatch.sandbox.switchboard import ConflictError, Switchboard

    try:
        return Switchboard(served, faults)
    except ConflictError as error:
        raise UsageError(_CONFLICT.format(error)) from None


def _stopped() -> threading.Event:
    """An event that Ctrl-C or SIGTERM sets."""
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    return stopped


def _write(folder: Path, configuration: str, values: Mapping[str, str]) -> dict[str, str]:
    config, environment = folder / "gatewatch.yaml", folder / "environment.sh"
    config.write_text(configuration)
    environment.write_text("".join(f"export {name}={value}\n" for name, value in values.items()))
    return {"config": str(config), "environment": str(environment)}


def _introduction(connect_to: str, ca_file: str, files: dict[str, str], faults: list[str]) -> str:
    from gatewatch.sandbox.faults.base import HEALTH
    from gatewatch.sandbox.orders import SECRETS

    variables = "\n".join(f"      {name}={value}" for name, value in SECRETS.items())
    on = f"on: {', '.join(faults)}" if faults else "no fault is on"
    environment, config, ca_file = map(
        shlex.quote, (files["environment"], files["config"], ca_file)
    )
    return f"""\
An API Gateway runs on this machine; Ctrl-C stops it. {on}

  connect to      {connect_to}
  authority       {ca_file}
  configuration   {config}
  credentials     {environment}, all made up:
{variables}

In another terminal:

  . {environment}
  gatewatch run --config {config}
  gatewatch sandbox flip route_deleted
  gatewatch check {HEALTH.url} \\
      --connect-to {connect_to} --ca-file {ca_file}
  gatewatch sandbox restore
"""

"""The `gatewatch` command: its subcommands, and how every error ends."""

from __future__ import annotations

import os
import sys
import traceback
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated

import typer

from gatewatch import __version__
from gatewatch.cli import (
    account,
    causes,
    check,
    demo,
    explain,
    incidents,
    init,
    muting,
    notify,
    pausing,
    plan,
    probe_now,
    run,
    sandbox,
    send_test,
    status,
    validate,
    verify,
    watch,
)
from gatewatch.cli.exits import BAD_USAGE, INTERRUPTED, UNDECIDED, UsageError, say
from gatewatch.config.problems import ConfigError, masked
from gatewatch.ports import StateError

app = typer.Typer(
    name="gatewatch",
    help="Tells at which layer a request to an API behind Amazon API Gateway stopped, and why.\n\n"
    "Exit codes: 0 as expected, 1 findings, 2 could not decide or could not probe, "
    "3 bad configuration or usage.",
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)
app.command("check")(check.check)
app.command("run")(run.run)
app.command("watch")(watch.watch)
app.command("verify")(verify.verify)
app.command("explain")(explain.explain)
app.command("causes")(causes.causes)
app.command("validate")(validate.validate)
app.command("schema")(validate.schema)
app.command("plan")(plan.plan)
app.command("init")(init.init)
app.command("incidents")(incidents.incidents)
app.command("ack")(incidents.ack)
app.command("notify")(notify.notify)
app.command("mute")(muting.mute)
app.command("unmute")(muting.unmute)
app.command("push")(account.push)
app.command("pull")(account.pull)
app.command("rollback")(account.rollback)
app.command("status")(status.status)
app.command("pause")(pausing.pause)
app.command("resume")(pausing.resume)
app.command("probe-now")(probe_now.probe_now)
app.command("send-test")(send_test.send_test)
app.command("demo")(demo.demo)
app.add_typer(sandbox.app, name="sandbox")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"gatewatch {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _gatewatch(
    context: typer.Context,
    _version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version and stop.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        # Nothing was looked at, so nothing is as expected: a script that lost its command hears it.
        typer.echo(context.get_help())
        raise typer.Exit(BAD_USAGE)


def main(arguments: list[str] | None = None) -> None:
    _open_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A terminal that cannot show a sign gets another one, and no traceback.
            stream.reconfigure(errors="replace")
    sys.exit(_status(arguments))


def _open_streams() -> None:
    """Where a stream was closed, nobody reads it; no file of ours may take its place."""
    while (number := os.open(os.devnull, os.O_RDWR)) <= _STANDARD_ERROR:
        pass
    os.close(number)
    sys.stdin = sys.stdin or os.fdopen(0)
    sys.stdout = sys.stdout or os.fdopen(1, "w")
    sys.stderr = sys.stderr or os.fdopen(_STANDARD_ERROR, "w")


_STANDARD_ERROR = 2


def _status(arguments: list[str] | None) -> int:
    try:
        status = app(arguments, prog_name="gatewatch", standalone_mode=False)
        sys.stdout.flush()
    except ConfigError as error:
        return _said(str(error))
    except (UsageError, StateError) as error:
        return _said(f"gatewatch: {masked(str(error))}")
    except typer.TyperException as error:
        return _said(f"gatewatch: {masked(str(error).rstrip('.'))}. See gatewatch --help.")
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except OSError as error:
        return _said(f"gatewatch: {error}")
    except SystemExit:
        # The command library ends so when whoever reads our output has enough of it.
        return 0
    except Exception as error:  # noqa: BLE001 - said, and never taken for a finding
        return _said(f"gatewatch: {_of_ours(error)}", UNDECIDED)
    return status if isinstance(status, int) else 0


def _of_ours(error: Exception) -> str:
    """A fault of ours, for whoever mends it; its text may repeat what was read."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [one for one in frames if "gatewatch" in Path(one.filename).parts] or list(frames)
    place = f"{Path(own[-1].filename).name}:{own[-1].lineno}"
    return (
        f"internal error: {type(error).__name__} at {place}; nothing was decided, please report it"
    )


def _said(text: str, status: int = BAD_USAGE) -> int:
    """Errors repeat what somebody wrote."""
    say(text)
    return status

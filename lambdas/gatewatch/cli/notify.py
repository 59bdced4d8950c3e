"""`gatewatch notify`: the channels of a configuration, how they fare, and a test message to one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from secrets import token_hex
from typing import Annotated

import msgspec
import typer

from gatewatch import __version__
from gatewatch.adapters.local.clock import SystemClock
from gatewatch.cli.channels import fares, kind, leads_to, lines
from gatewatch.cli.exits import AS_EXPECTED, FINDINGS, UsageError, until_closed
from gatewatch.cli.journal import own_login
from gatewatch.cli.notifying import carrier
from gatewatch.cli.options import CONFIG, ConfigFile, Format, OutputFormat, StateFile
from gatewatch.cli.setting import existing_store, origin, read_config
from gatewatch.config.canonical import Channel, Config
from gatewatch.config.problems import nearest
from gatewatch.delivery.outcome import Later, Outcome, Refused, Taken
from gatewatch.delivery.parcel import Parcel
from gatewatch.notices.bulletin import TEST, Bulletin
from gatewatch.notices.visible import visible

ALL = "all"


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a test message. `outcome`: `taken`, `refused` for good, or `not taken` this
    time."""

    name: str
    kind: str
    leads_to: tuple[str, ...]
    outcome: str
    because: str | None = None


def notify(
    test: Annotated[
        str | None,
        typer.Option(
            "--test", metavar="CHANNEL", help="Send a test message to this channel, or to all."
        ),
    ] = None,
    config: ConfigFile = CONFIG,
    state: StateFile = None,
    output: OutputFormat = Format.TEXT,
) -> None:
    """List the channels of a configuration and how they fare, or send one a test message.

    With `--test`, a message that says that nothing is wrong is sent at once, from this machine,
    past all that the channel takes. Its name is that of `name:`, else of its kind or topic.

    Exit code 0 when no channel fails, or each took the test; 1 when one fails or took none.

    **Examples**

    ```
    gatewatch notify
    gatewatch notify --test pagerduty
    gatewatch notify --test all --format json
    ```
    """
    loaded = read_config(config)
    if test is None:
        _list(loaded, config, state, output)
    else:
        _test(_named(test, loaded.notify), loaded, config, state, output)


def _list(loaded: Config, config: Path, state: Path | None, output: Format) -> None:
    with existing_store(config, state).outbox_now() as box:
        found = fares(loaded, box.standings())
    with until_closed():
        if output is Format.JSON:
            typer.echo(msgspec.json.encode({"channels": found}))
        else:
            for one in found:
                for line in lines(one):
                    typer.echo(visible(line))
            if not found:
                typer.echo("nobody is told: the configuration has no notify:")
    raise typer.Exit(AS_EXPECTED if all(one.is_well for one in found) else FINDINGS)


def _named(name: str, channels: Sequence[Channel]) -> list[Channel]:
    """Each once. Raises UsageError where there is none of this name."""
    known = {one.key: one for one in channels}
    found = [one for one in known.values() if name in (ALL, one.called, one.key)]
    if found:
        return found
    names = [one.called for one in known.values()]
    if not names:
        raise UsageError("--test: the configuration names no channel; expected notify:")
    close = nearest(name, names)
    hint = f"did you mean {close}?" if close else f"there are {', '.join(names)}"
    raise UsageError(f"--test: {name}: there is no such channel ({hint})")


def _test(
    channels: Sequence[Channel], loaded: Config, config: Path, state: Path | None, output: Format
) -> None:
    carry = carrier(loaded, config.parent, origin(config, state))
    tried = [_tried(one, carry(Parcel(to=one, bulletin=_bulletin(one)))) for one in channels]
    with until_closed():
        if output is Format.JSON:
            typer.echo(msgspec.json.encode({"tests": tried}))
        else:
            for one in tried:
                why = f": {one.because}" if one.because else ""
                where = ", ".join(one.leads_to)
                typer.echo(visible(f"{one.name} ({one.kind}, to {where}): {one.outcome}{why}"))
    raise typer.Exit(AS_EXPECTED if all(one.because is None for one in tried) else FINDINGS)


def _bulletin(channel: Channel) -> Bulletin:
    return Bulletin(
        message_id=token_hex(16),
        kind=TEST,
        at=SystemClock().now().isoformat(),
        channel=channel.key,
        by=own_login(),
        version=__version__,
    )


def _tried(channel: Channel, outcome: Outcome) -> Tried:
    match outcome:
        case Taken():
            told, because = "taken", None
        case Refused(because=because):
            told = "refused"
        case Later(because=because):
            told = "not taken"
    return Tried(
        name=channel.called,
        kind=kind(channel),
        leads_to=leads_to(channel),
        outcome=told,
        because=because,
    )

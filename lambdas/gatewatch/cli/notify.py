"""`gatewatch notify`: the channels of a configuration, how they fare, and a test message to one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from secrets import token_hex
from typing import Annotated

import msgspec
import typer

from gatewatch import __version__
from gatewatch.adapters.local.clock import SystemClock
from gatewatch.cli.channels import Fares, fares, kind, leads_to, lines
from gatewatch.cli.exits import AS_EXPECTED, FINDINGS, UsageError, say, until_closed
from gatewatch.cli.incidents import Stack
from gatewatch.cli.journal import own_login, refuse_without
from gatewatch.cli.notifying import carrier
from gatewatch.cli.options import CONFIG, ConfigFile, Format, OutputFormat, StateFile
from gatewatch.cli.send_test import LONGEST_WAIT, Wait, send_through
from gatewatch.cli.service import Service
from gatewatch.cli.setting import existing_store, open_store, origin, read_config
from gatewatch.cli.stack import MonitorName, Place, Region
from gatewatch.cli.waiting import duration
from gatewatch.config.canonical import Channel, Config
from gatewatch.config.problems import nearest
from gatewatch.delivery.outbox import OWN
from gatewatch.delivery.outcome import Later, Outcome, Refused, Taken
from gatewatch.delivery.parcel import Parcel
from gatewatch.delivery.standing import after
from gatewatch.notices.bulletin import TEST, Bulletin
from gatewatch.notices.visible import visible
from gatewatch.ports import StateError

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
    stack: Stack = None,
    region: Region = None,
    monitor: MonitorName = None,
    wait: Wait = "3m",
    output: OutputFormat = Format.TEXT,
) -> None:
    """List the channels of a configuration and how they fare, or send one a test message.

    With `--test`, a message that says that nothing is wrong is sent at once, from this machine,
    past all that the channel takes; once it is taken, what waits for the channel is due at once.
    Its name is that of `name:`, else of its kind or topic. With
    `--stack`, both are about the service in the account, and the test takes its way, as that of
    `gatewatch send-test` does.

    Exit code 0 when no channel fails, or each took the test; 1 when one fails or did not take it;
    2 when that is not known in time.

    **Examples**

    ```
    gatewatch notify
    gatewatch notify --test pagerduty
    gatewatch notify --test all --format json
    gatewatch notify --stack Gatewatch
    ```
    """
    longest = duration("--wait", wait, LONGEST_WAIT)
    refuse_without(stack, state, region, monitor)
    if stack is not None:
        _in_account(Service(Place(stack, region, monitor)), test, longest, output)
        return
    loaded = read_config(config)
    if test is not None:
        _test(_named(test, loaded.notify), loaded, config, state, output)
        return
    with existing_store(config, state).outbox_now() as box:
        _list(fares(loaded, box.standings()), output)


def _in_account(service: Service, test: str | None, longest: timedelta, output: Format) -> None:
    if test is None:
        _list(fares(service.config, service.standings(), (OWN,)), output)
    elif test == ALL:
        send_through(service, (), longest, output)
    else:
        named = _named(test, (OWN, *service.config.notify))
        send_through(service, tuple(one.key for one in named), longest, output)


def _list(found: Sequence[Fares], output: Format) -> None:
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
    close = nearest(name, names) if name.strip() else None
    hint = f"did you mean {close}?" if close else f"there are {', '.join(names)}"
    raise UsageError(f'--test: "{name}": there is no such channel ({hint})')


def _test(
    channels: Sequence[Channel], loaded: Config, config: Path, state: Path | None, output: Format
) -> None:
    carry = carrier(loaded, config.parent, origin(config, state))
    outcomes = [(one, carry(Parcel(to=one, bulletin=_bulletin(one)))) for one in channels]
    if taken := [one for one, outcome in outcomes if isinstance(outcome, Taken)]:
        _note(taken, loaded, config, state)
    tried = [_tried(one, outcome) for one, outcome in outcomes]
    with until_closed():
        if output is Format.JSON:
            typer.echo(msgspec.json.encode({"tests": tried}))
        else:
            for one in tried:
                why = f": {one.because}" if one.because else ""
                where = ", ".join(one.leads_to)
                typer.echo(visible(f"{one.name} ({one.kind}, to {where}): {one.outcome}{why}"))
    raise typer.Exit(AS_EXPECTED if all(one.because is None for one in tried) else FINDINGS)


def _note(channels: Sequence[Channel], loaded: Config, config: Path, state: Path | None) -> None:
    """These took a test: what waits for them is due now, whatever they answered before."""
    at = SystemClock().now().isoformat()
    try:
        with open_store(config, state, loaded).outbox() as box:
            for one in channels:
                before, _ = box.standing(one.key)
                box.save(after(before, Taken(), at), None)
    except StateError as error:
        say(f"{error}; that a test was taken is not noted")


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

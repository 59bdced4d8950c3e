"""`gatewatch incidents` and `gatewatch ack`, on this machine or in the account."""

from __future__ import annotations

from difflib import get_close_matches
from itertools import islice
from typing import Annotated

import msgspec
import typer

from gatewatch.adapters.local.clock import SystemClock
from gatewatch.cli import complete, show
from gatewatch.cli.exits import UsageError, until_closed
from gatewatch.cli.journal import Journal, journal
from gatewatch.cli.options import CONFIG, ConfigFile, Format, OutputFormat, StateFile
from gatewatch.cli.stack import STACK_HELP
from gatewatch.config.problems import nearest
from gatewatch.incidents.acknowledge import LONGEST_WHY, Ack, concerning
from gatewatch.incidents.correlate import moment
from gatewatch.model import Acknowledgement, Incident
from gatewatch.notices.origin import Origin
from gatewatch.notices.visible import visible

_LAST = 50

Stack = Annotated[
    str | None, typer.Option("--stack", "-s", help=f"{STACK_HELP} [default: this machine's state]")
]
Region = Annotated[
    str | None,
    typer.Option("--region", help="The stack's region. [default: that of the AWS settings]"),
]


def incidents(
    incident_id: Annotated[
        str | None, typer.Argument(help="One incident, or the beginning of its id; in full.")
    ] = None,
    config: ConfigFile = CONFIG,
    state: StateFile = None,
    stack: Stack = None,
    region: Region = None,
    api: Annotated[str | None, typer.Option("--api", help="Only those of this API.")] = None,
    only_open: Annotated[bool, typer.Option("--open", help="Only those that are open.")] = False,
    last: Annotated[
        int, typer.Option(help="How many of those that are over, besides all open ones.", min=0)
    ] = _LAST,
    output: OutputFormat = Format.TEXT,
) -> None:
    """List the incidents, the newest first, or show one in full.

    With `--stack`, those of the service in the account.

    **Examples**

    ```
    gatewatch incidents --open
    gatewatch incidents 01M80Y0GD6
    gatewatch incidents --stack Gatewatch --api orders
    ```
    """
    book = journal(stack, config, state, region)
    shown = _listed(book, api, 0 if only_open else last) if incident_id is None else None
    with until_closed():
        if shown is not None:
            _print_list(shown, output)
        else:
            _print_one(_one(book, incident_id or ""), book.origin, output)


def _listed(book: Journal, api: str | None, last: int) -> list[Incident]:
    if api is not None and api not in (known := book.apis()):
        close = nearest(api, known)
        hint = f" (did you mean {close}?)" if close else ""
        raise UsageError(f"{api}: nothing is known of such an API{hint}")
    ended = (one for one in book.ended() if api in (None, one.api)) if last else iter(())
    found = [*(one for one in book.open() if api in (None, one.api)), *islice(ended, last)]
    return sorted(found, key=lambda one: one.id, reverse=True)


def _print_list(found: list[Incident], output: Format) -> None:
    if output is Format.JSON:
        typer.echo(msgspec.json.encode(found))
    elif found:
        show.console().print(show.incident_list(found))
    else:
        show.console().print("no incidents")


def _print_one(found: Incident, origin: Origin, output: Format) -> None:
    if output is Format.JSON:
        typer.echo(msgspec.json.encode(found))
    else:
        show.put(show.console(), show.incident(found, origin))


def _one(book: Journal, prefix: str) -> Incident:
    found = book.found(prefix.upper())
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(f"{len(found)} incidents with an id that begins with {prefix}")
    known = [one.id for one in _listed(book, None, _LAST)]
    begun = {name[: len(prefix)]: name for name in reversed(known)}
    close = [begun[one] for one in get_close_matches(prefix.upper(), list(begun), cutoff=0.7)]
    hint = f"; the nearest: {', '.join(close)}" if close else ""
    raise UsageError(f"no incident with an id that begins with {prefix}{hint}")


def ack(
    what: Annotated[
        str,
        typer.Argument(
            help="An incident's id or its beginning; or an API's name.",
            autocompletion=complete.apis,
        ),
    ],
    route: Annotated[
        str | None, typer.Argument(help='The route of the API, such as "POST /orders".')
    ] = None,
    why: Annotated[str | None, typer.Option("--why", help="A word to the others.")] = None,
    config: ConfigFile = CONFIG,
    state: StateFile = None,
    stack: Stack = None,
    region: Region = None,
) -> None:
    """Take care of an incident, or let a write be sent again that got through without a credential.

    An incident bears the name of whoever acknowledged it and is not told again until it changes or
    ends. A write that got through is held back, since it may have changed something; once it is
    closed again, name its API and route, and its incidents are acknowledged, too.

    **Examples**

    ```
    gatewatch ack 01M80Y0GD6 --why "rolling back"
    gatewatch ack 01M80Y0GD6 --stack Gatewatch
    gatewatch ack orders "POST /orders"
    ```
    """
    book = journal(stack, config, state, region)
    if route is None:
        _take_over(book, _one(book, what), why)
    else:
        _release(book, what, route, why)


def _take_over(book: Journal, found: Incident, why: str | None) -> None:
    if found.resolved_at is not None:
        raise UsageError(f"{found.id}: it is over since {moment(found.resolved_at)}")
    who = _who(book, why)
    book.take(Ack(api=found.api, who=who, incidents=(found.id,)))
    typer.echo(visible(f"{found.id}: acknowledged by {who.by}{book.takes_effect}"))
    failing = {one.route for one in found.members if one.until is None}
    for route in sorted(failing & book.held(found.api)):
        release = book.origin.command("ack", found.api, route)
        typer.echo(visible(f"{route} is held back until it is closed: {release}"))


def _release(book: Journal, api: str, route: str, why: str | None) -> None:
    if route not in book.held(api):
        raise UsageError(f"{api} {route}: this route is not held back")
    known = tuple(one.id for one in concerning(book.open(), api, route))
    book.take(Ack(api=api, who=_who(book, why), incidents=known, release=(route,)))
    typer.echo(visible(f"{api} {route}: will be sent again{book.takes_effect}"))


def _who(book: Journal, why: str | None) -> Acknowledgement:
    told = " ".join((why or "").split())
    if len(told) > LONGEST_WHY:
        raise UsageError(f"--why: {len(told)} characters; expected at most {LONGEST_WHY}")
    if not told.isprintable():
        raise UsageError("--why: expected text without control characters")
    return Acknowledgement(by=book.me(), at=SystemClock().now().isoformat(), why=told or None)

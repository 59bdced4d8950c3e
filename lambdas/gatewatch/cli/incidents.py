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
from gatewatch.cli.reason import reason
from gatewatch.cli.stack import STACK_HELP, MonitorName, Region
from gatewatch.config.problems import nearest
from gatewatch.incidents.acknowledge import Ack, concerning
from gatewatch.incidents.correlate import moment
from gatewatch.model import Acknowledgement, Incident
from gatewatch.notices.visible import visible

_LAST = 50

Stack = Annotated[
    str | None, typer.Option("--stack", "-s", help=f"{STACK_HELP} [default: this machine's state]")
]


def incidents(
    incident_id: Annotated[
        str | None, typer.Argument(help="Show this incident in full: its id or the beginning.")
    ] = None,
    config: ConfigFile = CONFIG,
    state: StateFile = None,
    stack: Stack = None,
    region: Region = None,
    monitor: MonitorName = None,
    api: Annotated[str | None, typer.Option("--api", help="Only incidents of this API.")] = None,
    only_open: Annotated[bool, typer.Option("--open", help="Only open incidents.")] = False,
    last: Annotated[
        int, typer.Option(help="How many resolved ones, besides all open ones.", min=0)
    ] = _LAST,
    output: OutputFormat = Format.TEXT,
) -> None:
    """List the incidents, newest first, or show one in full.

    With `--stack`, list those of the service in the account.

    **Examples**

    ```
    gatewatch incidents --open
    gatewatch incidents 01M80Y0GD6
    gatewatch incidents --stack Gatewatch --api orders
    ```
    """
    book = journal(stack, config, state, region, monitor)
    shown = _listed(book, api, 0 if only_open else last) if incident_id is None else None
    with until_closed():
        if shown is not None:
            _print_list(shown, book, output)
        else:
            _print_one(_one(book, incident_id or ""), book, output)


def _listed(book: Journal, api: str | None, last: int) -> list[Incident]:
    if api is not None and api not in (known := book.apis()):
        close = nearest(api, known)
        hint = f" (did you mean {close}?)" if close else ""
        raise UsageError(f"{api}: nothing is known of such an API{hint}")
    ended = (
        (incident for incident in book.ended() if api in (None, incident.api)) if last else iter(())
    )
    incidents = [
        *(incident for incident in book.open() if api in (None, incident.api)),
        *islice(ended, last),
    ]
    return sorted(incidents, key=lambda incident: incident.id, reverse=True)


def _print_list(incidents: list[Incident], book: Journal, output: Format) -> None:
    if output is Format.JSON:
        typer.echo(msgspec.json.encode([_of_place(one, book) for one in incidents]))
        return
    if incidents:
        show.console().print(show.incident_list(incidents))
    else:
        show.console().print("no incidents")
    for note in book.notes():
        typer.echo(visible(note))


def _print_one(incident: Incident, book: Journal, output: Format) -> None:
    if output is Format.JSON:
        typer.echo(msgspec.json.encode(_of_place(incident, book)))
    else:
        show.put(show.console(), show.incident(incident, book.origin))


def _of_place(incident: Incident, book: Journal) -> dict[str, object]:
    """The incident in the form of the contract, and where it is deployed."""
    return {**msgspec.to_builtins(incident), **book.place()}


def _one(book: Journal, prefix: str) -> Incident:
    matching = book.found(prefix.upper())
    if len(matching) == 1:
        return matching[0]
    if matching:
        raise UsageError(f"{len(matching)} incidents with an id that begins with {prefix}")
    known = [close_id.id for close_id in _listed(book, None, _LAST)]
    begun = {name[: len(prefix)]: name for name in reversed(known)}
    close = [
        begun[close_id] for close_id in get_close_matches(prefix.upper(), list(begun), cutoff=0.7)
    ]
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
    why: Annotated[str | None, typer.Option("--why", help="A note for the others.")] = None,
    config: ConfigFile = CONFIG,
    state: StateFile = None,
    stack: Stack = None,
    region: Region = None,
    monitor: MonitorName = None,
) -> None:
    """Acknowledge an incident, or release a write that got through without a credential.

    An acknowledged incident shows who took it over, and sends no message until it changes or ends.
    A write that got through is held back, since it may have changed something; once it is closed,
    name its API and route to release it, which also acknowledges its incidents.

    **Examples**

    ```
    gatewatch ack 01M80Y0GD6 --why "rolling back"
    gatewatch ack 01M80Y0GD6 --stack Gatewatch
    gatewatch ack orders "POST /orders"
    ```
    """
    book = journal(stack, config, state, region, monitor)
    if route is None:
        _take_over(book, _one(book, what), why)
    else:
        _release(book, what, route, why)


def _take_over(book: Journal, incident: Incident, why: str | None) -> None:
    if incident.resolved_at is not None:
        raise UsageError(f"{incident.id}: it is over since {moment(incident.resolved_at)}")
    who = _who(book, why)
    book.take(Ack(api=incident.api, who=who, incidents=(incident.id,)))
    typer.echo(visible(f"{incident.id}: acknowledged by {who.by}{book.takes_effect}"))
    failing = {member.route for member in incident.members if member.until is None}
    for route in sorted(failing & book.held(incident.api)):
        release = book.origin.command("ack", incident.api, route)
        typer.echo(visible(f"{route} is held back until it is closed: {release}"))


def _release(book: Journal, api: str, route: str, why: str | None) -> None:
    if route not in book.held(api):
        raise UsageError(f"{api} {route}: this route is not held back")
    known = tuple(incident.id for incident in concerning(book.open(), api, route))
    book.take(Ack(api=api, who=_who(book, why), incidents=known, release=(route,)))
    typer.echo(visible(f"{api} {route}: will be sent again{book.takes_effect}"))


def _who(book: Journal, why: str | None) -> Acknowledgement:
    return Acknowledgement(by=book.me(), at=SystemClock().now().isoformat(), why=reason(why))

"""`gatewatch incidents` and `gatewatch ack`, on this machine or in the account."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import get_close_matches
from itertools import islice
from typing import Annotated

import msgspec
import typer

from gatewatch.adapters.local.clock import SystemClock
from gatewatch.cli import complete, show
from gatewatch.cli.exits import UsageError, until_closed
from gatewatch.cli.journal import Journal, journal
from gatewatch.cli.options import CONFIG, ConfigFile, Format, OutputFormat, StateFile, Why
from gatewatch.cli.reason import reason
from gatewatch.cli.run import time_of
from gatewatch.cli.stack import STACK_HELP, MonitorName, Region
from gatewatch.cli.waiting import duration
from gatewatch.config.problems import nearest
from gatewatch.incidents.acknowledge import Ack, concerning
from gatewatch.incidents.correlate import moment
from gatewatch.model import Acknowledgement, Incident
from gatewatch.notices.visible import visible

_LAST = 50
_LONGEST = timedelta(days=3_650)

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
    only_resolved: Annotated[
        bool, typer.Option("--resolved", help="Only incidents that are over.")
    ] = False,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Only incidents that were open at this time or since: a duration such as 7d, or a "
            "time such as 2026-11-22T09:00:00Z.",
        ),
    ] = None,
    last: Annotated[
        int | None,
        typer.Option(
            help=f"How many resolved ones, besides all open ones. [default: {_LAST}; with --since, "
            "all]",
            min=0,
            show_default=False,
        ),
    ] = None,
    output: OutputFormat = Format.TEXT,
) -> None:
    """List the incidents, newest first, or show one in full.

    With `--stack`, list those of the service in the account. Open incidents are always kept; of the
    resolved ones, the last 500 of each API on this machine, and those of 400 days in the account.

    **Examples**

    ```
    gatewatch incidents --open
    gatewatch incidents --since 7d --format json
    gatewatch incidents 01M80Y0GD6
    gatewatch incidents --stack Gatewatch --api orders
    ```
    """
    book = journal(stack, config, state, region, monitor)
    if only_open and only_resolved:
        raise UsageError("--open and --resolved: expected at most one of them")
    wanted = _Wanted(api, not only_resolved, not only_open, _begin(since), last)
    shown = _listed(book, wanted) if incident_id is None else None
    with until_closed():
        if shown is not None:
            _print_list(shown, book, output)
        else:
            _print_one(_one(book, incident_id or ""), book, output)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Which incidents are listed. `last`: how many of those that are over; None: what is usual."""

    api: str | None = None
    is_open: bool = True
    is_over: bool = True
    since: datetime | None = None
    last: int | None = None

    @property
    def most_over(self) -> int | None:
        """None: all."""
        if not self.is_over:
            return 0
        return _LAST if self.last is None and self.since is None else self.last

    def covers(self, incident: Incident) -> bool:
        ended = incident.resolved_at
        is_in_time = self.since is None or ended is None or _time(ended) >= self.since
        return self.api in (None, incident.api) and is_in_time


def _time(at: str) -> datetime:
    return datetime.fromisoformat(at)


def _begin(since: str | None) -> datetime | None:
    """Raises UsageError."""
    if since is None:
        return None
    if since[-1:] in ("s", "m", "h", "d"):
        return SystemClock().now() - duration("--since", since, _LONGEST)
    return time_of("--since", since)


def _listed(book: Journal, wanted: _Wanted) -> list[Incident]:
    if wanted.api is not None and wanted.api not in (known := book.apis()):
        close = nearest(wanted.api, known)
        hint = f" (did you mean {close}?)" if close else ""
        raise UsageError(f"{wanted.api}: nothing is known of such an API{hint}")
    most = wanted.most_over
    ended = filter(wanted.covers, book.ended() if most != 0 else iter(()))
    begun = filter(wanted.covers, book.open() if wanted.is_open else ())
    return sorted([*begun, *islice(ended, most)], key=lambda one: one.id, reverse=True)


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


_MOST_NAMED = 5


def _one(book: Journal, prefix: str) -> Incident:
    if not prefix.strip():
        raise UsageError('"": expected the id of an incident, or its beginning')
    matching = book.found(prefix.upper())
    if len(matching) == 1:
        return matching[0]
    if matching:
        first = ", ".join(one.id for one in matching[:_MOST_NAMED])
        more = ", …" if len(matching) > _MOST_NAMED else ""
        count = len(matching)
        raise UsageError(f"{count} incidents with an id that begins with {prefix}: {first}{more}")
    known = [close_id.id for close_id in _listed(book, _Wanted())]
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
    why: Why = None,
    config: ConfigFile = CONFIG,
    state: StateFile = None,
    stack: Stack = None,
    region: Region = None,
    monitor: MonitorName = None,
) -> None:
    """Acknowledge an incident, or release a write that got through without a credential.

    An acknowledged incident shows who took it over, of which chats, pagers and programs are told;
    it sends no other message until it changes or ends.
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

"""`gatewatch mute` and `gatewatch unmute`: nothing is told of an API or a route for a while."""

from __future__ import annotations

from secrets import token_hex
from typing import Annotated

import typer

from gatewatch.cli import complete, waiting
from gatewatch.cli.exits import UsageError
from gatewatch.cli.incidents import Stack
from gatewatch.cli.journal import journal
from gatewatch.cli.mutes import mute_line
from gatewatch.cli.options import CONFIG, ConfigFile, HowLong, StateFile, Why
from gatewatch.cli.reason import reason
from gatewatch.cli.stack import MonitorName, Region
from gatewatch.incidents.correlate import moment
from gatewatch.incidents.mute import Mute
from gatewatch.notices.visible import visible
from gatewatch.service.errands import LONGEST_PAUSE

ApiName = Annotated[
    str, typer.Argument(help="Which API.", metavar="API", autocompletion=complete.apis)
]
RouteName = Annotated[
    str | None, typer.Argument(help='One of its routes, such as "GET /orders"; none: all.')
]


def mute(
    api: ApiName,
    route: RouteName = None,
    lasts: HowLong = "1h",
    why: Why = None,
    config: ConfigFile = CONFIG,
    state: StateFile = None,
    stack: Stack = None,
    region: Region = None,
    monitor: MonitorName = None,
) -> None:
    """Tell nothing of an API or a route for a while: it always ends by itself.

    Looks and incidents go on. Of a muted API nothing is told; of a muted route, no incident in
    which no other route fails. What still fails at the end is told then. What was told before and
    ends meanwhile is told to be over, and exposures are told all the same. The CloudWatch alarms
    of a deployed service still ring: only a maintenance window holds them back.

    **Examples**

    ```
    gatewatch mute orders --for 2h --why "the partner mends it"
    gatewatch mute orders "GET /orders/{id}" --for 3d
    gatewatch mute orders --stack Orders --region eu-west-1
    ```
    """
    length = waiting.how_long("--for", lasts, LONGEST_PAUSE)
    book = journal(stack, config, state, region, monitor)
    now = waiting.CLOCK.now()
    wanted = Mute(
        id=token_hex(16),
        api=api,
        route=route,
        by=book.me(),
        since=now.isoformat(),
        until=(now + length).isoformat(),
        why=reason(why),
    )
    book.mute(wanted)
    end = book.origin.command("unmute", *_names(wanted))
    typer.echo(
        visible(
            f"{wanted.subject}: nothing is told until {moment(wanted.until)}{book.takes_effect}; "
            f"exposures are told all the same{book.still_rings}; to end it before: {end}"
        )
    )


def unmute(
    api: Annotated[
        str | None,
        typer.Argument(
            help="Which API; none: all that is muted.",
            metavar="API",
            autocompletion=complete.apis,
        ),
    ] = None,
    route: RouteName = None,
    config: ConfigFile = CONFIG,
    state: StateFile = None,
    stack: Stack = None,
    region: Region = None,
    monitor: MonitorName = None,
) -> None:
    """End mutes before their time: those of an API and its routes, of one route, or all.

    What still fails is told.

    **Examples**

    ```
    gatewatch unmute
    gatewatch unmute orders "GET /orders/{id}" --stack Orders
    ```
    """
    book = journal(stack, config, state, region, monitor)
    known = book.mutes()
    if not known:
        raise UsageError("nothing is muted")
    ended = [one for one in known if _is_meant(one, api, route)]
    if not ended:
        named = " ".join(name for name in (api, route) if name)
        raise UsageError(f"{named}: not muted; {'; '.join(map(mute_line, known))}")
    book.unmute(ended)
    for subject in dict.fromkeys(one.subject for one in ended):
        typer.echo(visible(f"{subject}: told again{book.takes_effect}"))


def _is_meant(one: Mute, api: str | None, route: str | None) -> bool:
    return api in (None, one.api) and route in (None, one.route)


def _names(one: Mute) -> tuple[str, ...]:
    return (one.api,) if one.route is None else (one.api, one.route)

"""Pages to read on: the runbook, and those of AWS's console, where all that they need is known.

The console documents no addresses of its pages; these are the ones that it shows itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from gatewatch.incidents.correlate import OPEN, began
from gatewatch.model import Incident
from gatewatch.notices.gateway_api import api_of
from gatewatch.notices.machine import Link
from gatewatch.notices.origin import Origin
from gatewatch.notices.partitions import console


def links(incident: Incident, origin: Origin, at: str) -> tuple[Link, ...]:
    """The most useful first: some channels show only a few. Once it is over, nobody has to look
    what is deployed."""
    runbook = [Link(text="runbook", href=incident.runbook)] if incident.runbook else []
    board = _dashboard(incident, origin, at)
    if incident.state != OPEN:
        return (*runbook, *board)
    return (*runbook, *board, *_pages_of_api(incident), *_alarms(origin))


def _pages_of_api(incident: Incident) -> Iterator[Link]:
    """Of the API and its stages, which only its kind tells where to find."""
    api = api_of(incident)
    home = None if api is None else console(api.region)
    if api is None or home is None:
        return
    base, query = f"{home}/apigateway/main", f"?api={api.id}&region={api.region}"
    if api.is_rest is None:
        href = f"{base}/apis?region={api.region}"
        yield Link(text=f"APIs of {api.region}, {api.id} among them", href=href)
        return
    routes = f"apis/{api.id}/resources" if api.is_rest else "develop/routes"
    stages = f"apis/{api.id}/stages" if api.is_rest else "deploy/stages"
    yield Link(text=f"API {api.id}", href=f"{base}/{routes}{query}")
    yield Link(text="its stages", href=f"{base}/{stages}{query}")


_BEFORE, _AFTER = timedelta(minutes=30), timedelta(minutes=10)


def _dashboard(incident: Incident, origin: Origin, at: str) -> Iterator[Link]:
    """From shortly before the incident until the message."""
    home = _cloudwatch(origin)
    if home is None or not origin.dashboard:
        return
    first = _moment(began(incident) if incident.members else incident.opened_at) - _BEFORE
    when = f"start={_written(first)};end={_written(_moment(at) + _AFTER)}"
    href = f"{home}#dashboards:name={quote(origin.dashboard, safe='')};{when}"
    yield Link(text="dashboard at that time", href=href)


def _alarms(origin: Origin) -> Iterator[Link]:
    home = _cloudwatch(origin)
    if home is not None and origin.stack is not None:
        search = quote(origin.stack, safe="")
        yield Link(text="alarms", href=f"{home}#alarmsV2:?~(search~'{search})")


def _cloudwatch(origin: Origin) -> str | None:
    home = console(origin.region)
    return None if home is None else f"{home}/cloudwatch/home?region={origin.region}"


def _moment(at: str) -> datetime:
    read = datetime.fromisoformat(at)
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)


def _written(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")

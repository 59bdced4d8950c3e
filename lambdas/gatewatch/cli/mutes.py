"""Mutes in words, and what may be muted."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from gatewatch.cli import waiting
from gatewatch.cli.exits import UsageError
from gatewatch.config.canonical import Config
from gatewatch.config.problems import nearest
from gatewatch.incidents.correlate import moment
from gatewatch.incidents.mute import Mute


def mute_line(one: Mute) -> str:
    left = datetime.fromisoformat(one.until) - waiting.CLOCK.now()
    why = f": {one.why}" if one.why else ""
    until = f"until {moment(one.until)} ({waiting.lasting(left)} more)"
    return f"muted: {one.subject}, {until}, by {one.by}{why}"


def refuse_unknown(config: Config, api: str, route: str | None) -> None:
    """Raises UsageError for names that are not configured."""
    names = {one.name: one for one in config.apis}
    if api not in names:
        raise UsageError(f"{api}: there is no such API in the configuration{_hint(api, names)}")
    routes = [one.name for one in names[api].routes]
    if route is not None and route not in routes:
        raise UsageError(f"{api} {route}: there is no such route of this API{_hint(route, routes)}")


def _hint(name: str, known: Iterable[str]) -> str:
    close = nearest(name, list(known))
    return f" (did you mean {close}?)" if close else ""

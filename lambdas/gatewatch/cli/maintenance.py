"""Maintenance windows in words: which are open, and when the next ones are."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from gatewatch.config.canonical import Config, Window
from gatewatch.config.windows import next_start, open_at, recent


class Scheduled(msgspec.Struct, frozen=True, kw_only=True):
    """A window as `plan` tells of it; `apis` empty: all. Times are in UTC, None: never."""

    apis: tuple[str, ...]
    opens: str
    timezone: str
    open_until: datetime | None
    next_start: datetime | None


def scheduled(config: Config, now: datetime) -> tuple[Scheduled, ...]:
    return tuple(_scheduled(one, now) for one in config.maintenance)


def _scheduled(window: Window, now: datetime) -> Scheduled:
    is_open = open_at(recent(window, now), now)
    return Scheduled(
        apis=window.apis,
        opens=window.cron or window.start or "",
        timezone=window.timezone,
        open_until=is_open.until if is_open else None,
        next_start=next_start(window, now),
    )


def window_lines(found: Iterable[Scheduled], *, only_open: bool = False) -> list[str]:
    """A line for each."""
    return [_line(one) for one in found if one.open_until is not None or not only_open]


def _line(one: Scheduled) -> str:
    covered = ", ".join(one.apis) or "all APIs"
    if one.open_until is not None:
        state = f"open until {_shown(one.open_until, one.timezone)}"
    elif one.next_start is not None:
        state = f"next at {_shown(one.next_start, one.timezone)}"
    else:
        state = "over"
    return f"maintenance of {covered}: {state} ({one.opens})"


def _shown(at: datetime, timezone: str) -> str:
    return at.astimezone(ZoneInfo(timezone)).strftime("%Y-%m-%d %H:%M %Z")

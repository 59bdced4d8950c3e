"""Maintenance windows in words: which are open, and when the next ones are."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from gatewatch.config.canonical import Config, Window
from gatewatch.config.windows import next_start, open_at, recent


class Scheduled(msgspec.Struct, frozen=True, kw_only=True):
    """A window as `plan` shows it. `apis` empty: all. Times are in UTC; None: never."""

    apis: tuple[str, ...]
    opens: str
    timezone: str
    open_until: datetime | None
    next_start: datetime | None


def scheduled(config: Config, now: datetime) -> tuple[Scheduled, ...]:
    return tuple(_scheduled(window, now) for window in config.maintenance)


def _scheduled(window: Window, now: datetime) -> Scheduled:
    is_open = open_at(recent(window, now), now)
    return Scheduled(
        apis=window.apis,
        opens=window.cron or window.start or "",
        timezone=window.timezone,
        open_until=is_open.until if is_open else None,
        next_start=next_start(window, now),
    )


def window_lines(windows: Iterable[Scheduled], *, only_open: bool = False) -> list[str]:
    """One line for each window."""
    return [_line(window) for window in windows if window.open_until is not None or not only_open]


def _line(window: Scheduled) -> str:
    covered = ", ".join(window.apis) or "all APIs"
    if window.open_until is not None:
        state = f"open until {_shown(window.open_until, window.timezone)}"
    elif window.next_start is not None:
        state = f"next at {_shown(window.next_start, window.timezone)}"
    else:
        state = "over"
    return f"maintenance of {covered}: {state} ({window.opens})"


def _shown(at: datetime, timezone: str) -> str:
    return at.astimezone(ZoneInfo(timezone)).strftime("%Y-%m-%d %H:%M %Z")

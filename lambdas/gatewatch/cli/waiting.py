"""Waiting for the deployed service, which works by the minute."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from math import ceil
from time import sleep

from gatewatch.adapters.local.clock import SystemClock
from gatewatch.cli import show
from gatewatch.cli.exits import UsageError

CLOCK = SystemClock()
_BETWEEN_SECONDS = 3
_LEAST = timedelta(minutes=1)
_DURATION = re.compile(r"(\d{1,6})(s|m|h|d)")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def wait_for(what: str, is_there: Callable[[], bool], longest: timedelta) -> bool:
    """Whether it came in time; asks every few seconds, and says meanwhile for what."""
    tries = ceil(longest.total_seconds() / _BETWEEN_SECONDS)
    if is_there():
        return True
    with show.console(stderr=True).status(what):
        for _ in range(tries):
            sleep(_BETWEEN_SECONDS)
            if is_there():
                return True
    return False


def how_long(option: str, text: str, longest: timedelta) -> timedelta:
    """How long a pause or a mute lasts: it begins with the next minute. Raises UsageError."""
    found = duration(option, text, longest)
    if found < _LEAST:
        raise UsageError(f'{option}: "{text}": expected at least 1m')
    return found


def duration(option: str, text: str, longest: timedelta) -> timedelta:
    """Raises UsageError."""
    read = _DURATION.fullmatch(text)
    found = timedelta(**{_UNITS[read[2]]: int(read[1])}) if read else None
    if found is None or found > longest:
        most = f"{longest.days}d" if longest.days else f"{longest.seconds // 60}m"
        raise UsageError(
            f'{option}: "{text}": expected a duration such as 30m or 2h, at most {most}'
        )
    return found


def lasting(took: timedelta) -> str:
    """For people: `41s`, `6m`, `2h 5m`, `3d 4h`."""
    seconds = max(0, int(took.total_seconds()))
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days}d {hours}h"
    if hours:
        return f"{hours}h {minutes}m"
    return f"{minutes}m" if minutes else f"{seconds}s"

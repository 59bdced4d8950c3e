"""Which maintenance windows are open at a time, and when the next one opens."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice, pairwise
from math import inf
from zoneinfo import ZoneInfo

import msgspec

from gatewatch.config.canonical import Window
from gatewatch.config.cron import CronError, instant, parse_cron
from gatewatch.config.values import WINDOW

_LATEST_NEWS = timedelta(hours=1)
_SEARCHED = timedelta(days=8 * 366)
"""A 29th of February is at most eight years away."""
_MOST_IN_A_ROW = 100
_MINUTE_SECONDS = 60
_AT_LAST = datetime.max.replace(tzinfo=UTC)
_ANY_DAY = datetime(2024, 1, 1, tzinfo=UTC)
_COMPARED = 400


class Opening(msgspec.Struct, frozen=True):
    """One opening of a window, in UTC: from `since` to before `until`."""

    since: datetime
    until: datetime


def window_problem(window: Window) -> str | None:
    """Why a window is unusable; windows of an accepted configuration have no problem."""
    try:
        zone = ZoneInfo(window.timezone)
        if window.cron is not None:
            parse_cron(window.cron)
        else:
            instant(datetime.fromisoformat(window.start or ""), zone)
    except (CronError, ValueError, OverflowError, OSError) as error:
        return str(error)
    except KeyError:
        return f"no time zone {window.timezone}"
    least, most = WINDOW
    if not least <= window.for_seconds <= most:
        return f"expected from {least:.0f} to {most:.0f} seconds"
    if window.for_seconds % _MINUTE_SECONDS:
        return "expected whole minutes"
    if window.for_seconds >= (pause := shortest_interval(window)):
        return f"expected less than the {pause:g} seconds from one start to the next"
    return None


def shortest_interval(window: Window) -> float:
    """The least seconds from one start to the next; infinite where it opens at most once."""
    if window.cron is None:
        return inf
    found = islice(starts(window, _ANY_DAY, _ANY_DAY + _SEARCHED), _COMPARED)
    return min(((after - before).total_seconds() for before, after in pairwise(found)), default=inf)


def starts(window: Window, low: datetime, high: datetime) -> Iterator[datetime]:
    """The times at which a window opens from `low` to `high`, both included, in order, in UTC."""
    zone = ZoneInfo(window.timezone)
    if window.cron is not None:
        yield from _parsed(window.cron).strikes(zone, low, high)
    elif window.start is not None:
        once = instant(datetime.fromisoformat(window.start), zone)
        yield from [once] if low <= once <= high else []


_parsed = lru_cache(parse_cron)


def next_start(window: Window, at: datetime) -> datetime | None:
    """The first start after a time; None where there is none."""
    until = at + _SEARCHED if window.cron is not None else _AT_LAST
    return next((one for one in starts(window, at, until) if one > at), None)


def openings(windows: Iterable[Window], api: str, at: datetime) -> tuple[Opening, ...]:
    """The windows of an API that are open, or were within the last hour, since news may come late.
    One that follows others without a pause counts from the start of the first of them.
    """
    own = [one for one in windows if one.covers(api)]
    return tuple(
        Opening(_first_start(own, one.since), one.until)
        for window in own
        for one in recent(window, at)
    )


@lru_cache(maxsize=1024)
def recent(window: Window, at: datetime) -> tuple[Opening, ...]:
    length = timedelta(seconds=window.for_seconds)
    found = starts(window, at - length - _LATEST_NEWS, at)
    return tuple(Opening(since, since + length) for since in found)


def _first_start(windows: Iterable[Window], since: datetime) -> datetime:
    for _ in range(_MOST_IN_A_ROW):
        found = (one for window in windows for one in recent(window, since))
        earliest = min(one.since for one in found if one.until >= since)
        if earliest == since:
            break
        since = earliest
    return since


def open_at(found: Iterable[Opening], at: datetime) -> Opening | None:
    """From the earliest start to the latest end of the open windows; None where none is open."""
    now = [one for one in found if one.since <= at < one.until]
    if not now:
        return None
    return Opening(min(one.since for one in now), max(one.until for one in now))

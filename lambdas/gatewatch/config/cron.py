"""When a cron line strikes on the clock of a time zone.

Crontab(5) and CloudWatch's mute rules read this grammar alike: `*`, numbers, names, ranges and
lists; no steps, and days of the week by name, since programs number them differently:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Schedule.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_NUMBER = re.compile(r"[0-9]{1,4}")
_SHOWN = 40
_MINUTE, _DAY = timedelta(minutes=1), timedelta(days=1)
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEK = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")


class CronError(Exception):
    """Raised for an invalid line; names the field and what was expected there."""


@dataclass(frozen=True, slots=True)
class _Field:
    """`names` stand for the numbers from `first` on; without `takes_numbers`, for nothing else."""

    what: str
    first: int
    last: int
    example: str
    names: tuple[str, ...] = ()
    takes_numbers: bool = True

    def read(self, text: str) -> tuple[int, ...]:
        if text == "*":
            return tuple(range(self.first, self.last + 1))
        found: set[int] = set()
        for part in text.split(","):
            low, dash, high = part.partition("-")
            numbers = range(self._number(low, text), self._number(high if dash else low, text) + 1)
            if not numbers:
                raise self._error(text)
            found.update(numbers)
        return tuple(sorted(found))

    def _number(self, word: str, text: str) -> int:
        if word in self.names:
            return self.first + self.names.index(word)
        if not (self.takes_numbers and _NUMBER.fullmatch(word)):
            raise self._error(text)
        if not self.first <= int(word) <= self.last:
            raise self._error(text)
        return int(word)

    def _error(self, text: str) -> CronError:
        low, high = (self.first, self.last) if self.takes_numbers else (_WEEK[0], _WEEK[-1])
        shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
        return CronError(
            f"{self.what} {shown}: expected * or {low} to {high}, such as {self.example}"
        )


_FIELDS = (
    _Field("minute", 0, 59, "0 or 0,30"),
    _Field("hour", 0, 23, "2 or 1-3"),
    _Field("day of the month", 1, 31, "1 or 1,15"),
    _Field("month", 1, 12, "JAN or 3-5", names=_MONTHS),
    _Field("day of the week", 0, 6, "SUN or MON-FRI", names=_WEEK, takes_numbers=False),
)


@dataclass(frozen=True, slots=True)
class Cron:
    """The numbers of each field, in order; day 0 of the week is Sunday."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    weekdays: tuple[int, ...]

    def strikes(self, zone: ZoneInfo, low: datetime, high: datetime) -> Iterator[datetime]:
        """The times at which it strikes from `low` to `high`, both included, in order, in UTC."""
        day = low.astimezone(zone).date() - _DAY
        while day <= high.astimezone(zone).date():
            if self._names(day):
                for hour, minute in ((h, m) for h in self.hours for m in self.minutes):
                    struck = instant(datetime.combine(day, time(hour, minute)), zone)
                    if low <= struck <= high:
                        yield struck
            day += _DAY

    def _names(self, day: date) -> bool:
        weekday = day.isoweekday() % len(_WEEK)
        return day.month in self.months and day.day in self.days and weekday in self.weekdays


def parse_cron(line: str) -> Cron:
    """Raises CronError."""
    fields = line.upper().split()
    if len(fields) != len(_FIELDS):
        names = ", ".join(field.what for field in _FIELDS)
        raise CronError(f"expected {len(_FIELDS)} fields: {names}")
    if "*" not in (fields[2], fields[4]):
        raise CronError(
            "expected * as the day of the month or as the day of the week: programs differ on "
            "what both of them mean"
        )
    return Cron(*(field.read(text) for field, text in zip(_FIELDS, fields, strict=True)))


def instant(local: datetime, zone: ZoneInfo) -> datetime:
    """A local time in UTC: of an hour that comes twice, the first; of a time that the clock skips,
    the moment of the skip."""
    found = local.replace(tzinfo=zone).astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None) != local:
        while _offset(found - _MINUTE, zone) == _offset(found, zone):
            found -= _MINUTE
    return found


def _offset(at: datetime, zone: ZoneInfo) -> timedelta | None:
    return at.astimezone(zone).utcoffset()

"""When maintenance windows are open: cron lines, time zones, and clocks that are changed."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewatch.config.canonical import Window
from gatewatch.config.cron import CronError, parse_cron
from gatewatch.config.windows import Opening, next_start, open_at, openings, starts, window_problem

BERLIN = "Europe/Berlin"
HOUR = 3600.0


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def window(
    cron: str | None = None, start: str | None = None, hours: float = 2, zone: str = BERLIN
) -> Window:
    return Window(cron=cron, start=start, for_seconds=hours * HOUR, timezone=zone)


def is_open(one: Window, at: str) -> bool:
    now = utc(at)
    return open_at(openings([one], "orders", now), now) is not None


SUNDAYS = window("0 2 * * SUN")


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-11-22T00:59", False),
        ("2026-11-22T01:00", True),
        ("2026-11-22T02:59", True),
        ("2026-11-22T03:00", False),
        ("2026-11-21T01:00", False),
    ],
)
def test_a_window_is_open_from_its_start_until_its_end(at: str, expected: bool) -> None:
    assert is_open(SUNDAYS, at) is expected


def test_a_window_over_midnight_is_open_on_both_days() -> None:
    friday_night = window("0 22 * * FRI", hours=60)
    assert [is_open(friday_night, f"2026-11-{day}T12:00") for day in ("20", "21", "22", "23")] == [
        False,
        True,
        True,
        False,
    ]


def opened(one: Window, day: str) -> list[str]:
    """The starts of a day and the night before it, in UTC."""
    found = starts(one, utc(f"{day}T00:00") - timedelta(hours=12), utc(f"{day}T12:00"))
    return [at.isoformat(timespec="minutes").removesuffix("+00:00") for at in found]


# In Berlin, 02:00 became 03:00 on 2026-03-29 at 01:00 UTC, and 03:00 became 02:00 on 2026-10-25.
CHANGED = [
    ("0 2 * * *", "2026-03-28", ["2026-03-28T01:00"]),
    ("0 2 * * *", "2026-03-29", ["2026-03-29T01:00"]),
    ("30 2 * * *", "2026-03-29", ["2026-03-29T01:00"]),
    ("0 3 * * *", "2026-03-29", ["2026-03-29T01:00"]),
    ("30 3 * * *", "2026-03-29", ["2026-03-29T01:30"]),
    ("0 2 * * *", "2026-03-30", ["2026-03-30T00:00"]),
    ("30 2 * * *", "2026-10-24", ["2026-10-24T00:30"]),
    ("30 2 * * *", "2026-10-25", ["2026-10-25T00:30"]),
    ("0 3 * * *", "2026-10-25", ["2026-10-25T02:00"]),
    ("30 2 * * *", "2026-10-26", ["2026-10-26T01:30"]),
]


@pytest.mark.parametrize(("cron", "day", "expected"), CHANGED)
def test_where_the_clock_leaps_or_repeats_an_hour(cron: str, day: str, expected: list[str]) -> None:
    assert opened(window(cron), day) == expected
    minute, hour = cron.split()[:2]
    assert opened(window(start=f"{day}T{int(hour):02}:{int(minute):02}"), day) == expected


def test_a_window_lasts_as_long_whatever_the_clock_does() -> None:
    before_the_leap = window("30 1 * * *")
    assert is_open(before_the_leap, "2026-03-29T02:29")
    assert not is_open(before_the_leap, "2026-03-29T02:30")
    assert not is_open(window("30 2 * * *", hours=1), "2026-10-25T01:30")


def test_a_day_that_the_clock_leaps_over_begins_with_the_next() -> None:
    """Samoa had no 2011-12-30."""
    assert opened(window("0 2 30 * *", zone="Pacific/Apia"), "2011-12-30") == ["2011-12-30T10:00"]


@pytest.mark.parametrize(
    ("one", "at", "expected"),
    [
        (SUNDAYS, "2026-11-22T00:59", "2026-11-22T01:00"),
        (SUNDAYS, "2026-11-22T01:00", "2026-11-29T01:00"),
        (window("0 2 29 FEB *"), "2026-11-22T00:00", "2028-02-29T01:00"),
        (window(start="2026-12-01T02:00"), "2026-11-22T00:00", "2026-12-01T01:00"),
        (window(start="2026-12-01T02:00", zone="UTC"), "2026-11-22T00:00", "2026-12-01T02:00"),
        (window(start="2026-12-01T02:00"), "2026-12-01T01:00", None),
    ],
)
def test_when_a_window_opens_next(one: Window, at: str, expected: str | None) -> None:
    assert next_start(one, utc(at)) == (None if expected is None else utc(expected))


LINES = {
    "0 2 * * SUN": ((0,), (2,), (0,)),
    "0,30 1-3 * * mon-fri": ((0, 30), (1, 2, 3), (1, 2, 3, 4, 5)),
    " 5  4 * JAN,3-4 * ": ((5,), (4,), (0, 1, 2, 3, 4, 5, 6)),
}


@pytest.mark.parametrize("line", LINES)
def test_a_line_is_read(line: str) -> None:
    found = parse_cron(line)
    assert (found.minutes, found.hours, found.weekdays) == LINES[line]


_WEEK = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")


def field(low: int, high: int) -> st.SearchStrategy[str]:
    """A list of numbers and ranges, or all of them."""
    number = st.integers(low, high)
    span = st.tuples(number, number).map(sorted).map(lambda ends: f"{ends[0]}-{ends[1]}")
    return st.just("*") | st.lists(number.map(str) | span, min_size=1, max_size=3).map(",".join)


@given(
    field(0, 59),
    field(0, 23),
    st.sampled_from(["* * *", "1,15 * *", "* 2-3 *", "* 10 SUN", "* * MON-FRI"]),
    st.sampled_from(["UTC", BERLIN, "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"]),
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)),  # noqa: DTZ001
)
def test_starts_are_the_minutes_that_the_wall_clock_shows(
    minute: str, hour: str, days: str, zone: str, around: datetime
) -> None:
    """Against asking every minute of two days by itself, where no clock was changed."""
    one = window(f"{minute} {hour} {days}", zone=zone)
    low = around.replace(second=0, microsecond=0, tzinfo=UTC)
    high = low + timedelta(days=2)
    local = ZoneInfo(zone)
    if len({(low + timedelta(hours=n)).astimezone(local).utcoffset() for n in range(49)}) > 1:
        return
    cron = parse_cron(one.cron or "")
    minutes = [low + timedelta(minutes=n) for n in range(2 * 24 * 60 + 1)]
    shown = [(at, at.astimezone(local)) for at in minutes]
    assert list(starts(one, low, high)) == [
        at
        for at, wall in shown
        if wall.minute in cron.minutes
        and wall.hour in cron.hours
        and wall.day in cron.days
        and wall.month in cron.months
        and wall.isoweekday() % 7 in cron.weekdays
    ]


@given(st.text(st.sampled_from("0129 *,-/SUNJA\u0663"), max_size=20))
def test_no_line_makes_it_fail_otherwise(line: str) -> None:
    try:
        found = parse_cron(line)
    except CronError:
        return
    assert all((found.minutes, found.hours, found.days, found.months, found.weekdays))


def test_windows_that_overlap_are_open_from_the_first_start_to_the_last_end() -> None:
    both = [window("0 2 * * *"), window("0 3 * * *")]
    now = utc("2026-11-22T02:30")
    assert open_at(openings(both, "orders", now), now) == Opening(
        utc("2026-11-22T01:00"), utc("2026-11-22T04:00")
    )


def test_windows_without_a_pause_between_them_count_from_the_first_start() -> None:
    row = [window("0 2 * * *"), window("0 4 * * *", hours=8), window("0 13 * * *")]
    for at, since in (("2026-11-22T10:59", "01"), ("2026-11-22T12:30", "12")):
        now = utc(at)
        found = open_at(openings(row, "orders", now), now)
        assert found is not None
        assert found.since == utc(f"2026-11-22T{since}:00")


def test_windows_that_never_end_together_are_no_endless_work() -> None:
    halves = [window("0 0 * * *", hours=12), window("0 12 * * *", hours=12)]
    assert openings(halves, "orders", utc("2026-11-22T10:00"))


def test_a_window_that_ended_within_the_hour_is_still_known() -> None:
    assert openings([SUNDAYS], "orders", utc("2026-11-22T04:00"))
    assert not openings([SUNDAYS], "orders", utc("2026-11-22T04:01"))


def test_a_window_covers_the_apis_that_it_names_or_all() -> None:
    one = Window(cron="0 2 * * *", for_seconds=HOUR, timezone="UTC", apis=("orders",))
    now = utc("2026-11-22T02:00")
    assert openings([one], "orders", now)
    assert not openings([one], "users", now)
    assert openings([window("0 2 * * *", zone="UTC")], "users", now)


def test_zones_are_known_where_the_machine_has_none() -> None:
    script = (
        "import zoneinfo; from gatewatch.config.windows import window_problem; "
        "from gatewatch.config.canonical import Window; assert not zoneinfo.TZPATH; "
        "print(window_problem(Window(cron='0 2 * * *', for_seconds=60, timezone='Europe/Berlin')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONTZPATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("None\n", "")


@pytest.mark.parametrize(
    ("one", "told"),
    [
        (SUNDAYS, None),
        (window(start="2026-12-01T02:00"), None),
        (window("0 2 * * *", zone="Mars/Olympus"), "no time zone Mars/Olympus"),
        (window("0 25 * * *"), "hour 25: expected * or 0 to 23, such as 2 or 1-3"),
        (window(start="soon"), "Invalid isoformat string: 'soon'"),
        (window("0 2 * * *", hours=1e300), "expected from 60 to 1296000 seconds"),
        (window(start="2026-12-01T02:00", hours=1e9), "expected from 60 to 1296000 seconds"),
        (window("0 2 * * *", hours=-1), "expected from 60 to 1296000 seconds"),
        (window("0 * * * *"), "expected less than the 3600 seconds from one start to the next"),
    ],
)
def test_a_window_that_was_published_is_checked_again(one: Window, told: str | None) -> None:
    assert window_problem(one) == told

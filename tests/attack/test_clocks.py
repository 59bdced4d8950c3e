"""Clocks that are ahead, behind, or stand: whatever they did, later looks count and are told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewatch.cli.facts import of_clock
from gatewatch.cli.watch import Minutes
from gatewatch.incidents.ahead import SKEW, believed_memory
from gatewatch.incidents.correlate import length
from gatewatch.incidents.track import Patience, RouteState, Transition, Turn, track
from gatewatch.model import Outcome
from gatewatch.run import Summary
from gatewatch.sandbox import orders
from gatewatch.service.state_slices import Slice, Untold, slice_believed
from handlers import dispatch as dispatches
from handlers import incidents as writers
from handlers import probe as probes
from handlers import wiring
from tests.builders import verdict
from tests.deployed import START, Account, Context
from tests.nights.night import Act, restored
from tests.nights.stories import _OPEN, CATALOG, HEALTH, ORDERS, _api, _deleted, changing
from tests.worlds import Side, Worlds, worlds

MINUTE, HOUR, DAY, YEAR = (timedelta(minutes=n) for n in (1, 60, 1440, 366 * 1440))
AHEAD = {"a_minute": MINUTE, "an_hour": HOUR, "a_day": DAY, "a_year": YEAR}
WALKS = {
    "right": timedelta(0),
    **{f"{name}_ahead": by for name, by in AHEAD.items()},
    "a_lifetime_ahead": 80 * YEAR,
    "a_year_back": -YEAR,
    "back_at_the_epoch": datetime(1970, 1, 1, tzinfo=UTC) - datetime(2026, 11, 22, tzinfo=UTC),
}
OPENED: Act = changing(_OPEN)
CLOSED = _deleted("/catalog")


class Walk:
    """Both worlds, minute by minute; the sandbox's clock is always right."""

    def __init__(self, both: Worlds) -> None:
        self.both = both
        self.minute = 0
        self.heard: list[list[tuple[int, str]]] = [[], []]
        self._true = both.local.now()
        for side in both.sides:
            side.sandbox.now = lambda: self._true

    def minutes(self, count: int = 1, off: timedelta = timedelta(0)) -> None:
        for _ in range(count):
            self.minute += 1
            self._true += MINUTE
            for side, heard in zip(self.both.sides, self.heard, strict=True):
                heard += [(self.minute, kind) for kind in _said_in(side, self._true + off)]

    def of(self, kind: str, since: int = 0) -> list[list[int]]:
        """In which minutes each world said so."""
        return [[at for at, one in heard if one == kind and at > since] for heard in self.heard]


def _said_in(side: Side, now: datetime) -> list[str]:
    before = len(side.messages)
    side._now = now - MINUTE
    side.minute()
    return [kind for _, kind, _, _, _ in side.messages[before:]]


@contextmanager
def walk(folder: Path) -> Iterator[Walk]:
    def written(connect_to: str, ca_file: str) -> str:
        credentials = orders.configuration(connect_to, ca_file).partition("apis:")[0]
        quiet = credentials.partition("\n")[2]
        routes = _api("orders", HEALTH, CATALOG, ORDERS, more=f"    {_defaults()}")
        where = f"connect_to: {connect_to}\n    ca_file: {ca_file}"
        return f"{quiet}apis:\n{routes.replace('CONNECT', where)}"

    with worlds(folder, written) as both:
        yield Walk(both)


def _defaults() -> str:
    return "every: 1m\n    anonymous_every: 1m\n"


@pytest.mark.parametrize("off", WALKS.values(), ids=WALKS)
def test_what_breaks_after_one_tick_of_a_wrong_clock_is_told_and_ends(
    tmp_path: Path, off: timedelta
) -> None:
    with walk(tmp_path) as both:
        both.minutes(2)
        both.minutes(off=off)
        OPENED(both.both)
        both.minutes(2)
        assert all(both.of("opened")), "an exposure is told within the usual looks"
        CLOSED(both.both)
        both.minutes(4)
        assert [len(one) for one in both.of("opened")] == [2, 2]
        restored(both.both)
        both.minutes(12)
        assert [len(one) for one in both.of("resolved")] == [2, 2]


@pytest.mark.parametrize("off", WALKS.values(), ids=WALKS)
def test_what_is_open_while_a_clock_is_wrong_ends_as_soon_as_usual(
    tmp_path: Path, off: timedelta
) -> None:
    with walk(tmp_path) as both:
        both.minutes(1)
        CLOSED(both.both)
        both.minutes(3)
        both.minutes(off=off)
        restored(both.both)
        both.minutes(3)
        assert [len(one) for one in both.of("opened")] == [1, 1]
        assert [len(one) for one in both.of("resolved")] == [1, 1]
        for side in both.both.sides:
            assert {one.state for one in side.incidents.values()} == {"resolved"}


@pytest.mark.parametrize("off", WALKS.values(), ids=WALKS)
def test_what_opens_while_a_clock_is_wrong_is_one_story(tmp_path: Path, off: timedelta) -> None:
    with walk(tmp_path) as both:
        both.minutes(1)
        CLOSED(both.both)
        both.minutes(3, off=off)
        both.minutes(3)
        restored(both.both)
        both.minutes(4)
        assert [len(one) for one in both.of("opened")] == [1, 1]
        assert [len(one) for one in both.of("resolved")] == [1, 1]


AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
PATIENT = Patience(open_after=2, resolve_after=2)


def test_a_run_says_what_it_took_back_and_what_changed_nothing() -> None:
    found = Summary(
        at=AT.isoformat(),
        due=2,
        passed=2,
        failed=0,
        unknown=0,
        skipped=0,
        requests=2,
        dropped=1,
        taken_back=3,
        ahead_seconds=86_400.5,
    )
    assert of_clock(found) == [
        "what earlier runs remembered is up to 1 day, 0:00:00 ahead of this clock, and is taken"
        " back to now (3 records). Is the clock right?",
        "1 look changed nothing: a later look had counted already",
    ]


@given(
    st.lists(st.tuples(st.integers(-(10**9), 10**9), st.booleans()), max_size=12),
    st.booleans(),
)
def test_after_any_walk_looks_say_what_is_so(walked: list[tuple[int, bool]], fails: bool) -> None:
    state: RouteState | None = None
    for seconds, failed in [*walked, *((10 + minute * 60, fails) for minute in range(25))]:
        now = AT + timedelta(seconds=seconds)
        if state is not None:
            [state] = believed_memory(now, [state]).states
        outcome = Outcome.FAIL if failed else Outcome.PASS
        state, _ = track(state, verdict(outcome), PATIENT, now.isoformat())
    assert state is not None
    assert state.is_failing is fails


@given(st.lists(st.integers(-(10**8), 10**8), min_size=2, max_size=8))
def test_news_of_any_walk_is_heard_in_the_order_in_which_it_was_seen(walked: list[int]) -> None:
    turns = [Turn.OPENED, Turn.RECOVERED] * 4
    state = RouteState(route="GET /x", entrance="e", caller="anonymous")
    untold = []
    for number, (seconds, turn) in enumerate(zip(walked, turns, strict=False), start=1):
        at = (AT + timedelta(seconds=seconds)).isoformat()
        untold.append(Untold(number, Transition(turn, state, at)))
    found = slice_believed(Slice(api="a", name="1-0", untold=tuple(untold)), AT)
    times = [datetime.fromisoformat(one.transition.at) for one in found.untold]
    assert all(one <= AT + SKEW for one in times)
    ahead = [n for n, seconds in enumerate(walked) if timedelta(seconds=seconds) > SKEW]
    assert all(times[n] < min(times[n + 1 :], default=AT) for n in ahead)


def test_nothing_ends_before_it_began() -> None:
    assert length((AT + YEAR).isoformat(), AT.isoformat()) == "0s"


@pytest.mark.parametrize("seconds", [0, 1, 5, 30])
def test_a_little_difference_between_clocks_is_none(seconds: int) -> None:
    at = (AT + timedelta(seconds=seconds)).isoformat()
    state = RouteState(route="GET /x", entrance="e", caller="anonymous", seen_at=at)
    assert believed_memory(AT, [state]).taken_back == 0


@pytest.mark.parametrize("off", AHEAD.values(), ids=AHEAD)
def test_a_watch_deals_out_minutes_again_after_its_clock_was_ahead(off: timedelta) -> None:
    minutes = Minutes()
    minutes.since(AT)
    minutes.since(AT + off)
    dealt = [minutes.since(AT + MINUTE * n) for n in range(1, 6)]
    told = [minute for some in dealt for minute in some or ()]
    assert len(set(told)) >= 3


def test_a_watch_that_slept_for_a_year_looks_at_everything_once() -> None:
    minutes = Minutes()
    minutes.since(AT)
    assert minutes.since(AT + YEAR) is None
    assert len(minutes.since(AT + YEAR + MINUTE) or ()) == 1


def _ticked(account: Account, event: timedelta, clock: timedelta) -> None:
    """One minute in which the schedule's time and the functions' clocks are off."""
    account._minute += 1
    now = START + timedelta(minutes=account._minute)
    wiring.CLOCK.now = lambda: now + clock  # type: ignore[method-assign]
    dispatches.handler({"time": (now + event).isoformat()}, Context())
    account.drain(account.work, probes.handler)
    account.drain(account.changes, writers.handler)


OFF_IN_ACCOUNT = {
    **{f"the_schedule_{name}": (by, timedelta(0)) for name, by in AHEAD.items()},
    **{f"the_functions_{name}": (timedelta(0), by) for name, by in AHEAD.items()},
    **{f"all_{name}": (by, by) for name, by in AHEAD.items()},
}


# CloudWatch drops what it is told a year ahead of its own clock; the alarm of no tick hears that.
TOLD_AHEAD = pytest.mark.filterwarnings("ignore:This metric doesn't meet")


@TOLD_AHEAD
@pytest.mark.parametrize(("event", "clock"), OFF_IN_ACCOUNT.values(), ids=OFF_IN_ACCOUNT)
def test_one_tick_ahead_silences_nobody_in_the_account(
    account: Account, event: timedelta, clock: timedelta, capsys: pytest.CaptureFixture[str]
) -> None:
    account.minutes(1)
    _ticked(account, event, clock)
    account.gateway.broken.add("/items")
    account.gateway.open.add("/orders")
    capsys.readouterr()
    account.minutes(5)
    told = {one["incident"]["finding"] for one in account.messages()}
    assert told == {"refused", "protected_route_open"}
    account.gateway.broken.clear()
    account.minutes(2)
    assert "resolved" in {kind for kind, _ in account.said()}


@pytest.mark.parametrize("ahead", [MINUTE, HOUR], ids=["a_minute", "an_hour"])
def test_ticks_that_are_always_ahead_of_the_clocks_tell_the_same_story(
    account: Account, ahead: timedelta
) -> None:
    account.gateway.broken.add("/items")
    for _ in range(3):
        _ticked(account, ahead, timedelta(0))
    account.gateway.broken.clear()
    for _ in range(3):
        _ticked(account, ahead, timedelta(0))
    assert [kind for kind, _ in account.said()] == ["opened", "resolved"]


@TOLD_AHEAD
def test_a_tick_and_states_of_the_future_are_counted_and_logged(
    account: Account, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    _ticked(account, YEAR, timedelta(0))
    assert '"ClockAhead":[1.0]' in capsys.readouterr().out
    assert caplog.messages.count("clock_ahead") == 1
    _ticked(account, YEAR, YEAR)
    assert caplog.messages.count("clock_ahead") == 1
    account.minutes(1)
    assert '"ClockAhead":[3.0]' in capsys.readouterr().out
    assert caplog.messages.count("clock_ahead") == 2

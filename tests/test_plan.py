"""What would be sent: looks by access and method, intervals, latches; and what never is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest

from gatewatch.attempt import REFUSAL_MEDIA_TYPE, Probe, control
from gatewatch.cli.watch import Minutes
from gatewatch.config.canonical import Config
from gatewatch.model import Finding
from gatewatch.plan import cannot_be_proven, looks_a_minute, plan

from .builders import URL, config, probe

CLOSED = "closed_at: ['https://old.execute-api.us-east-1.amazonaws.com/prod']"


def at(found: Config, minute: int) -> list[Probe]:
    return plan(found, range(minute, minute + 1))


def callers(route: str) -> list[str]:
    return [attempt.caller for attempt in probe(route).attempts]


def test_a_public_route_is_looked_at_by_a_stranger() -> None:
    assert callers("GET /x: public") == ["anonymous"]


def test_a_protected_route_is_looked_at_by_a_stranger_and_by_each_caller() -> None:
    route = "GET /x: {access: protected, as: [user, user + key]}"
    assert callers(route) == ["anonymous", "user", "user + key"]


def test_a_protected_write_is_proven_by_refusal() -> None:
    [attempt] = probe("POST /x: {access: protected}").attempts
    assert attempt.callers == ()
    assert dict(attempt.headers) == {"content-type": REFUSAL_MEDIA_TYPE}


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_write_is_never_called_with_a_credential_unless_told(method: str) -> None:
    one = probe(f"{method} /x: {{access: protected, as: [user]}}")
    assert [attempt.caller for attempt in one.attempts] == ["anonymous"]
    assert [skipped.caller for skipped in one.skipped] == ["user"]
    told = probe(f"{method} /x: {{access: protected, as: [user], invoke: true}}")
    assert [attempt.caller for attempt in told.attempts] == ["anonymous", "user"]


def test_a_public_write_is_skipped_and_counted() -> None:
    one = probe("POST /x: public")
    assert one.attempts == ()
    assert [skipped.caller for skipped in one.skipped] == ["anonymous"]


def test_a_closed_entrance_gets_no_credential() -> None:
    probes = plan(config("GET /x: {access: protected, as: [user]}", CLOSED))
    assert [[a.caller for a in one.attempts] for one in probes] == [
        ["anonymous", "user"],
        ["anonymous"],
    ]


def test_a_write_at_a_closed_entrance_must_be_refused_whoever_may_call_it() -> None:
    [here, closed] = plan(config("POST /x: public", CLOSED))
    assert [len(here.attempts), len(closed.attempts)] == [0, 1]


def test_a_latched_write_at_a_closed_entrance_is_its_own_finding() -> None:
    found = config("POST /x: {access: protected}", CLOSED)
    entrance = found.apis[0].entrances[1].url
    [_, held] = plan(found, latched={("orders", "POST /x", entrance): Finding.ENTRANCE_NOT_CLOSED})
    assert [skipped.finding for skipped in held.skipped] == [Finding.ENTRANCE_NOT_CLOSED]


@pytest.mark.parametrize("held", [Finding.PROTECTED_ROUTE_OPEN, Finding.GUARD_WEAKENED])
def test_a_latched_write_is_held_back_as_what_it_was_found(held: Finding) -> None:
    found = config("POST /x: {access: protected}")
    [one] = plan(found, latched={("orders", "POST /x", URL): held})
    assert one.attempts == ()
    assert [skipped.finding for skipped in one.skipped] == [held]


def test_intervals_are_kept_and_a_strangers_look_brings_the_others_along() -> None:
    found = config("GET /x: {access: protected, as: [user], every: 2m, anonymous_every: 5m}")
    taken = {
        minute: [attempt.caller for one in at(found, minute) for attempt in one.attempts]
        for minute in range(10)
    }
    strangers = [minute for minute, looks in taken.items() if "anonymous" in looks]
    assert len(strangers) == 2
    assert strangers[1] - strangers[0] == 5
    assert all("user" in taken[minute] for minute in strangers)
    assert 5 <= sum("user" in looks for looks in taken.values()) <= 7


INTERVALS = [
    "every: 1m, anonymous_every: 5m",
    "every: 30s, anonymous_every: 5m",
    "every: 2m, anonymous_every: 5m",
    "every: 90s, anonymous_every: 5m",
    "every: 150s, anonymous_every: 10m",
    "every: 10m, anonymous_every: 4m",
]


def taken(found: Config, minutes: Iterable[range | None]) -> Counter[str]:
    return Counter(
        attempt.caller for some in minutes for one in plan(found, some) for attempt in one.attempts
    )


@pytest.mark.parametrize("intervals", INTERVALS)
def test_the_rates_that_are_told_are_those_that_are_kept(intervals: str) -> None:
    found = config(f"GET /x: {{access: protected, as: [user], {intervals}}}")
    minutes = 1200
    sent = taken(found, (range(m, m + 1) for m in range(minutes)))
    strangers, callers = looks_a_minute(found.apis[0].routes[0])
    assert sent == {"anonymous": strangers * minutes, "user": pytest.approx(callers * minutes)}


@pytest.mark.parametrize("seconds", [10, 60, 61, 119, 120, 400])
def test_intervals_hold_whatever_the_ticks_do(seconds: int) -> None:
    found = config("GET /x: {access: protected, as: [user], every: 3m, anonymous_every: 60m}")
    start, minutes = datetime(2026, 11, 22, 0, 0, 30, tzinfo=UTC), Minutes()
    dealt = [
        minutes.since(start + timedelta(seconds=after)) for after in range(0, 24 * 3600, seconds)
    ]
    assert dealt[0] is None
    told = [minute for some in dealt if some is not None for minute in some]
    assert told == sorted(set(told))
    assert len(told) >= 24 * 60 - seconds // 60 - 1
    assert 23 <= taken(found, dealt[1:])["anonymous"] <= 24


def test_a_clock_that_goes_back_begins_anew() -> None:
    minutes, now = Minutes(), datetime(2026, 11, 22, tzinfo=UTC)
    minutes.since(now)
    assert len(minutes.since(now + timedelta(minutes=5)) or ()) == 5
    assert len(minutes.since(now + timedelta(minutes=5)) or ()) == 0
    assert len(minutes.since(now) or ()) == 1
    assert len(minutes.since(now + timedelta(minutes=6)) or ()) == 6


def test_routes_with_one_interval_are_spread_over_it() -> None:
    routes = ", ".join(f"GET /x{n}: {{access: public, every: 10m}}" for n in range(60))
    found = config(routes.replace(", GET", "}, {GET"))
    sizes = [len(at(found, minute)) for minute in range(10)]
    assert sum(sizes) == 60
    assert max(sizes) < 15


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_control_never_writes(method: str) -> None:
    with pytest.raises(ValueError, match="may not use"):
        control(probe("GET /x: public"), method, f"{URL}/gatewatch-no-such-route")


def test_an_iam_write_is_said_to_stay_unproven() -> None:
    assert cannot_be_proven(probe("POST /x: {access: protected, guarded_by: iam}").route)
    assert not cannot_be_proven(probe("GET /x: {access: protected, guarded_by: iam}").route)
    assert not cannot_be_proven(probe("POST /x: {access: protected, guarded_by: jwt}").route)


def test_where_something_has_just_changed_strangers_look_as_often_as_others() -> None:
    found = config("GET /x: {access: protected, as: [user], every: 2m, anonymous_every: 10m}")

    def strangers(restless: frozenset[str]) -> int:
        probes = (plan(found, range(at, at + 1), restless=restless) for at in range(20))
        return sum(
            not attempt.callers for due in probes for probe in due for attempt in probe.attempts
        )

    assert (strangers(frozenset()), strangers(frozenset({"orders"}))) == (2, 10)

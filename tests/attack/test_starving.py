"""No route can keep another from being looked at: slow is not unreachable, the first is another
from run to run, and strangers have a share that slow looks of our own cannot take."""

from __future__ import annotations

import socket
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gatewatch.attempt import Attempt
from gatewatch.model import Finding
from gatewatch.probe.credentials import Keyring
from gatewatch.probe.prober import Limits, Prober
from gatewatch.probe.schedule import Job, Schedule
from gatewatch.probe.vault import Vault
from tests.servers import Handler, serving

from .test_sent import JSON, NOWHERE, Laptop, answer, told


def hanging_but_for(path: bytes, text: bytes) -> Handler:
    """Connects at once and never answers, but at one path and where nothing is."""

    def handle(to: socket.socket, head: bytes) -> None:
        asked = head.split()[1]
        if asked == path:
            to.sendall(text)
        elif asked.startswith(b"/prod/slow/"):
            threading.Event().wait(3)
            to.close()
        else:
            to.sendall(NOWHERE)

    return handle


OPEN = answer(b'{"id": 1}', JSON)


@pytest.mark.parametrize("at", [0, 7, 14], ids=["first", "in the middle", "last"])
def test_an_open_route_among_fourteen_that_hang_is_told(at: int, tmp_path: Path) -> None:
    routes = [f"GET /slow/{n}: {{access: protected, timeout: 0.3s}}" for n in range(14)]
    routes.insert(at, "GET /r: {access: protected}")
    with serving(hanging_but_for(b"/prod/r", OPEN)) as server:
        laptop = Laptop(server, tmp_path, routes)
        assert ("GET /r", Finding.PROTECTED_ROUTE_OPEN) in told(laptop.run())
        assert ("GET /r", Finding.PROTECTED_ROUTE_OPEN) in told(laptop.run())
        assert laptop.called("GET") == 2


def looks(count: int, callers: tuple[str, ...] = (), host: str = "a") -> list[Attempt]:
    url = f"https://{host}.example.com/x"
    return [
        Attempt("a", f"GET /{n}", url, "GET", url, timeout_seconds=1, callers=callers)
        for n in range(count)
    ]


def dealt(schedule: Schedule, count: int) -> list[Job]:
    """So many, all of them still under way."""
    return [job for _ in range(count) if (job := schedule.take()) is not None]


@pytest.mark.parametrize("first", ["strangers", "members"])
def test_slow_looks_of_one_kind_leave_the_other_its_share(first: str) -> None:
    members, strangers = looks(40, ("user",)), looks(40)
    waiting = [*strangers, *members] if first == "strangers" else [*members, *strangers]
    schedule = Schedule(waiting, per_host=6)
    under_way = dealt(schedule, 6)
    for _ in range(10):
        # A member's look ends never; whoever is done makes room for their own kind.
        [done, *_] = [job for job in under_way if not waiting[job.number].callers]
        schedule.finish(done, failed=False)
        under_way.remove(done)
        under_way += dealt(schedule, 1)
        ours = [job for job in under_way if waiting[job.number].callers]
        assert len(ours) <= 4
    taken = {job.number for job in under_way}
    assert len(taken) == 6


def test_who_waits_alone_has_all_places() -> None:
    assert len(dealt(Schedule(looks(40, ("user",)), per_host=6), 6)) == 6


@pytest.mark.parametrize("per_host", [1, 2, 3, 6])
@pytest.mark.parametrize(("strangers", "members"), [(0, 9), (9, 0), (1, 9), (9, 1), (9, 9)])
def test_every_look_is_dealt_out_once(per_host: int, strangers: int, members: int) -> None:
    waiting = [*looks(strangers), *looks(members, ("user",))]
    schedule = Schedule(waiting, per_host, turn=5)
    seen: list[int] = []
    while (job := schedule.take()) is not None:
        seen.append(job.number)
        schedule.finish(job, failed=False)
    assert sorted(seen) == list(range(len(waiting)))


class At:
    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now


def first_of(count: int, now: datetime) -> str:
    """The route that a run at this time begins with."""
    order: list[str] = []
    prober = Prober(Keyring((), Vault(lambda _: "", At(now))), At(now), Limits(1, 1))
    prober.send_all(
        looks(count, host="nowhere.invalid"), lambda raw: order.append(raw.attempt.route)
    )
    return order[0]


@pytest.mark.parametrize("minutes", [1, 5, 60, 1440])
def test_each_route_is_the_first_sooner_or_later_in_any_rhythm(minutes: int) -> None:
    count, start = 10, datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
    ticks = (start + timedelta(minutes=minutes * n) for n in range(100))
    assert len({first_of(count, now) for now in ticks}) == count


def test_a_dead_host_is_tried_at_other_routes_in_other_runs() -> None:
    """It is given up after a few looks in a row: not always after the same ones."""

    def tried(now: datetime) -> frozenset[str]:
        prober = Prober(Keyring((), Vault(lambda _: "", At(now))), At(now), Limits(1, 1))
        sent: list[str] = []
        prober.send_all(
            looks(30, host="nowhere.invalid"),
            lambda raw: sent.append(raw.attempt.route) if raw.not_sent is None else None,
        )
        return frozenset(sent)

    start = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
    runs = [tried(start + timedelta(minutes=n)) for n in range(60)]
    assert {len(one) for one in runs} == {5}
    assert len(frozenset().union(*runs)) == 30


def test_a_route_that_hangs_keeps_no_member_from_being_judged(tmp_path: Path) -> None:
    routes: Sequence[str] = [
        *(f"GET /slow/{n}: {{access: protected, timeout: 0.3s}}" for n in range(20)),
        "GET /r: {access: public}",
    ]
    with serving(hanging_but_for(b"/prod/r", OPEN)) as server:
        report = Laptop(server, tmp_path, routes).run()
    assert [one.outcome for one in report.verdicts if one.route == "GET /r"] == ["pass"]

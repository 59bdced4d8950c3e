"""Servers that answer everything alike, so that nobody knows whether a write ran: it is not sent
again, nobody is paged, and it says so; in both worlds. Where a path that cannot exist is refused
at last, it is asked anew."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gatewatch.adapters.local.noted import Noted
from gatewatch.adapters.local.sqlite import SqliteStore
from gatewatch.model import Finding, Outcome
from tests.servers import RawServer, serving
from tests.worlds import Side, worlds

from .test_sent import NOWHERE, Laptop, answer, told, verdict

HTML = "Content-Type: text/html\r\n"
PAGES = {
    "a page": answer(b"<html><title>Shop</title><p>All that you want to buy</p></html>", HTML),
    "a login": answer(b"<html><title>Sign in</title><input type=password></html>", HTML),
    "a maintenance page": answer(b"<html><title>Maintenance</title><p>Soon back</p></html>", HTML),
    "a text": answer(b"fine\n", "Content-Type: text/plain\r\n"),
    "XML": answer(b"<ok/>", "Content-Type: application/xml\r\n"),
    "JSON that refuses": answer(b'{"error": "unauthorized"}'),
    "a page of no kind": answer(b"hello", ""),
    "202": answer(b"taken", "Content-Type: text/plain\r\n").replace(b"200 OK", b"202 Accepted"),
}
"""What strangers get wherever they ask."""

WRITES = ("POST", "PUT", "PATCH", "DELETE")


class Host:
    """Answers everything alike until it is `mended`: then strangers are refused everywhere but at
    what is left open. A path may be `elsewhere` refused by other words."""

    def __init__(self, page: bytes) -> None:
        self.page = page
        self.is_mended = False
        self.writes: list[bytes] = []

    def __call__(self, to: socket.socket, head: bytes) -> None:
        method = head.split()[0]
        if method.decode() in WRITES:
            self.writes.append(method)
        to.sendall(NOWHERE if self.is_mended else self.page)
        to.close()


def routes(extra: str = "") -> list[str]:
    return [f"{method} /r: {{access: protected{extra}}}" for method in WRITES]


@pytest.mark.parametrize("name", PAGES)
def test_each_write_is_sent_once_and_stays_in_doubt(name: str, tmp_path: Path) -> None:
    host = Host(PAGES[name])
    with serving(host) as server:
        laptop = Laptop(server, tmp_path, routes())
        reports = [laptop.run() for _ in range(4)]
    assert sorted(host.writes) == sorted(map(str.encode, WRITES))
    for report in reports:
        assert {one.outcome for one in report.verdicts} == {Outcome.UNKNOWN}
        assert not any(finding is Finding.PROTECTED_ROUTE_OPEN for _, finding in told(report))
        assert report.summary.unknown == len(WRITES)
    assert "is answered alike" in verdict(reports[0], "POST /r").because
    assert "`gatewatch ack`" in verdict(reports[-1], "POST /r").because


def test_json_for_everything_is_told_as_what_may_have_run(tmp_path: Path) -> None:
    host = Host(answer(b'{"ok": true}'))
    with serving(host) as server:
        laptop = Laptop(server, tmp_path, routes())
        for _ in range(4):
            laptop.run()
    assert len(host.writes) == len(WRITES)


def test_it_is_asked_anew_once_what_cannot_exist_is_refused(tmp_path: Path) -> None:
    host = Host(PAGES["a page"])
    with serving(host) as server:
        laptop = Laptop(server, tmp_path, ["POST /r: {access: protected}"])
        laptop.run()
        laptop.run()
        host.is_mended = True
        laptop.run()
        assert (len(host.writes), laptop.store.latched()) == (1, {})
        assert "may have got through" not in verdict(laptop.run(), "POST /r").because
        assert len(host.writes) == 2


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 429 Slow down\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 There\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n",
        b"nothing of HTTP\r\n\r\n",
        b"",
    ],
    ids=["failed", "throttled", "redirected", "garbage", "no answer"],
)
def test_what_tells_nothing_lets_nothing_be_sent_again(said: bytes, tmp_path: Path) -> None:
    host = Host(PAGES["a page"])
    with serving(host) as server:
        laptop = Laptop(server, tmp_path, ["POST /r: {access: protected}"])
        laptop.run()
        host.page = said
        for _ in range(3):
            laptop.run()
        assert len(host.writes) == 1


def test_a_person_lets_it_be_sent_again(tmp_path: Path) -> None:
    host = Host(PAGES["a page"])
    with serving(host) as server:
        laptop = Laptop(server, tmp_path, ["POST /r: {access: protected}"])
        laptop.run()
        assert laptop.store.release("a", "POST /r") == 1
        laptop.run()
        assert len(host.writes) == 2


def test_at_an_entrance_that_must_refuse_it_is_the_same(tmp_path: Path) -> None:
    host = Host(PAGES["a page"])
    with serving(host) as server:
        closed = f"POST /r: {{access: protected}}], closed_at: ['http://{server.place}/old'"
        laptop = Laptop(server, tmp_path, [closed])
        for _ in range(3):
            laptop.run()
    assert len(host.writes) == 2


def test_a_page_in_place_of_the_origin_s_refusal_is_asked_each_time(tmp_path: Path) -> None:
    host = Host(
        answer(b"<html><title>Shop</title></html>", f"{HTML}X-Cache: Error from cloudfront\r\n")
    )
    with serving(host) as server:
        laptop = Laptop(server, tmp_path, ["POST /r: {access: protected}"])
        laptop.run()
        laptop.run()
        assert (len(host.writes), laptop.store.latched()) == (2, {})


def turning_away(to: socket.socket, head: bytes) -> None:
    """Refuses in its own words, with a success's status, at `/r` alone."""
    refused = answer(b'{"error": "unauthorized"}')
    to.sendall(refused if head.split()[1] == b"/prod/r" else NOWHERE)
    to.close()


@pytest.mark.parametrize("guard", ["", ", guarded_by: backend"])
def test_a_refusal_in_a_success_s_dress_is_asked_each_time(guard: str, tmp_path: Path) -> None:
    with serving(turning_away) as server:
        laptop = Laptop(server, tmp_path, [f"POST /r: {{access: protected{guard}}}"])
        laptop.run()
        laptop.run()
        assert laptop.called("POST") == 2
        assert laptop.store.latched() == {}


def crashing(to: socket.socket, head: bytes) -> None:
    """The function behind `/r` fails, and its failure is told with 200."""
    failed = answer(b'{"errorMessage": "boom", "errorType": "Error", "stackTrace": []}')
    to.sendall(failed if head.split()[1] == b"/prod/r" else NOWHERE)
    to.close()


@pytest.mark.parametrize("guard", ["", ", guarded_by: backend", ", guarded_by: iam"])
def test_a_failure_that_is_told_as_a_success_may_have_run(guard: str, tmp_path: Path) -> None:
    with serving(crashing) as server:
        laptop = Laptop(server, tmp_path, [f"POST /r: {{access: protected{guard}}}"])
        for _ in range(3):
            laptop.run()
        assert laptop.called("POST") == 1


def alike_to(server: RawServer) -> Callable[[str, str], str]:
    return lambda _, __: (
        "defaults: {every: 1m, anonymous_every: 1m}\n"
        f"apis: {{orders: {{url: 'http://{server.place}/prod', routes: ["
        "POST /r: {access: protected}, GET /r: {access: protected}]}}\n"
    )


def writes_of(side: Side) -> list[tuple[str, str]]:
    return [(one.outcome, one.because) for one in side.verdicts if one.route == "POST /r"]


def test_both_worlds_hold_it_back_and_ask_anew(tmp_path: Path) -> None:
    host = Host(PAGES["a page"])
    with serving(host) as server, worlds(tmp_path, alike_to(server)) as both:
        both.minutes(4)
        assert len(host.writes) == 2
        assert writes_of(both.local) == writes_of(both.account)
        assert (both.local.said, both.account.said) == ([], [])
        host.is_mended = True
        both.minutes(2)
        assert len(host.writes) == 4


def test_a_doubt_that_could_not_be_kept_is_noted(tmp_path: Path) -> None:
    noted = Noted(tmp_path / "noted")
    noted.add(("a", "POST /r", "http://h"), None)
    assert noted.all() == {("a", "POST /r", "http://h"): None}


def test_it_is_held_back_before_anything_else_is_waited_for(tmp_path: Path) -> None:
    """A kill after the answer finds the latch set."""
    held = threading.Event()

    def handle(to: socket.socket, head: bytes) -> None:
        if head.split()[1] == b"/prod/slow":
            for _ in range(1_000):
                if SqliteStore(tmp_path / "state.sqlite3").latched():
                    held.set()
                    break
                time.sleep(0.01)
        to.sendall(PAGES["JSON that refuses"])
        to.close()

    with serving(handle) as server:
        ways = ["POST /r: {access: protected}", "GET /slow: {access: public}"]
        laptop = Laptop(server, tmp_path, ways)
        laptop.run()
        laptop.run()
        assert (held.is_set(), laptop.called("POST")) == (True, 1)

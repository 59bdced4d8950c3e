"""How long a token is kept, and what it costs when its endpoint is slow, dead or asked by many."""

from __future__ import annotations

import socket
import time
from contextlib import suppress
from pathlib import Path

import pytest

from gatewatch.probe import form
from gatewatch.probe.schedule import Limits
from gatewatch.raw import RawExchange
from tests.callers import Caller, HandClock, config, why
from tests.servers import answering, serving
from tests.token_server import Answer, Asked, TokenServer, granting, keep_client, login, told


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    keep_client(tmp_path)
    return tmp_path


LIVES = {
    "a number": (100, 100),
    "a fraction": (100.5, 100.5),
    "a text": ("100", 100),
    "missing": (None, 300),
    "zero": (0, 300),
    "no number": ("soon", 300),
    "not a number": ("nan", 300),
    "true": (True, 300),
    "a list": ([100], 300),
    "without end": ("inf", 86_400),
    "in the past": (-100, 1),
}


@pytest.mark.parametrize("name", LIVES)
def test_a_token_is_fetched_again_when_nine_tenths_of_its_life_are_over(
    name: str, folder: Path
) -> None:
    expires_in, seconds = LIVES[name]
    clock = HandClock()
    with granting(TokenServer(expires_in=expires_in)) as server, serving(answering()) as target:
        found = config(login(server.url), f"http://{target.place}/prod")
        caller = Caller(found, folder, clock)
        fetched = []
        for share in (0.0, 0.89, 0.02):
            clock.move(seconds=seconds * share)
            assert caller.call()[0].not_sent is None
            fetched.append(len(server.asked))
        caller.prober.close()
    assert fetched == [1, 1, 2]


def test_many_at_once_share_one_fetch(folder: Path) -> None:
    def slow(asked: Asked) -> Answer:
        time.sleep(0.1)
        return told(200, access_token="granted-token", token_type="bearer")

    routes = [f"/{n}" for n in range(60)]
    with granting(TokenServer(slow)) as server, serving(answering()) as target:
        both = f"{login(server.url)}, {login(server.url).replace('c:', 'd:', 1)}"
        caller = Caller(config(both, f"http://{target.place}/prod", "c, d", routes), folder)
        assert {raw.status for raw in caller.call()} == {200}
        caller.prober.close()
        assert len(target.requests) == 120
        assert len(server.asked) == 1


def test_a_failure_is_remembered_for_half_a_minute(folder: Path) -> None:
    clock = HandClock()
    server = TokenServer(lambda _: told(503))
    with granting(server), serving(answering()) as target:
        routes = [f"/{n}" for n in range(500)]
        found = config(login(server.url), f"http://{target.place}/prod", "c", routes)
        caller = Caller(found, folder, clock)
        fetched = []
        for seconds in (0, 29, 2):
            clock.move(seconds=seconds)
            assert all(raw.not_sent for raw in caller.call())
            fetched.append(len(server.asked))
        assert fetched == [1, 1, 2]
        server.answer = None
        clock.move(seconds=31)
        assert {raw.status for raw in caller.call()} == {200}
        caller.prober.close()


def test_a_dead_endpoint_costs_a_run_one_wait(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(form, "_SECONDS", 0.5)
    with (
        socket.create_server(("127.0.0.1", 0), backlog=100) as silent,
        serving(answering()) as target,
    ):
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/token"
        routes = [f"/{n}" for n in range(500)]
        caller = Caller(config(login(url), f"http://{target.place}/prod", "c", routes), folder)
        raws = caller.call()
        assert _connections(silent) == 1
    said = "timeout: the deadline passed in phase first_byte"
    assert {_without_place(raw) for raw in raws} == {f"the token endpoint: {said}"}
    assert target.requests == []


def _connections(listener: socket.socket) -> int:
    """How many wait to be accepted."""
    listener.setblocking(False)
    found = 0
    with suppress(BlockingIOError):
        while True:
            listener.accept()[0].close()
            found += 1
    return found


def _without_place(raw: RawExchange) -> str:
    words = (why(raw) or "").split(" ")
    return " ".join([*words[:2], "endpoint:", *words[4:]])


def test_the_wait_for_a_token_is_not_the_targets(folder: Path) -> None:
    def slow(_: Asked) -> Answer:
        time.sleep(2)
        return told(200, access_token="granted-token")

    clock = HandClock()
    with granting(TokenServer(slow)) as server, serving(answering()) as target:
        routes = ["/1", "/2"]
        found = config(
            login(server.url), f"http://{target.place}/prod", "c", routes, "timeout: 1900ms,"
        )
        caller = Caller(found, folder, clock, Limits(in_flight=1))

        def two_hours_later(raw: RawExchange) -> RawExchange:
            clock.move(hours=2)
            return raw

        _, raw = caller.prober.send_all(caller.attempts, two_hours_later)
        caller.prober.close()
        assert len(server.asked) == 2
    assert raw.error is None
    assert raw.elapsed_ms < 1900

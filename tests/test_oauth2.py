"""OAuth2 client credentials against a real token endpoint: what is sent, and what may come back."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gatewatch.probe import form
from gatewatch.probe.schedule import Limits
from gatewatch.raw import RawExchange

from .callers import Caller, HandClock, config
from .servers import answering, serving
from .token_server import CLIENT_ID, CLIENT_SECRET, Answer, Asked, TokenServer, granting, told


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    pair = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    (tmp_path / "client").write_text(json.dumps(pair))
    (tmp_path / "secret").write_text(f"{CLIENT_SECRET}\n")
    return tmp_path


def login(url: str, more: str = "client: {file: client}") -> str:
    return f"c: {{oauth2: {{token_url: '{url}', {more}}}}}"


def call(
    server: TokenServer, folder: Path, more: str = "client: {file: client}", times: int = 1
) -> list[str]:
    """The Authorization header of each call, or why it was not sent."""
    with granting(server), serving(answering()) as target:
        caller = Caller(config(login(server.url, more), f"http://{target.place}/prod"), folder)
        raws = [raw for _ in range(times) for raw in caller.call()]
        caller.prober.close()
    heads = iter(target.requests)
    return [raw.not_sent or authorization(next(heads)) for raw in raws]


def authorization(head: bytes) -> str:
    lines = head.decode().split("\r\n")
    return next(line for line in lines if line.startswith("Authorization: ")).partition(": ")[2]


def test_a_token_is_fetched_with_the_client_in_the_header(folder: Path) -> None:
    server = TokenServer()
    assert call(server, folder) == ["Bearer granted-token-1"]
    [asked] = server.asked
    assert (asked.client_id, asked.client_secret) == (CLIENT_ID, CLIENT_SECRET)
    assert asked.said_in == "header"
    assert asked.form == {"grant_type": "client_credentials"}
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
    assert "synthetic monitoring, token)" in asked.headers["user-agent"]


def test_a_token_is_fetched_with_the_client_in_the_form(folder: Path) -> None:
    server = TokenServer()
    more = "client: {file: client}, auth_method: client_secret_post"
    assert call(server, folder, more) == ["Bearer granted-token-1"]
    [asked] = server.asked
    assert (asked.said_in, asked.knows_the_secret) == ("form", True)
    assert "authorization" not in asked.headers


def test_the_two_halves_may_be_given_apart(folder: Path) -> None:
    server = TokenServer()
    more = f"client_id: '{CLIENT_ID}', client_secret: {{file: secret}}"
    assert call(server, folder, more) == ["Bearer granted-token-1"]


@pytest.mark.parametrize("scope", ["orders/read orders/write", "[orders/read, orders/write]"])
def test_scope_and_audience(folder: Path, scope: str) -> None:
    server = TokenServer()
    call(server, folder, f"client: {{file: client}}, scope: {scope}, audience: https://a.b/c")
    assert server.asked[0].form == {
        "grant_type": "client_credentials",
        "scope": "orders/read orders/write",
        "audience": "https://a.b/c",
    }


# How long a token is good for


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


# What else may come back


def raw_text(status: int, body: bytes, **headers: str) -> Callable[[Asked], Answer]:
    return lambda _: (status, body, headers)


def granted(**body: Any) -> Callable[[Asked], Answer]:
    return lambda _: told(200, **{"access_token": "granted-token", **body})


REFUSED = {
    "wrong secret": (
        lambda _: told(401, error="invalid_client", error_description="s3cret"),
        "answered 401 invalid_client",
    ),
    "scope": (lambda _: told(400, error="invalid_scope"), "answered 400 invalid_scope"),
    "its own words": (lambda _: told(400, error="s3cret is wrong"), "answered 400"),
    "a page": (raw_text(503, b"<html>"), "answered 503"),
    "a redirect": (raw_text(302, b"", Location="/elsewhere"), "answered 302"),
    "a page with 200": (raw_text(200, b"<html>"), "answered 200 without an access token"),
    "nothing": (raw_text(200, b""), "answered 200 without an access token"),
    "no token": (lambda _: told(200, token="x"), "answered 200 without an access token"),
    "no text": (granted(access_token=1), "answered 200 without an access token"),
    "deep": (raw_text(200, b'{"a":' + b"[" * 60_000), "answered 200 without an access token"),
    "not UTF-8": (raw_text(200, b'{"access_token": "\xff\xfe"}'), "answered 200 without an acc"),
    "huge": (
        raw_text(200, b'{"access_token": "' + b"x" * 200_000 + b'"}'),
        "answered 200 without an access token",
    ),
    "another type": (granted(token_type="mac"), "grants tokens of a type other than Bearer"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_is_one_line_without_the_servers_words(name: str, folder: Path) -> None:
    answer, said = REFUSED[name]
    server = TokenServer(answer)
    [line] = call(server, folder)
    assert line.startswith(f"the token endpoint {server.place} {said}")
    assert "s3cret" not in line
    assert len(server.asked) == 1


UNFIT = {
    "a line end": "granted\r\nX-Injected: yes",
    "a null": "granted\x00token",
    "an accent": "gränted-token",
}


@pytest.mark.parametrize("name", UNFIT)
def test_a_token_that_no_header_carries(name: str, folder: Path) -> None:
    [line] = call(TokenServer(granted(access_token=UNFIT[name])), folder)
    assert line == "the token holds a character that no header carries"


@pytest.mark.parametrize("more", [{}, {"token_type": None}, {"token_type": "BEARER"}])
def test_a_bearer_token_however_it_is_announced(more: dict[str, Any], folder: Path) -> None:
    assert call(TokenServer(granted(**more)), folder) == ["Bearer granted-token"]


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
    with socket.create_server(("127.0.0.1", 0)) as silent, serving(answering()) as target:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/token"
        routes = [f"/{n}" for n in range(500)]
        caller = Caller(config(login(url), f"http://{target.place}/prod", "c", routes), folder)
        started = time.monotonic()
        raws = caller.call()
        assert time.monotonic() - started < 3
    said = "timeout: the deadline passed in phase first_byte"
    assert {_without_place(raw) for raw in raws} == {f"the token endpoint: {said}"}
    assert target.requests == []


def _without_place(raw: RawExchange) -> str:
    words = (raw.not_sent or "").split(" ")
    return " ".join([*words[:2], "endpoint:", *words[4:]])


def test_the_wait_for_a_token_is_not_the_targets(folder: Path) -> None:
    def slow(_: Asked) -> Answer:
        time.sleep(0.4)
        return told(200, access_token="granted-token")

    clock = HandClock()
    with granting(TokenServer(slow)) as server, serving(answering()) as target:
        routes = ["/1", "/2"]
        found = config(
            login(server.url), f"http://{target.place}/prod", "c", routes, "timeout: 300ms,"
        )
        caller = Caller(found, folder, clock, Limits(in_flight=1))

        def two_hours_later(raw: RawExchange) -> RawExchange:
            clock.move(hours=2)
            return raw

        _, raw = caller.prober.send_all(caller.attempts, two_hours_later)
        caller.prober.close()
        assert len(server.asked) == 2
    assert raw.error is None
    assert raw.elapsed_ms < 300

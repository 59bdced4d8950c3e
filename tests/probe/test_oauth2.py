"""OAuth2 client credentials against a real token endpoint: what is sent, and what may come back."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trustme
from msgspec.structs import replace

from tests.callers import Caller, config, why
from tests.servers import answering, serving
from tests.token_server import (
    CLIENT_ID,
    CLIENT_SECRET,
    Answer,
    Asked,
    TokenServer,
    granting,
    keep_client,
    login,
    told,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    keep_client(tmp_path)
    return tmp_path


def call(
    server: TokenServer, folder: Path, more: str = "client: {file: client}", times: int = 1
) -> list[str]:
    """The Authorization header of each call, or why it was not sent."""
    with granting(server), serving(answering()) as target:
        caller = Caller(config(login(server.url, more), f"http://{target.place}/prod"), folder)
        raws = [raw for _ in range(times) for raw in caller.call()]
        caller.prober.close()
    heads = iter(target.requests)
    return [why(raw) or authorization(next(heads)) for raw in raws]


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


def test_no_secret_goes_to_an_endpoint_that_nobody_vouches_for(folder: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    with serving(answering(), context) as stranger, serving(answering()) as target:
        url = f"https://localhost:{stranger.port}/token"
        caller = Caller(config(login(url), f"http://{target.place}/prod"), folder)
        [raw] = caller.call()
    said = f"the token endpoint localhost:{stranger.port}: tls: certificate not accepted"
    assert (why(raw) or "").startswith(said)
    assert stranger.requests == []


def test_a_token_endpoint_with_a_private_authority(folder: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    granted_body = b'{"access_token": "granted-token"}'
    with serving(answering(body=granted_body), context) as server, serving(answering()) as target:
        url = f"https://localhost:{server.port}/token"
        more = f"client: {{file: client}}, ca_file: {folder / 'ca.pem'}"
        caller = Caller(config(login(url, more), f"http://{target.place}/prod"), folder)
        [raw] = caller.call()
    assert raw.not_sent is None
    assert authorization(target.requests[0]) == "Bearer granted-token"


def test_the_token_endpoint_and_the_api_learn_who_calls(folder: Path) -> None:
    token = answering(body=b'{"access_token": "granted-token"}')
    with serving(token) as server, serving(answering()) as target:
        found = config(login(f"http://{server.place}/token"), f"http://{target.place}/prod")
        Caller(replace(found, contact="api-watch@example.com"), folder).call()
    for heads in (server.requests, target.requests):
        assert b"(+api-watch@example.com; synthetic monitoring, " in heads[0]


@pytest.mark.parametrize("more", [{}, {"token_type": None}, {"token_type": "BEARER"}])
def test_a_bearer_token_however_it_is_announced(more: dict[str, Any], folder: Path) -> None:
    assert call(TokenServer(granted(**more)), folder) == ["Bearer granted-token"]

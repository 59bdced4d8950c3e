"""`check` and an answer that begins and does not come whole: it is said, and it is no success."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator

import pytest
from typer.testing import CliRunner

from gatewatch.cli.main import app
from tests.servers import Handler, serving

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


def says(text: bytes, *, then: str = "closes") -> Handler:
    def handle(to: socket.socket, _: bytes) -> None:
        to.sendall(text)
        if then == "waits":
            time.sleep(3)
        if then == "resets":
            time.sleep(0.2)
            to.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\0\0\0\0")
        to.close()

    return handle


BROKEN = {
    "a body that does not come": (
        says(HEAD + b"Content-Length: 9\r\n\r\n", then="waits"),
        "timeout",
    ),
    "a body that stops": (says(HEAD + b"Content-Length: 9\r\n\r\n{", then="waits"), "timeout"),
    "a body that is reset": (says(HEAD + b"Content-Length: 9\r\n\r\n{", then="resets"), "reset"),
    "a body that is short": (says(HEAD + b"Content-Length: 9\r\n\r\n{"), "reset"),
    "a chunk without a length": (says(CHUNKED + b"nothing\r\n"), "reset"),
    "a chunk of a negative length": (says(CHUNKED + b"-5\r\nhello\r\n0\r\n\r\n"), "reset"),
    "a chunk that is short": (says(CHUNKED + b"9\r\n{"), "reset"),
    "chunks without an end": (says(CHUNKED + b"2\r\n{}\r\n"), "reset"),
    "chunks that stop": (says(CHUNKED + b"2\r\n{}\r\n", then="waits"), "timeout"),
    "trailers without an end": (
        says(CHUNKED + b"2\r\n{}\r\n0\r\n" + b"X: y\r\n" * 400_000),
        "garbage",
    ),
    "a length of 5,000 digits": (
        says(HEAD + b"Content-Length: " + b"9" * 5_000 + b"\r\n\r\nabc"),
        "garbage",
    ),
    "a negative length": (says(HEAD + b"Content-Length: -3\r\n\r\nabc"), "garbage"),
    "a head that stops": (says(HEAD, then="waits"), "timeout"),
    "a head that is closed": (says(HEAD), "reset"),
    "a head of a megabyte": (says(HEAD + b"X: " + b"y" * 1_000_000), "garbage"),
}


@pytest.fixture(params=BROKEN)
def broken(request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    handle, told = BROKEN[request.param]
    with serving(handle) as server:
        yield f"http://{server.place}/x", told


def check(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["check", *words, "--timeout", "0.6"])
    return done.exit_code, done.output


def test_it_is_undecided_and_says_so(broken: tuple[str, str]) -> None:
    url, told = broken
    code, output = check(url)
    assert code == 2
    assert "nothing stopped the request" not in output
    assert f"undecided: the answer did not come whole: {told}: " in output


def test_the_record_says_so(broken: tuple[str, str]) -> None:
    url, told = broken
    code, output = check(url, "--format", "json")
    response = json.loads(output)["exchanges"][0]["response"]
    assert (code, response["status"], response["is_cut"]) == (2, 200, True)
    assert response["error"].startswith(f"{told}: ")


def test_a_refusal_that_breaks_off_is_a_finding_still() -> None:
    handle = says(BROKEN_REFUSAL)
    with serving(handle) as server:
        code, output = check(f"http://{server.place}/x")
    assert code == 1
    assert "not whole: reset: " in output


BROKEN_REFUSAL = (
    b"HTTP/1.1 403 Forbidden\r\nx-amzn-ErrorType: MissingAuthenticationTokenException\r\n"
    b"x-amzn-RequestId: r\r\nx-amz-apigw-id: a\r\nContent-Length: 42\r\n\r\n"
)


def test_a_length_that_is_said_twice_is_one() -> None:
    twice = b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}"
    with serving(says(HEAD + twice)) as server:
        assert check(f"http://{server.place}/x")[0] == 0


def test_a_body_that_is_only_long_is_no_failure() -> None:
    with serving(says(HEAD + b"Content-Length: 900000\r\n\r\n" + b" " * 900_000)) as server:
        code, output = check(f"http://{server.place}/x")
    assert code == 0
    assert "ok: nothing stopped the request" in output

"""The prober against real servers: hostile ones, slow ones, many at once."""

from __future__ import annotations

import base64
import gzip
import pickle
import re
import socket
import ssl
import threading
import time
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
import trustme

from gatewatch import __version__
from gatewatch.attempt import Attempt
from gatewatch.config.canonical import Basic, Bearer, Credential, SecretRef, SecretSource
from gatewatch.gateway.failure import is_unreached
from gatewatch.model import Finding, Unsent
from gatewatch.probe.credentials import Keyring
from gatewatch.probe.exchange import BODY_BYTES
from gatewatch.probe.prober import Limits, Prober
from gatewatch.probe.resolve import Resolver
from gatewatch.probe.vault import Vault
from gatewatch.raw import RawExchange
from tests.callers import why
from tests.servers import Handler, answering, serving

TIMEOUT = 0.6
PATIENCE = 20.0
"""What is not bounded lasts longer, however busy the machine is."""


class Clock:
    def now(self) -> datetime:
        return datetime(2026, 11, 22, tzinfo=UTC)


def prober(limits: Limits | None = None, resolver: Resolver | None = None) -> Prober:
    return Prober(Keyring((), Vault(lambda _: "", Clock())), Clock(), limits, resolver)


def attempt(url: str, **options: object) -> Attempt:
    settled = {"timeout_seconds": TIMEOUT, "method": "GET", **options}
    return Attempt(api="a", route="GET /", entrance=url, url=url, **settled)  # type: ignore[arg-type]


def send(url: str, **options: object) -> RawExchange:
    [raw] = sent(prober(), attempt(url, **options))
    return raw


def sent(one: Prober, *attempts: Attempt) -> list[RawExchange]:
    return one.send_all(attempts, lambda raw: raw)


def ask(handle: Handler, **options: object) -> RawExchange:
    with serving(handle) as server:
        return send(f"http://{server.place}/x", **options)


def _say(text: bytes) -> Handler:
    def handle(to: socket.socket, _: bytes) -> None:
        to.sendall(text)
        to.close()

    return handle


def _drip(prefix: bytes, drop: bytes) -> Handler:
    """Sends a byte now and then, for ever: each socket operation stays within its timeout."""

    def handle(to: socket.socket, _: bytes) -> None:
        to.sendall(prefix)
        while True:
            to.sendall(drop)
            time.sleep(0.02)

    return handle


def _endless(to: socket.socket, _: bytes) -> None:
    to.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        to.sendall(b"x" * 65536)


def _huge_headers(to: socket.socket, _: bytes) -> None:
    to.sendall(b"HTTP/1.1 200 OK\r\n")
    for number in range(2000):
        to.sendall(f"X-{number}: {'y' * 5000}\r\n".encode())
    to.sendall(b"\r\n")


def _long_header(to: socket.socket, _: bytes) -> None:
    to.sendall(b"HTTP/1.1 200 OK\r\nX-Long: " + b"y" * 10_000_000 + b"\r\n\r\n")


def _reset(to: socket.socket, _: bytes) -> None:
    to.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    to.close()


def _interim_first(*statuses: str) -> Handler:
    """Answers each request by itself: its own path, after interim answers and a moment."""

    def handle(to: socket.socket, head: bytes) -> None:
        for status in statuses:
            to.sendall(f"HTTP/1.1 {status}\r\nLink: </s.css>; rel=preload\r\n\r\n".encode())
        time.sleep(0.02)
        path = head.split()[1]
        to.sendall(b"HTTP/1.1 403 Forbidden\r\nX-Path: %b\r\nContent-Length: 2\r\n\r\n{}" % path)

    return handle


HOSTILE = {
    "slow-loris status line": (_drip(b"HTTP/1.1 2", b"0"), "timeout"),
    "slow-loris headers": (_drip(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"), "timeout"),
    "endless interim answers": (_drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), "timeout"),
    "a flood of interim answers": (_say(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 5000), "garbage"),
    "another protocol": (_say(b"HTTP/1.1 101 Switching Protocols\r\n\r\n"), "garbage"),
    "10 MB of headers": (_huge_headers, "garbage"),
    "a header of 10 MB": (_long_header, "garbage"),
    "garbage": (_say(b"\x00\xff not http at all\r\n\r\n"), "garbage"),
    "a closed connection": (_say(b""), "reset"),
    "half an answer": (_say(b"HTTP/1.1 200"), "reset"),
    "half a header": (_say(b"HTTP/1.1 200 OK\r\nDate: x\r\nContent-Len"), "reset"),
    "a head without its end": (_say(b"HTTP/1.1 200 OK\r\nDate: x\r\n"), "reset"),
    "a status line without its end": (_say(b"HTTP/1.1 200 OK\r\n"), "reset"),
    "a reset": (_reset, "reset"),
    "an SSH server": (_say(b"SSH-2.0-OpenSSH_9\r\n"), "garbage"),
}


STATUS_KNOWN = {
    "slow-loris headers",
    "10 MB of headers",
    "a header of 10 MB",
    "half a header",
    "a head without its end",
    "a status line without its end",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_server_ends_with_the_deadline_at_the_latest_in_one_line(name: str) -> None:
    handle, told = HOSTILE[name]
    started = time.monotonic()
    raw = ask(handle, timeout_seconds=TIMEOUT if told == "timeout" else 2 * PATIENCE)
    assert time.monotonic() - started < PATIENCE
    assert raw.status == (200 if name in STATUS_KNOWN else 0)
    assert (raw.headers, raw.body, raw.head_is_whole) == ((), b"", False)
    assert raw.error is not None
    assert raw.error.startswith(f"{told}:")
    assert "\n" not in raw.error


def test_a_head_may_be_a_status_line_alone() -> None:
    raw = ask(_say(b"HTTP/1.1 403 Forbidden\r\n\r\n"))
    assert (raw.status, raw.headers, raw.body, raw.error) == (403, (), b"", None)


def test_an_endless_body_is_read_to_its_bound_only() -> None:
    raw = ask(_endless)
    assert (raw.status, len(raw.body), raw.body_is_whole) == (200, BODY_BYTES, False)
    assert raw.error is None


def test_a_dripping_body_keeps_what_came_and_says_why_it_is_not_whole() -> None:
    raw = ask(_drip(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 9999\r\n\r\n{", b"x"))
    assert raw.status == 403
    assert raw.body.startswith(b"{x")
    assert not raw.body_is_whole
    assert raw.error == "timeout: the deadline passed in phase transfer"


def test_a_body_shorter_than_announced_is_told() -> None:
    raw = ask(_say(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}"))
    assert (raw.status, raw.body, raw.body_is_whole) == (200, b"{}", False)


def test_a_gzip_bomb_stays_packed() -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)
    raw = ask(answering(body=bomb, headers="Content-Encoding: gzip\r\n"))
    assert raw.status == 200
    assert len(raw.body) <= BODY_BYTES


def test_a_redirect_is_not_followed() -> None:
    with serving(answering()) as other:
        handle = answering("302 Found", headers=f"Location: http://{other.place}/\r\n")
        assert ask(handle).status == 302
        assert other.requests == []


def test_no_cookie_is_kept() -> None:
    handle = answering(headers="Set-Cookie: session=1\r\n")
    with serving(handle) as server:
        one = prober()
        for _ in range(2):
            sent(one, attempt(f"http://{server.place}/"))
        assert all(b"cookie" not in request.lower() for request in server.requests)


def test_nothing_is_taken_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login u password p\n")
    netrc.chmod(0o600)
    for name, value in {
        "HOME": str(tmp_path),
        "NETRC": str(netrc),
        "HTTP_PROXY": "http://127.0.0.1:1",
        "http_proxy": "http://127.0.0.1:1",
        "ALL_PROXY": "http://127.0.0.1:1",
        "REQUESTS_CA_BUNDLE": "/nowhere",
        "AWS_ACCESS_KEY_ID": "AKIAENVIRONMENT00000",
    }.items():
        monkeypatch.setenv(name, value)
    with serving(answering()) as server:
        assert send(f"http://{server.place}/").status == 200
        assert b"authorization" not in server.requests[0].lower()
        assert b"AKIAENV" not in server.requests[0]


def test_user_info_in_a_url_is_no_credential() -> None:
    with serving(answering()) as server:
        assert send(f"http://alice:pa55word@{server.place}/x").status == 200
        assert b"authorization" not in server.requests[0].lower()
        assert server.place.encode() in server.requests[0]
        assert b"alice" not in server.requests[0]


def test_the_user_agent_is_honest_and_says_what_the_request_is_for() -> None:
    with serving(answering()) as server:
        send(f"http://{server.place}/")
    assert (
        f"User-Agent: Gatewatch/{__version__} (synthetic monitoring, look)\r\n".encode()
        in (server.requests[0])
    )


def test_the_user_agent_names_whom_the_owner_says() -> None:
    with serving(answering()) as server:
        keyring = Keyring((), Vault(lambda _: "", Clock()))
        prober = Prober(keyring, Clock(), contact="https://wiki.example.com/gatewatch")
        sent(prober, attempt(f"http://{server.place}/"))
    assert (
        b"(+https://wiki.example.com/gatewatch; synthetic monitoring, look)" in (server.requests[0])
    )


def test_a_refused_connection_names_the_address() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert send(f"http://127.0.0.1:{port}/").error == "connect: connection refused by 127.0.0.1"


def test_a_name_without_an_address() -> None:
    raw = send("http://nowhere.invalid/")
    assert raw.error is not None
    assert raw.error.startswith("dns: no address for nowhere.invalid")


def test_a_resolver_that_hangs_ends_with_the_deadline() -> None:
    def hangs(host: str, port: int) -> list[object]:
        time.sleep(30)
        return []

    one = prober(resolver=Resolver(hangs))  # type: ignore[arg-type]
    started = time.monotonic()
    [raw] = sent(one, attempt("http://slow.example.com/"))
    assert time.monotonic() - started < PATIENCE
    assert raw.error == "timeout: the deadline passed in phase dns"


def test_a_resolver_that_breaks_is_told_at_once() -> None:
    def breaks(host: str, port: int) -> list[object]:
        raise OverflowError("no such port")

    one = prober(resolver=Resolver(breaks))  # type: ignore[arg-type]
    [raw] = sent(one, attempt("http://odd.example.com/", timeout_seconds=30))
    assert raw.error == "dns: no address for odd.example.com (no such port)"


def test_an_address_that_is_dead_leaves_time_for_the_next() -> None:
    # 192.0.2.1 is kept for documentation: nothing answers there.
    with serving(answering()) as server:

        def two(host: str, port: int) -> list[tuple[socket.AddressFamily, tuple[str, int]]]:
            dead = (socket.AF_INET, ("127.0.0.1", 1))
            return [dead, (socket.AF_INET, ("127.0.0.1", server.port))]

        one = prober(resolver=Resolver(two))
        [raw] = sent(one, attempt("http://two.example.com/"))
    assert raw.status == 200


@pytest.mark.parametrize("interim", ["100 Continue", "102 Processing", "103 Early Hints"])
def test_an_interim_answer_is_passed_over_and_every_route_gets_its_own(interim: str) -> None:
    with serving(_interim_first(interim, interim)) as server:
        paths = [f"/r{number}" for number in range(6)]
        attempts = [attempt(f"http://{server.place}{path}") for path in paths]
        raws = sent(prober(Limits(in_flight=1)), *attempts)
        assert server.connections == 1
    assert [raw.status for raw in raws] == [403] * 6
    assert [dict(raw.headers)["X-Path"] for raw in raws] == paths


# TLS


@pytest.fixture(scope="module")
def authority() -> tuple[trustme.CA, str]:
    """One that nobody trusts, and its certificate."""
    made = trustme.CA()
    return made, made.cert_pem.bytes().decode()


def tls(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


def test_connect_to_keeps_host_name_and_certificate_check(
    authority: tuple[trustme.CA, str],
) -> None:
    made, pem = authority
    with serving(answering(), tls(made, "api.example.com")) as server:
        options = {"connect_to": server.place, "authority": pem}
        raw = send("https://api.example.com/x", **options)
        assert raw.status == 200
        assert b"Host: api.example.com\r\n" in server.requests[0]
        assert raw.address == "127.0.0.1"
        assert raw.certificate_expires is not None
        wrong = send("https://other.example.com/x", **options)
        assert wrong.error is not None
        assert wrong.error.startswith("tls: certificate not accepted (Hostname mismatch")


def test_an_unknown_authority_is_refused(authority: tuple[trustme.CA, str]) -> None:
    made, _ = authority
    with serving(answering(), tls(made, "api.example.com")) as server:
        raw = send("https://api.example.com/x", connect_to=server.place)
    assert raw.error is not None
    assert raw.error.startswith("tls: certificate not accepted")


def test_an_authority_of_the_environment_is_not_trusted(
    authority: tuple[trustme.CA, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made, pem = authority
    file = tmp_path / "ca.pem"
    file.write_text(pem)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.setenv(name, str(file))
    monkeypatch.setattr("gatewatch.probe.connection._contexts", {})
    with serving(answering(), tls(made, "api.example.com")) as server:
        raw = send("https://api.example.com/", connect_to=server.place)
    assert str(raw.error).startswith("tls: certificate not accepted")


def test_a_client_certificate_that_is_wanted_is_told(authority: tuple[trustme.CA, str]) -> None:
    made, pem = authority
    context = tls(made, "api.example.com")
    context.verify_mode = ssl.CERT_REQUIRED
    made.configure_trust(context)
    with serving(answering(), context) as server:
        raw = send("https://api.example.com/", connect_to=server.place, authority=pem)
    assert raw.error == "tls: certificate required"


def test_plain_text_where_tls_is_expected() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def talk() -> None:
            to, _ = listener.accept()
            with to:
                to.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                to.recv(1)

        threading.Thread(target=talk, daemon=True).start()
        raw = send(f"https://127.0.0.1:{listener.getsockname()[1]}/")
    assert raw.error == "tls: wrong version number"


def test_a_handshake_that_never_ends_is_bounded() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        started = time.monotonic()
        raw = send(f"https://127.0.0.1:{listener.getsockname()[1]}/")
    assert time.monotonic() - started < PATIENCE
    assert raw.error == "timeout: the deadline passed in phase tls"


def test_the_trust_store_is_loaded_once_for_all_connections(
    authority: tuple[trustme.CA, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made, pem = authority
    loads: list[object] = []
    load = ssl.SSLContext.load_verify_locations

    def counted(self: ssl.SSLContext, *args: object, **kwargs: object) -> None:
        loads.append(kwargs)
        load(self, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", counted)
    monkeypatch.setattr("gatewatch.probe.connection._contexts", {})
    with serving(answering(keep=False), tls(made, "api.example.com")) as server:
        options = {"connect_to": server.place, "authority": pem}
        for _ in range(3):
            attempts = [attempt("https://api.example.com/x", **options) for _ in range(5)]
            assert {raw.status for raw in sent(prober(), *attempts)} == {200}
        assert server.connections >= 10
    # Once for the public bundle, once for the private authority.
    assert len(loads) == 2


def test_what_nobody_asked_for_is_no_answer_to_the_next(authority: tuple[trustme.CA, str]) -> None:
    # A body after HEAD, in one TLS record that is longer than what is read at once.
    made, pem = authority

    def talkative(to: socket.socket, head: bytes) -> None:
        size = 8_000 if head.startswith(b"HEAD") else 0
        to.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + b"x" * 2 * size)

    with serving(talkative, tls(made, "api.example.com")) as server:
        options = {"connect_to": server.place, "authority": pem}
        attempts = [
            attempt("https://api.example.com/", method=method, **options)
            for method in ("HEAD", "GET", "HEAD", "GET")
        ]
        raws = sent(prober(Limits(in_flight=1)), *attempts)
    assert [(raw.status, raw.error) for raw in raws] == [(200, None)] * 4


def test_the_phases_of_a_request_are_told(authority: tuple[trustme.CA, str]) -> None:
    made, pem = authority

    def slow(to: socket.socket, _: bytes) -> None:
        time.sleep(0.05)
        to.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    with serving(slow, tls(made, "api.example.com")) as server:
        options = {"connect_to": server.place, "authority": pem}
        attempts = [attempt("https://api.example.com/", **options) for _ in range(2)]
        first, second = sent(prober(Limits(in_flight=1)), *attempts)
    assert set(first.phases_ms) == {"queue", "dns", "connect", "tls", "first_byte", "transfer"}
    assert first.phases_ms["first_byte"] >= 50
    assert set(second.phases_ms) == {"queue", "first_byte", "transfer"}
    assert second.phases_ms["queue"] >= 50


def test_the_private_hook_of_urllib3_is_still_called() -> None:
    # `_new_conn` is not public: if a release renames it, phases and deadlines would vanish.
    assert ask(answering()).phases_ms.keys() >= {"dns", "connect"}


# Many at once


def test_caps_in_total_and_per_host() -> None:
    def slow(to: socket.socket, _: bytes) -> None:
        time.sleep(0.05)
        to.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    with serving(slow) as one, serving(slow) as other:
        urls = [f"http://{one.place}/{n}" for n in range(12)]
        urls += [f"http://{other.place}/{n}" for n in range(12)]
        raws = sent(prober(Limits(in_flight=5, per_host=3)), *map(attempt, urls))
        assert len(raws) == 24
        assert all(raw.status == 200 for raw in raws)
        assert 1 < one.most_at_once <= 3
        assert 1 < other.most_at_once <= 3


def test_a_dead_host_is_given_up_and_the_others_finish() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        dead = listener.getsockname()[1]
    with serving(answering()) as server:
        urls = [f"http://127.0.0.1:{dead}/{n}" for n in range(40)]
        urls += [f"http://{server.place}/{n}" for n in range(10)]
        raws = sent(prober(Limits(per_host=1)), *map(attempt, urls))
    assert sum(raw.status == 200 for raw in raws) == 10
    refused = [raw for raw in raws if raw.error]
    given_up = [raw for raw in raws if raw.not_sent]
    assert (len(refused), len(given_up)) == (5, 35)
    [told] = {raw.not_sent for raw in given_up}
    assert told == Unsent(
        because=f"host 127.0.0.1:{dead} unreachable: 5 looks in a row did not get through to it",
        finding=Finding.REFUSED,
        scope=f"host 127.0.0.1:{dead}",
    )


def test_a_host_that_hangs_is_there_and_the_last_look_is_taken_too() -> None:
    def last_answers(to: socket.socket, head: bytes) -> None:
        if b"/open" in head.split(b"\r\n", 1)[0]:
            to.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        else:
            time.sleep(0.5)
        to.close()

    with serving(last_answers) as server:
        attempts = [attempt(f"http://{server.place}/{n}", timeout_seconds=0.2) for n in range(14)]
        raws = sent(prober(), *attempts, attempt(f"http://{server.place}/open"))
    assert [raw.not_sent for raw in raws] == [None] * 15
    assert [raw.status for raw in raws] == [0] * 14 + [200]


UNREACHED = {
    "dns: no address for api.example.com": True,
    "connect: connection refused by 10.0.0.1": True,
    "connect: No route to host at 10.0.0.1": True,
    "timeout: the deadline passed in phase connect": True,
    "timeout: the deadline passed in phase dns": True,
    "timeout: the deadline passed in phase tls": True,
    "tls: certificate not accepted (certificate has expired)": True,
    "tls: certificate required": False,
    "tls: handshake failure": False,
    "timeout: the deadline passed in phase first_byte": False,
    "timeout: the deadline passed in phase transfer": False,
    "reset: closed without a complete response in phase first_byte": False,
    "garbage: the answer is not HTTP (BadStatusLine)": False,
}


@pytest.mark.parametrize("error", UNREACHED)
def test_only_what_fails_before_a_request_is_the_hosts(error: str) -> None:
    assert is_unreached(error) is UNREACHED[error]


def test_a_host_that_answers_now_and_then_is_not_given_up() -> None:
    turns = iter(range(100))

    def every_fourth(to: socket.socket, _: bytes) -> None:
        if next(turns) % 4 == 3:
            to.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        to.close()

    with serving(every_fourth) as server:
        attempts = [attempt(f"http://{server.place}/{n}") for n in range(16)]
        raws = sent(prober(Limits(in_flight=1)), *attempts)
    assert [raw.not_sent for raw in raws] == [None] * 16


def test_what_was_not_sent_says_nothing_of_the_host() -> None:
    with serving(answering()) as server:
        url = f"http://{server.place}/"
        refused = [attempt(url, callers=("user",)) for _ in range(8)]
        raws = sent(Prober(keyring(("h:443",)), Clock(), Limits(1)), *refused, attempt(url))
    assert all("may not be sent" in str(why(raw)) for raw in raws[:8])
    assert raws[8].status == 200


def test_an_answer_that_breaks_off_is_not_asked_for_again() -> None:
    answers = iter([b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", b"HTTP/1.1 200 OK\r\nCon"])

    def breaks_off(to: socket.socket, _: bytes) -> None:
        answer = next(answers)
        to.sendall(answer)
        if not answer.endswith(b"\r\n\r\n"):
            to.close()

    with serving(breaks_off) as server:
        attempts = [attempt(f"http://{server.place}/{n}") for n in range(2)]
        whole, broken = sent(prober(Limits(in_flight=1)), *attempts)
        assert len(server.requests) == 2
    assert (whole.status, broken.status) == (200, 200)
    assert broken.error is not None


def test_a_private_authority_is_trusted_by_its_own_api_only(
    authority: tuple[trustme.CA, str],
) -> None:
    made, pem = authority
    with serving(answering(), tls(made, "api.example.com")) as server:
        url, place = "https://api.example.com/", server.place
        trusting, strange = sent(
            prober(Limits(in_flight=1)),
            attempt(url, connect_to=place, authority=pem),
            attempt(url, connect_to=place),
        )
    assert trusting.status == 200
    assert str(strange.error).startswith("tls: certificate not accepted")


def test_a_stale_connection_is_no_false_alarm() -> None:
    def once(to: socket.socket, _: bytes) -> None:
        to.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        to.close()

    with serving(once) as server:
        one = prober(Limits(in_flight=1))
        for _ in range(3):
            [raw] = sent(one, attempt(f"http://{server.place}/"))
            assert raw.status == 200
            time.sleep(0.02)


def test_a_write_never_uses_a_connection_again() -> None:
    with serving(answering()) as server:
        one = prober(Limits(in_flight=1))
        for _ in range(3):
            sent(one, attempt(f"http://{server.place}/", method="POST"))
        assert server.connections == 3
        assert all(b"Connection: close" in request for request in server.requests)


def test_a_fault_of_ours_is_told_and_stops_nobody(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*args: object) -> str:
        raise RuntimeError("a bug of ours")

    with serving(answering()) as server:
        one = prober(Limits(in_flight=1))
        monkeypatch.setattr("gatewatch.probe.exchange._failure", broken)
        attempts = [attempt("http://nowhere.invalid/"), attempt(f"http://{server.place}/")]
        raws = {raw.attempt.url: raw for raw in sent(one, *attempts)}
    assert why(raws["http://nowhere.invalid/"]) == "internal error: RuntimeError"
    assert raws[f"http://{server.place}/"].status == 200
    assert "attempt_failed" in caplog.text


def test_an_answer_that_cannot_be_recorded_stops_nobody(caplog: pytest.LogCaptureFixture) -> None:
    def record(raw: RawExchange) -> str:
        if raw.body and "/bad" in raw.attempt.url:
            raise RuntimeError("a bug of ours")
        return f"{raw.status} {raw.fault}"

    with serving(answering()) as server:
        paths = ["bad", "good"] * 20
        attempts = [attempt(f"http://{server.place}/{path}/{n}") for n, path in enumerate(paths)]
        found = prober(Limits(in_flight=4, per_host=2)).send_all(attempts, record)
    assert found == ["200 internal error: RuntimeError", "200 None"] * 20
    assert "record_failed" in caplog.text
    assert "a bug of ours" not in caplog.text


def test_a_recorder_that_always_fails_is_an_error_and_no_hang() -> None:
    def record(_: RawExchange) -> str:
        raise RuntimeError("a bug of ours")

    with serving(answering()) as server:
        attempts = [attempt(f"http://{server.place}/{n}") for n in range(20)]
        with pytest.raises(RuntimeError, match="a bug of ours"):
            prober(Limits(in_flight=4, per_host=2)).send_all(attempts, record)


# Credentials


def keyring(hosts: tuple[str, ...], value: str = "a-secret-token") -> Keyring:
    source = Bearer(secret=SecretRef(source=SecretSource.ENV, name="T"))
    return Keyring(
        (Credential(name="user", source=source, hosts=hosts),), Vault(lambda _: value, Clock())
    )


def sent_with(keys: Keyring, url: str, **options: object) -> RawExchange:
    [raw] = sent(Prober(keys, Clock()), attempt(url, callers=("user",), **options))
    return raw


def test_a_credential_goes_to_its_hosts_only() -> None:
    with serving(answering()) as server:
        assert sent_with(keyring((server.place,)), f"http://{server.place}/").status == 200
        assert b"Authorization: Bearer a-secret-token" in server.requests[0]
        raw = sent_with(keyring(("other:443",)), f"http://{server.place}/")
        assert why(raw) == f"credential user may not be sent to {server.place}"
        assert len(server.requests) == 1


@pytest.mark.parametrize("password", ["p4ss", "a-longer-password"])
def test_the_header_that_was_sent_is_known_to_the_redactor(password: str) -> None:
    source = Basic(username="alice", password=SecretRef(source=SecretSource.ENV, name="P"))
    with serving(answering()) as server:
        keys = Keyring(
            (Credential(name="user", source=source, hosts=(server.place,)),),
            Vault(lambda _: password, Clock()),
        )
        one = Prober(keys, Clock())
        sent(one, attempt(f"http://{server.place}/", callers=("user",)))
        [header] = re.findall(rb"Authorization: (\S+ \S+)\r\n", server.requests[0])
    digest = base64.b64encode(sha256(header).digest()).decode()
    shown = one.redactor().text(f"told {header.split()[1].decode()} and {digest}")
    assert shown == "told <redacted> and <redacted>="


@pytest.mark.parametrize(
    ("url", "options", "because"),
    [
        (
            "http://api.example.com/",
            {},
            "credential user may not be sent over plain http to api.example.com:80",
        ),
        (
            "https://api.example.com/",
            {"connect_to": "192.0.2.1:443"},
            "credential user may not be sent to 192.0.2.1:443",
        ),
    ],
)
def test_a_credential_stays_on_tls_and_at_its_real_host(
    url: str, options: dict[str, object], because: str
) -> None:
    keys = keyring(("api.example.com:80", "api.example.com:443"))
    assert why(sent_with(keys, url, **options)) == because


@pytest.mark.parametrize("value", ["abc", "line\nbreak-in-it", "snow\u2603man", ""])
def test_a_secret_that_no_header_can_carry_is_refused_without_being_shown(value: str) -> None:
    raw = sent_with(keyring(("h:443",), value), "https://h/")
    told = why(raw) or ""
    assert told.startswith("the secret of env T")
    assert value == "" or value not in told


def test_a_raw_exchange_cannot_be_shown_or_serialised() -> None:
    raw = ask(answering(body=b"secret"))
    assert "secret" not in repr(raw)
    with pytest.raises(TypeError, match="never serialised"):
        pickle.dumps(raw)

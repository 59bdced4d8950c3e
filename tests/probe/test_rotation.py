"""Secrets and tokens that change while Gatewatch watches: found out once, and nobody's fault."""

from __future__ import annotations

import json
import socket
import ssl
from datetime import timedelta
from pathlib import Path

import pytest
import trustme

from gatewatch.adapters.local.sqlite import SqliteStore
from gatewatch.cli.main import main
from gatewatch.config.canonical import Config, SecretRef
from gatewatch.model import Outcome
from gatewatch.ports import SecretError
from gatewatch.probe.credentials import Keyring
from gatewatch.probe.prober import Prober
from gatewatch.probe.vault import Vault
from gatewatch.run import Report, run
from tests.callers import HandClock, config
from tests.servers import RawServer, answering, serving
from tests.token_server import CLIENT_ID, CLIENT_SECRET, TokenServer, granting, told


class Door:
    """A target that lets in whoever sends one of the values that it knows at this time."""

    def __init__(self, *known: str) -> None:
        self.known = set(known)

    def __call__(self, to: socket.socket, head: bytes) -> None:
        lines = head.decode().split("\r\n")
        values = {line.partition(": ")[2].removeprefix("Bearer ") for line in lines}
        if values & self.known:
            answering()(to, head)
        else:
            body = b'{"message":"Unauthorized"}'
            answering("401 Unauthorized", body, "x-amzn-ErrorType: UnauthorizedException\r\n")(
                to, head
            )


class Watch:
    """Runs a configuration again and again, with a clock that is moved by hand."""

    def __init__(self, found: Config, folder: Path, secrets: dict[str, str]) -> None:
        self.config = found
        self.clock = HandClock()
        self.secrets = secrets
        self.reads: list[str] = []
        self.vault = Vault(self._read, self.clock)
        self._store = SqliteStore(folder / "state.sqlite3")

    def _read(self, ref: SecretRef) -> str:
        self.reads.append(ref.name)
        if ref.name not in self.secrets:
            raise SecretError("the store is down")
        return self.secrets[ref.name]

    def tick(self, **span: float) -> Report:
        self.clock.move(**(span or {"minutes": 2}))
        prober = Prober(Keyring(self.config.credentials, self.vault), self.clock)
        report = run(self.config, prober, self._store, self.clock)
        prober.close()
        return report


def outcomes(report: Report) -> set[Outcome]:
    return {one.outcome for one in report.verdicts if one.caller != "anonymous"}


def keys(server: RawServer) -> list[str]:
    """The API keys that arrived, in order; anonymous looks left out."""
    heads = [head.decode().split("\r\n") for head in server.requests]
    return [line.partition(": ")[2] for head in heads for line in head if line[:9] == "x-api-key"]


KEY = "c: {api_key: {env: KEY}}"


def test_a_refused_secret_is_read_again_and_the_look_repeated(tmp_path: Path) -> None:
    door = Door("key-one")
    with serving(door) as server:
        watch = Watch(config(KEY, f"http://{server.place}"), tmp_path, {"KEY": "key-one"})
        assert outcomes(watch.tick()) == {Outcome.PASS}
        watch.secrets["KEY"], door.known = "key-two", {"key-two"}
        report = watch.tick()
        assert keys(server) == ["key-one", "key-one", "key-two"]
    assert outcomes(report) == {Outcome.PASS}
    assert report.incidents == ()
    assert watch.reads == ["KEY", "KEY"]


def test_a_secret_that_is_the_same_is_read_once_a_minute_and_not_sent_again(
    tmp_path: Path,
) -> None:
    with serving(Door()) as server:
        watch = Watch(config(KEY, f"http://{server.place}"), tmp_path, {"KEY": "key-one"})
        counted = []
        for seconds in (0, 59, 2, 30, 31):
            assert outcomes(watch.tick(seconds=seconds)) == {Outcome.FAIL}
            counted.append((len(watch.reads), len(keys(server))))
    assert counted == [(1, 1), (1, 2), (2, 3), (2, 4), (3, 5)]


def test_another_key_of_the_same_secret_does_not_count(tmp_path: Path) -> None:
    one_key = "c: {api_key: {env: BOTH, key: a}}"
    with serving(Door()) as server:
        both = {"a": "key-one", "b": "other"}
        watch = Watch(config(one_key, f"http://{server.place}"), tmp_path, {})
        watch.secrets["BOTH"] = json.dumps(both)
        watch.tick()
        watch.secrets["BOTH"] = json.dumps({**both, "b": "changed"})
        watch.tick()
        assert keys(server) == ["key-one", "key-one"]


def test_two_credentials_that_share_a_secret_are_both_renewed(tmp_path: Path) -> None:
    shared = "c: {api_key: {env: BOTH, key: a}}, d: {bearer: {env: BOTH, key: b}}"
    door = Door("key-one", "token-one")
    with serving(door) as server:
        found = config(shared, f"http://{server.place}", "c, d")
        watch = Watch(found, tmp_path, {"BOTH": '{"a": "key-one", "b": "token-one"}'})
        watch.tick()
        watch.secrets["BOTH"] = '{"a": "key-two", "b": "token-two"}'
        door.known = {"key-two", "token-two"}
        assert outcomes(watch.tick()) == {Outcome.PASS}
    assert watch.reads == ["BOTH", "BOTH"]


def test_a_rotated_client_secret_brings_a_new_token_at_once(tmp_path: Path) -> None:
    right = {"secret": "secret-one"}
    token_server = TokenServer()

    def answer(asked: object) -> tuple[int, bytes, dict[str, str]]:
        given = asked.client_secret  # type: ignore[attr-defined]
        if given != right["secret"]:
            return told(401, error="invalid_client")
        return told(200, access_token=f"token-for-{given}", expires_in=3600)

    token_server.answer = answer
    door = Door("token-for-secret-one")
    with serving(door) as server, granting(token_server) as tokens:
        where = f"token_url: '{tokens.url}', client_id: me, client_secret: {{env: SECRET}}"
        found = config(f"c: {{oauth2: {{{where}}}}}", f"http://{server.place}")
        watch = Watch(found, tmp_path, {"SECRET": "secret-one"})
        assert outcomes(watch.tick()) == {Outcome.PASS}
        right["secret"] = watch.secrets["SECRET"] = "secret-two"
        door.known = {"token-for-secret-two"}
        assert outcomes(watch.tick()) == {Outcome.PASS}


def test_a_token_that_stays_refused_is_fetched_once_in_ten_minutes(tmp_path: Path) -> None:
    """The client secret is read again each minute; while it is the same, the token may stay."""
    with serving(Door()) as server, granting() as tokens:
        where = f"token_url: '{tokens.url}', client: {{env: CLIENT}}"
        found = config(f"c: {{oauth2: {{{where}}}}}", f"http://{server.place}")
        client = json.dumps({"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET})
        watch = Watch(found, tmp_path, {"CLIENT": client})
        fetched = []
        for minutes in (0, 2, 2, 5, 2):
            assert outcomes(watch.tick(minutes=minutes)) == {Outcome.FAIL}
            fetched.append(len(tokens.asked))
    assert fetched == [1, 1, 1, 1, 2]
    assert len(watch.reads) == 5


def test_a_store_that_is_down_while_a_secret_is_refused_leaves_the_refusal(
    tmp_path: Path,
) -> None:
    with serving(Door()) as server:
        watch = Watch(config(KEY, f"http://{server.place}"), tmp_path, {"KEY": "key-one"})
        watch.tick()
        del watch.secrets["KEY"]
        assert outcomes(watch.tick()) == {Outcome.FAIL}
        assert keys(server) == ["key-one", "key-one"]


def test_a_client_certificate_that_was_replaced_is_read_again(tmp_path: Path) -> None:
    """Its refusal is a broken handshake, not an answer."""
    public, before, after = trustme.CA(), trustme.CA(), trustme.CA()
    public.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    certificate = "certificate: {env: CERT}, private_key: {env: KEY}"
    with serving(answering(), _wanting(public, before)) as server:
        api = f"connect_to: '{server.place}', ca_file: {tmp_path / 'ca.pem'},"
        url = "https://api.example.com"
        found = config(f"c: {{client_certificate: {{{certificate}}}}}", url, api=api)
        watch = Watch(found, tmp_path, _pair(before))
        assert outcomes(watch.tick()) == {Outcome.PASS}
        server.context = _wanting(public, after)
        watch.secrets.update(_pair(after))
        assert outcomes(watch.tick()) == {Outcome.PASS}


def _wanting(public: trustme.CA, callers: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    public.issue_cert("api.example.com").configure_cert(context)
    callers.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def _pair(authority: trustme.CA) -> dict[str, str]:
    pair = authority.issue_cert("monitor.example.com")
    key = pair.private_key_pem.bytes().decode()
    return {"CERT": pair.cert_chain_pems[0].bytes().decode(), "KEY": key}


def test_watch_goes_over_a_rotation_without_a_finding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command itself: the file changes between two ticks, the reader's minute is over."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("gatewatch.probe.vault._SECRET_YOUNG", timedelta(0))
    monkeypatch.setattr("gatewatch.cli.watch.Minutes.since", lambda *_: None)
    door = Door("key-one")
    ticks = 0

    def turn(to: socket.socket, head: bytes) -> None:
        nonlocal ticks
        if b"x-api-key" in head:
            ticks += 1
        if ticks == 2:
            (tmp_path / "key").write_text("key-two\n")
            door.known = {"key-two"}
        door(to, head)

    (tmp_path / "key").write_text("key-one\n")
    with serving(turn) as server:
        (tmp_path / "gatewatch.yaml").write_text(
            "defaults: {open_after: 1, every: 1m}\n"
            "credentials: {c: {api_key: {file: key}}}\n"
            f"apis: {{a: {{url: 'http://{server.place}', "
            "routes: [GET /x: {access: protected, as: [c]}]}}\n"
        )
        with pytest.raises(SystemExit) as ended:
            main(["watch", "--ticks", "3", "--tick", "0.1", "--format", "json"])
        assert keys(server) == ["key-one", "key-one", "key-two", "key-two"]
    assert ended.value.code == 0
    reports = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [report["incidents"] for report in reports] == [[], [], []]
    assert {one["outcome"] for report in reports for one in report["verdicts"]} == {"pass"}

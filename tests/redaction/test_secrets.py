"""Planted secrets, echoed by the gateway in every form, appear in nothing that we put out."""

from __future__ import annotations

import base64
import json
import logging
import re
import socket
import sqlite3
import traceback
from collections.abc import Iterable
from pathlib import Path

import pytest

from gatewatch.cli.main import main
from tests.redaction.test_redaction import FORMS
from tests.servers import serving

SECRETS = {
    "T_BEARER": "planted/bearer+token=0001",
    "T_KEY": "planted-api-key-0002",
    "T_PASSWORD": "planted&password:0003",
    "T_HEADER": "planted header value 0004",
    "T_ID": "AKIAPLANTED000000005",
    "T_SECRET": "planted/secret/access/key/0006",
    "T_SESSION": "planted//session+token==0007",
}
CONFIG = """
credentials:
  bearer: {{bearer: {{env: T_BEARER}}}}
  key: {{api_key: {{env: T_KEY}}}}
  basic: {{basic: {{username: user, password: {{env: T_PASSWORD}}}}}}
  header: {{header: {{name: X-Custom, value: {{env: T_HEADER}}}}}}
  signer:
    sigv4:
      access_key_id: {{env: T_ID}}
      secret_access_key: {{env: T_SECRET}}
      session_token: {{env: T_SESSION}}
      region: us-east-1
defaults: {{open_after: 1}}
apis:
  echo:
    url: http://{place}/prod
    routes:
      - GET /a: {{access: protected, as: [bearer, key, basic, header, signer, bearer + key]}}
"""


def forms(secrets: Iterable[str] = SECRETS.values()) -> list[str]:
    """Every way in which any of the secrets may stand in a text."""
    found = []
    for secret in secrets:
        for make in FORMS.values():
            shown = make(secret).strip('"')
            for scheme in ("Bearer ", "Basic "):
                shown = shown.removeprefix(scheme)
            found.append(shown.rstrip("="))
    return found


def echo(connection: socket.socket, _: bytes) -> None:
    """A gateway that puts all it knows into its refusal, and into its headers."""
    message = " ".join(make(secret) for secret in SECRETS.values() for make in FORMS.values())
    body = json.dumps({"message": f"Forbidden {message}"}).encode()
    headers = "".join(f"X-Echo-{at}: {one}\r\n" for at, one in enumerate(SECRETS.values()))
    connection.sendall(
        b"HTTP/1.1 403 Forbidden\r\nx-amzn-ErrorType: AccessDeniedException\r\n"
        b"x-amzn-RequestId: r\r\nx-amz-apigw-id: a\r\n"
        + f"{headers}Content-Length: {len(body)}\r\n\r\n".encode()
        + body
    )


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    return tmp_path


def run(*arguments: str) -> None:
    with pytest.raises(SystemExit):
        main(list(arguments))


def leaks(text: str, secrets: Iterable[str] = SECRETS.values()) -> list[str]:
    folded = text.replace("\n", " ")
    return [form for form in forms(secrets) if form in text or form in folded]


def test_the_echo_really_holds_every_form() -> None:
    left, right = socket.socketpair()
    with left, right:
        right.settimeout(5)
        echo(left, b"")
        left.shutdown(socket.SHUT_WR)
        received = b"".join(iter(lambda: right.recv(65536), b"")).decode()
    body = json.loads(received.partition("\r\n\r\n")[2])["message"]
    assert set(leaks(body)) == set(forms())


@pytest.mark.parametrize("output", ["text", "json"])
def test_no_output_of_a_run_shows_one(
    planted: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, output: str
) -> None:
    caplog.set_level(logging.DEBUG)
    with serving(echo) as server:
        (planted / "gatewatch.yaml").write_text(CONFIG.format(place=server.place))
        run("run", "--format", output)
        run("check", "GET /a", "--format", output)
        run("check", f"http://{server.place}/prod/a", "--as", "bearer=env:T_BEARER")
        run("incidents", "--format", output)
        sent = b" ".join(server.requests).decode()
    assert SECRETS["T_BEARER"] in sent, "the secret was not even sent"
    shown = capsys.readouterr()
    assert "AccessDenied" in shown.out
    assert leaks(shown.out + shown.err + caplog.text) == []


def test_the_state_file_holds_none(planted: Path) -> None:
    with serving(echo) as server:
        (planted / "gatewatch.yaml").write_text(CONFIG.format(place=server.place))
        run("run")
    file = planted / ".gatewatch" / "gatewatch.yaml.sqlite3"
    with sqlite3.connect(file) as raw:
        kept = [str(row) for row in raw.iterdump()]
    raw.close()
    assert any("INSERT" in line for line in kept)
    content = file.read_bytes().decode("latin-1")
    assert leaks(content) == []
    documents = b"".join(
        bytes.fromhex(blob) for line in kept for blob in re.findall(r"[(,]X'([0-9A-F]+)'", line)
    )
    assert b"AccessDenied" in documents
    assert leaks(documents.decode()) == []


def test_no_traceback_shows_one(planted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []

    def broken(*args: object, **kwargs: object) -> None:
        told.append("".join(traceback.format_stack()))
        raise RuntimeError("a bug of ours")

    records = _records()
    monkeypatch.setattr("gatewatch.probe.exchange._read", broken)
    with serving(echo) as server:
        (planted / "gatewatch.yaml").write_text(CONFIG.format(place=server.place))
        run("run")
    assert told
    assert records.text()
    assert leaks(records.text()) == []


class _Records(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self._lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(logging.Formatter().format(record))

    def text(self) -> str:
        return "\n".join(self._lines)


def _records() -> _Records:
    handler = _Records()
    logging.getLogger("gatewatch").addHandler(handler)
    return handler


def test_a_signature_really_was_sent(planted: Path) -> None:
    with serving(echo) as server:
        (planted / "gatewatch.yaml").write_text(CONFIG.format(place=server.place))
        run("run")
        headers = [
            line.partition(b": ")[2].decode()
            for request in server.requests
            for line in request.split(b"\r\n")
            if line.lower().startswith(b"authorization:")
        ]
    assert any(value.startswith("AWS4-HMAC-SHA256 Credential=") for value in headers)
    pair = base64.b64encode(f"user:{SECRETS['T_PASSWORD']}".encode()).decode()
    assert f"Basic {pair}" in headers

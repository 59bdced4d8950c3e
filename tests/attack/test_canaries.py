"""Canaries through the whole of it: a gateway repeats every credential in every form, and nothing
that is printed, logged, stored or sent shows one. On this machine and in the account."""

from __future__ import annotations

import json
import logging
import lzma
import socket
import zlib
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from handlers import probe as probes
from handlers import wiring

from ..servers import serving
from ..service import KEY, Account, Gateway
from ..test_redaction import FORMS
from ..test_secrets import leaks, run
from .test_secrets import KINDS

# What a header can carry.
SECRETS = [
    secret
    for n in range(1, 14)
    for kind in KINDS.values()
    if (secret := kind(n)).isascii() and secret.strip() == secret and secret.isprintable()
][:100]
CONFIG = """
defaults: {{open_after: 1}}
credentials:
{credentials}
apis:
  echo:
    url: http://{place}/prod
    routes:
{routes}
"""


def _echo(connection: socket.socket, head: bytes) -> None:
    """All hundred as they are, and the one that was sent in every form."""
    lines = head.decode("latin-1").split("\r\n")
    sent = next((one.partition(": ")[2] for one in lines if one.startswith("X-Planted:")), "")
    told = [make(sent) for make in FORMS.values()] if sent else []
    body = json.dumps({"message": " | ".join(["Forbidden", *SECRETS, *told])}).encode()
    connection.sendall(
        b"HTTP/1.1 403 Forbidden\r\nx-amzn-ErrorType: AccessDeniedException\r\n"
        b"x-amzn-RequestId: r\r\nx-amz-apigw-id: a\r\n"
        + f"Location: /cb?session={sent}\r\nX-Echo: {sent}\r\n".encode("latin-1")
        + f"Content-Length: {len(body)}\r\n\r\n".encode()
        + body
    )


def test_a_hundred_credentials_at_once(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert len(SECRETS) == 100
    monkeypatch.chdir(tmp_path)
    caplog.set_level(logging.DEBUG)
    names = [f"c{n}" for n in range(len(SECRETS))]
    for name, secret in zip(names, SECRETS, strict=True):
        monkeypatch.setenv(f"T_{name}", secret)
    credentials = "\n".join(
        f"  {name}: {{header: {{name: X-Planted, value: {{env: T_{name}}}}}}}" for name in names
    )
    routes = "\n".join(
        f"      - GET /{n}: {{access: protected, as: [{', '.join(names[n::20])}]}}"
        for n in range(20)
    )
    with serving(_echo) as server:
        text = CONFIG.format(credentials=credentials, routes=routes, place=server.place)
        (tmp_path / "gatewatch.yaml").write_text(text)
        run("run", "--format", "json")
        run("run")
        run("incidents", "--format", "json")
        sent = b" ".join(server.requests).decode("latin-1")
    assert all(secret in sent for secret in SECRETS), "not all were even sent"
    shown = capsys.readouterr()
    assert "AccessDenied" in shown.out
    kept = (tmp_path / ".gatewatch" / "gatewatch.yaml.sqlite3").read_bytes().decode("latin-1")
    everything = shown.out + shown.err + caplog.text + kept
    assert [secret for secret in SECRETS if secret in everything] == []
    # Of the shorter ones, the whole is hidden, and not all but one character.
    assert leaks(everything, [one for one in SECRETS if len(one) > 10][::20]) == []


class _Echo(Gateway):
    """Refuses whoever has a key, and repeats it in every form."""

    def answer(self, path: str, key: str | None) -> tuple[int, str | None, bytes]:
        if not path.endswith("/orders") or key is None:
            return super().answer(path, key)
        told = " | ".join(make(key) for make in FORMS.values())
        return 403, "AccessDeniedException", json.dumps({"message": f"Forbidden {told}"}).encode()


@pytest.fixture
def account(aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    monkeypatch.setattr(wiring, "CLOCK", type(wiring.CLOCK)())
    monkeypatch.setattr(probes, "CLOCK", wiring.CLOCK)
    gateway = _Echo()
    yield Account(gateway, monkeypatch)
    gateway.close()


def test_the_account(
    account: Account, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    account.minutes(4)
    messages = account.messages()
    assert "opened" in {one["kind"] for one in messages}
    stored = "\n".join(_kept(account.table._name))
    assert "AccessDenied" in stored
    shown = capsys.readouterr()
    # What the emulator and botocore log of Secrets Manager is not ours.
    logged = "\n".join(
        one.getMessage() for one in caplog.records if one.name.startswith(("gatewatch", "handlers"))
    )
    everything = json.dumps(messages) + stored + shown.out + shown.err + logged
    assert leaks(everything, [KEY]) == []


def _kept(table: str) -> Iterator[str]:
    """All that the table holds, unpacked."""
    for item in boto3.client("dynamodb").scan(TableName=table)["Items"]:
        for value in item.values():
            yield _unpacked(value["B"]) if "B" in value else json.dumps(value)


def _unpacked(data: bytes) -> str:
    for unpack, errors in ((zlib.decompress, zlib.error), (lzma.decompress, lzma.LZMAError)):
        try:
            return unpack(data).decode()
        except errors:
            continue
    return data.decode("latin-1")

"""A hundred credentials at once, of kinds that share beginnings, ends and parts: a gateway repeats
all of them, and nothing that is printed, logged or stored shows one."""

from __future__ import annotations

import json
import logging
import socket
from pathlib import Path

import pytest

from tests.redaction.test_redaction import FORMS
from tests.redaction.test_secrets import leaks, run
from tests.servers import serving

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

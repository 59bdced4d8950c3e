"""Tokens and keys that are fetched, and what fetches them, appear in nothing that we put out."""

from __future__ import annotations

import json
import logging
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import boto3
import pytest
import trustme
from moto.backends import get_backend

from gatewatch.adapters.aws import client as aws_client
from gatewatch.adapters.aws.cognito import secret_hash
from tests.redaction.test_redaction import FORMS
from tests.redaction.test_secrets import leaks, run
from tests.servers import RawServer, serving
from tests.token_server import TokenServer, granting, told

CLIENT = {"client_id": "planted-client-id", "client_secret": "planted/client+secret=01"}
ACCESS_TOKEN = "planted/access~token+02=="
PASSWORD = "Planted&password: 03"
ROLE = "arn:aws:iam::111122223333:role/planted"
CONFIG = """
defaults: {{open_after: 1}}
credentials:
  login: {{oauth2: {{token_url: {tokens}, client: {{file: client}}}}}}
  rejected:
    oauth2: {{token_url: {tokens}, client: {{file: client}}, auth_method: client_secret_post}}
  user:
    cognito:
      {{region: us-east-1, client_id: {client_id}, username: monitor, password: {{file: password}},
        client_secret: {{file: app_secret}}}}
  role: {{sigv4: {{role: "{role}", region: us-east-1}}}}
  own: {{sigv4: {{region: us-east-1}}}}
  certificate: {{client_certificate: {{certificate: {{file: cert}}, private_key: {{file: key}}}}}}
  torn: {{client_certificate: {{certificate: {{file: key}}, private_key: {{file: cert}}}}}}
apis:
  echo:
    url: http://{place}/prod
    routes:
      - GET /a:
          access: protected
          as: [login, rejected, user, role, own, certificate, torn, certificate + login]
"""


@dataclass
class Echo:
    """A gateway that repeats every credential that it is shown, in every form."""

    seen: set[str] = field(default_factory=set)

    def __call__(self, to: socket.socket, head: bytes) -> None:
        shown = list(credentials(head))
        self.seen.update(shown)
        message = " ".join(make(one) for one in shown for make in FORMS.values())
        body = json.dumps({"message": f"Forbidden {message}"}).encode()
        headers = "".join(f"X-Echo-{at}: {one}\r\n" for at, one in enumerate(shown))
        to.sendall(
            b"HTTP/1.1 403 Forbidden\r\nx-amzn-ErrorType: AccessDeniedException\r\n"
            b"x-amzn-RequestId: r\r\nx-amz-apigw-id: a\r\n"
            + f"{headers}Content-Length: {len(body)}\r\n\r\n".encode()
            + body
        )


def credentials(head: bytes) -> Iterator[str]:
    for line in head.decode().split("\r\n"):
        name, _, value = line.partition(": ")
        if name.lower() == "authorization" and value.startswith("Bearer "):
            yield value.removeprefix("Bearer ")
        if name.lower() == "authorization" and "Credential=" in value:
            yield value.split("Credential=")[1].split("/")[0]
        if name.lower() == "x-amz-security-token":
            yield value


@dataclass
class Planted:
    """Everything that must not be seen, and the servers that know it."""

    echo: Echo
    server: RawServer
    fixed: list[str]

    def all(self) -> list[str]:
        roles = get_backend("sts")["111122223333"]["aws"].assumed_roles
        keys = [
            value
            for role in roles
            if role.role_arn == ROLE
            for value in (role.access_key_id, role.secret_access_key, role.session_token)
        ]
        assert keys
        assert len(self.echo.seen) >= 4, "the secrets were not even sent"
        return [*self.fixed, *keys, *self.echo.seen]


@pytest.fixture
def planted(aws: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Planted]:
    monkeypatch.chdir(tmp_path)
    client_id, app_secret = _user_pool()
    pair = trustme.CA().issue_cert("monitor.example.com")
    for name, text in {
        "client": json.dumps(CLIENT),
        "password": f"{PASSWORD}\n",
        "app_secret": app_secret,
        "cert": pair.cert_chain_pems[0].bytes().decode(),
        "key": pair.private_key_pem.bytes().decode(),
    }.items():
        (tmp_path / name).write_text(text)
    echo = Echo()
    tokens = TokenServer()

    def answer(asked: object) -> tuple[int, bytes, dict[str, str]]:
        if asked.said_in == "form":  # type: ignore[attr-defined]
            words = f"{asked} {CLIENT} {ACCESS_TOKEN}"
            return told(400, error=words, error_description=words, access_token=ACCESS_TOKEN)
        return told(200, access_token=ACCESS_TOKEN, expires_in=3600)

    tokens.answer = answer
    key_lines = [line for line in (tmp_path / "key").read_text().splitlines() if line[0] != "-"]
    fixed = [CLIENT["client_secret"], ACCESS_TOKEN, PASSWORD, app_secret, *key_lines]
    fixed += [secret_hash("monitor", client_id, app_secret), "own-secret-access-key"]
    with serving(echo) as server, granting(tokens):
        (tmp_path / "gatewatch.yaml").write_text(
            CONFIG.format(tokens=tokens.url, client_id=client_id, role=ROLE, place=server.place)
        )
        yield Planted(echo, server, fixed)


def _user_pool() -> tuple[str, str]:
    """An app client's id and secret; its pool knows the user."""
    cognito = boto3.client("cognito-idp", "us-east-1")
    pool_id = cognito.create_user_pool(PoolName="p")["UserPool"]["Id"]
    app = cognito.create_user_pool_client(
        UserPoolId=pool_id,
        ClientName="c",
        GenerateSecret=True,
        ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"],
    )["UserPoolClient"]
    who = {"UserPoolId": pool_id, "Username": "monitor"}
    cognito.admin_create_user(**who, TemporaryPassword=PASSWORD, MessageAction="SUPPRESS")
    cognito.admin_set_user_password(**who, Password=PASSWORD, Permanent=True)
    return app["ClientId"], app["ClientSecret"]


@pytest.mark.parametrize("output", ["text", "json"])
def test_no_output_of_a_run_shows_one(
    planted: Planted,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    output: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    run("run", "--format", output)
    run("check", "GET /a", "--format", output)
    run("incidents", "--format", output)
    shown = capsys.readouterr()
    assert "AccessDenied" in shown.out
    told = "answered 400", "is no PEM text"
    assert output == "text" or all(one in shown.out for one in told)
    assert leaks(shown.out + shown.err + caplog.text, planted.all()) == []


def test_the_state_file_holds_none(planted: Planted, tmp_path: Path) -> None:
    run("run")
    content = (tmp_path / ".gatewatch" / "gatewatch.yaml.sqlite3").read_bytes().decode("latin-1")
    assert leaks(content, planted.all()) == []


def test_no_traceback_shows_one(
    planted: Planted, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*args: object, **kwargs: object) -> None:
        raise RuntimeError("a bug of ours")

    monkeypatch.setattr("gatewatch.probe.exchange._read", broken)
    run("run")
    assert {getattr(one, "reason", "") for one in caplog.records} >= {"RuntimeError"}
    assert "a bug of ours" not in caplog.text
    assert leaks(caplog.text, planted.all()) == []


@pytest.mark.usefixtures("aws")
def test_an_echo_of_cognitos_is_not_repeated(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """AWS's messages may name what was sent; only the code goes into ours."""
    monkeypatch.chdir(tmp_path)
    caplog.set_level(logging.DEBUG)
    secrets = [PASSWORD, "planted-app-secret", secret_hash("monitor", "app", "planted-app-secret")]

    def echo(to: socket.socket, head: bytes) -> None:
        words = " ".join(make(one) for one in secrets for make in FORMS.values())
        body = json.dumps({"__type": "NotAuthorizedException", "message": words}).encode()
        to.sendall(
            f"HTTP/1.1 400 Bad\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
            + body
        )
        to.close()

    (tmp_path / "password").write_text(PASSWORD)
    (tmp_path / "app_secret").write_text("planted-app-secret")
    with serving(echo) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{server.place}")
        (tmp_path / "gatewatch.yaml").write_text(
            "credentials: {user: {cognito: {region: ap-south-2, client_id: app, username: monitor, "
            "password: {file: password}, client_secret: {file: app_secret}}}}\n"
            f"apis: {{a: {{url: 'http://{server.place}', routes: "
            "[GET /x: {access: protected, as: [user]}]}}\n"
        )
        run("run", "--format", "json")
    shown = capsys.readouterr()
    aws_client._client.cache_clear()
    assert "Cognito user monitor: NotAuthorizedException" in shown.out
    assert leaks(shown.out + shown.err + caplog.text, secrets) == []

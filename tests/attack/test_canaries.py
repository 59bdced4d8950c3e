"""Canaries: thirteen kinds of secrets, repeated in every form at every place of an answer; nothing
that is printed, logged, stored or sent shows one. On this machine and in the account. A command or
a format that is new fails here until it is covered."""

from __future__ import annotations

import json
import logging
import lzma
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
import trustme
from botocore.client import BaseClient
from typer.main import get_command

from gatewatch.cli.main import app, main
from gatewatch.config.author import load
from gatewatch.service.published import Allowed, made_of
from handlers import probe as probes
from handlers import wiring
from tests.deployed import Account
from tests.redaction.test_redaction import FORMS
from tests.servers import RawServer, serving
from tests.token_server import Asked, TokenServer, granting, told

from .canaries import Echo, Finder, random_text

_TOKEN = f"eyJhbGciOiJSUzI1NiJ9.{random_text('claims', 60)}.{random_text('signature', 43)}"
IN_ENVIRONMENT = {
    "T_KEY": random_text("key", 40),
    "T_BEARER": _TOKEN,
    "T_PASSWORD": "Zq&7/w: %+\"k<'9\\x",
    "T_HEADER": f"planted {random_text('header', 21)}",
    "T_COOKIE": f"sid={random_text('cookie', 32)}",
    "T_ID": f"AKIA{random_text('id', 16, 'ABCDEFGHIJKLMNOP234567')}",
    "T_SECRET": random_text("secret", 40, "abcdefghijklmnopqrstuvwxyzABCDEFG0123456789/+"),
    "T_SESSION": f"IQoJb3JpZ2luX2Vj{random_text('session', 90)}//+==",
    "T_CLIENT": random_text("client", 26, "abcdef&%0123456789/+"),
    "T_COGNITO": f"Planted&{random_text('user', 12)}: 03",
}
ACCESS_TOKEN = f"{random_text('access', 30)}~/+=="
IN_QUERY = random_text("query", 24)
IN_USER_INFO = random_text("user info", 24)
CONFIG = """
defaults: {{open_after: 1}}
credentials:
  key: {{api_key: {{env: T_KEY}}}}
  bearer: {{bearer: {{env: T_BEARER}}}}
  pair: {{basic: {{username: user, password: {{env: T_PASSWORD}}}}}}
  header: {{header: {{name: X-Custom, value: {{env: T_HEADER}}}}}}
  cookie: {{header: {{name: Cookie, value: {{env: T_COOKIE}}}}}}
  signer:
    sigv4:
      access_key_id: {{env: T_ID}}
      secret_access_key: {{env: T_SECRET}}
      session_token: {{env: T_SESSION}}
      region: us-east-1
  login:
    oauth2: {{token_url: {tokens}, client_id: monitor, client_secret: {{env: T_CLIENT}}}}
  refused:
    oauth2:
      {{token_url: {tokens}, client_id: monitor, client_secret: {{env: T_CLIENT}},
        auth_method: client_secret_post}}
  user:
    cognito:
      {{region: us-east-1, client_id: {pool}, username: monitor, password: {{env: T_COGNITO}}}}
  certificate: {{client_certificate: {{certificate: {{file: cert}}, private_key: {{file: key}}}}}}
apis:
  echo:
    url: http://{place}/prod
    routes:
      - GET /called:
          access: protected
          as: [key, bearer, pair, header, cookie, signer, login, refused, user, certificate]
{routes}
"""


@dataclass
class Planted:
    """All that must not be seen, and who knows it."""

    folder: Path
    echo: Echo
    server: RawServer

    @property
    def secrets(self) -> list[str]:
        assert set(IN_ENVIRONMENT.values()) - self.echo.seen <= {
            IN_ENVIRONMENT[name] for name in ("T_SECRET", "T_CLIENT", "T_COGNITO")
        }, "not all were even sent"
        assert {ACCESS_TOKEN, IN_QUERY} <= self.echo.seen
        assert any(one.startswith("eyJ") and one != _TOKEN for one in self.echo.seen)
        return sorted({*self.echo.secrets, *self.echo.seen, IN_USER_INFO})


@pytest.fixture
def planted(aws: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Planted]:
    monkeypatch.chdir(tmp_path)
    for name, value in IN_ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    pair = trustme.CA().issue_cert("monitor.example.com")
    key = pair.private_key_pem.bytes().decode()
    (tmp_path / "cert").write_bytes(pair.cert_chain_pems[0].bytes())
    (tmp_path / "key").write_text(key)
    echo = Echo([*IN_ENVIRONMENT.values(), ACCESS_TOKEN, key.strip()])
    with serving(echo) as server, granting(TokenServer(_granted)) as tokens:
        pool = _user_pool(IN_ENVIRONMENT["T_COGNITO"])
        for file, paths in (("gatewatch.yaml", echo.paths), ("few.yaml", echo.paths[::15])):
            text = CONFIG.format(
                tokens=tokens.url,
                pool=pool,
                place=server.place,
                routes="\n".join(map(_route, paths)),
            )
            (tmp_path / file).write_text(text)
        yield Planted(tmp_path, echo, server)


def _route(path: str) -> str:
    """What was sent is repeated to whoever sends it."""
    told = f"{{access: protected, as: [user], query: {{access_token: {IN_QUERY}}}}}"
    return f"      - GET {path}: {told if path.startswith('/sent/') else 'public'}"


def _granted(asked: Asked) -> tuple[int, bytes, dict[str, str]]:
    """A token for whoever says in the header who they are; all that it knows for the others."""
    if asked.said_in == "header":
        return told(200, access_token=ACCESS_TOKEN, expires_in=3600)
    words = " ".join(make(asked.client_secret) for make in FORMS.values())
    return told(400, error=words[:200], error_description=words, access_token=ACCESS_TOKEN)


def _user_pool(password: str) -> str:
    cognito = boto3.client("cognito-idp", "us-east-1")
    pool = cognito.create_user_pool(PoolName="p")["UserPool"]["Id"]
    client = cognito.create_user_pool_client(
        UserPoolId=pool, ClientName="c", ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"]
    )["UserPoolClient"]
    who = {"UserPoolId": pool, "Username": "monitor"}
    cognito.admin_create_user(**who, TemporaryPassword=password, MessageAction="SUPPRESS")
    cognito.admin_set_user_password(**who, Password=password, Permanent=True)
    return str(client["ClientId"])


class Log(logging.Handler):
    """Every record of every logger of ours, with its extras and its trace."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        told = {name: str(value) for name, value in vars(record).items()}
        self.lines.append(f"{logging.Formatter().format(record)} {told}")


@contextmanager
def _logged(*names: str) -> Iterator[Log]:
    log = Log()
    loggers = [logging.getLogger(name) for name in names]
    levels = [one.level for one in loggers]
    for one in loggers:
        one.addHandler(log)
        one.setLevel(logging.DEBUG)
    yield log
    for one, level in zip(loggers, levels, strict=True):
        one.removeHandler(log)
        one.setLevel(level)


# Each command, and how it is called here; `{…}` is filled in. None: why it shows no credential.
COMMANDS: dict[str, Sequence[Sequence[str]] | str] = {
    "run": [[]],
    "watch": [["--config", "few.yaml", "--ticks", "1"]],
    "check": [
        ["GET /called"],
        ["http://{place}/prod/sent/0?access_token={query}", "--as", "bearer=env:T_BEARER"],
        ["http://user:{user_info}@{place}/prod/body/0"],
    ],
    "explain": [["paste"]],
    "incidents": [[], ["{incident}"]],
    "ack": [["{incident}", "--why", "a word"], ["echo", "GET /sent/0?access_token={query}"]],
    "plan": [[]],
    "validate": [[], ["--config", "broken.yaml"]],
    "init": [["new.yaml"], ["gatewatch.yaml"]],
    "schema": [[]],
    "causes": [[]],
    "push": "in the account, below",
    "pull": "in the account, below",
    "rollback": "in the account, below",
    "demo": "knows the sandbox's credentials only",
    "sandbox": "makes credentials of its own, and says what they are",
}


def every_call() -> Iterator[tuple[str, list[str]]]:
    """Each command that is registered, in each format that it offers."""
    known = get_command(app).commands  # type: ignore[attr-defined]
    assert set(known) == set(COMMANDS), "each command belongs into the table"
    for name, calls in COMMANDS.items():
        formats = [
            choice
            for option in known[name].params
            if "--format" in option.opts
            for choice in type(option.default)
        ]
        for call in () if isinstance(calls, str) else calls:
            for output in formats or [None]:
                yield name, [*call, *(("--format", str(output)) if output else ())]


def every_output(planted: Planted, capsys: pytest.CaptureFixture[str]) -> Iterator[tuple[str, str]]:
    """What each call prints, then every file that there is but what the user wrote."""
    written = {one for one in planted.folder.rglob("*") if one.is_file()}
    told = {
        "place": planted.server.place,
        "query": IN_QUERY,
        "user_info": IN_USER_INFO,
        "incident": "",
    }
    for name, call in every_call():
        with pytest.raises(SystemExit):
            main([name, *(part.format(**told) for part in call)])
        shown = capsys.readouterr()
        yield f"{name} {' '.join(call)}", shown.out + shown.err
        if name == "incidents" and "json" in call and "{incident}" not in call:
            told["incident"] = json.loads(shown.out)[0]["id"]
    for file in sorted({one for one in planted.folder.rglob("*") if one.is_file()} - written):
        yield file.name, file.read_bytes().decode(errors="replace")


def _paste(secrets: Iterable[str]) -> str:
    """A verbose call that shows each of them once as a credential, and its answer in every form."""
    sent = "\n".join(f"> x-api-key: {one}" for one in secrets)
    told = json.dumps({"message": " | ".join(make(o) for o in secrets for make in FORMS.values())})
    return (
        f"> GET /prod/orders HTTP/1.1\n> Host: abc123.execute-api.us-east-1.amazonaws.com\n{sent}\n"
        ">\n< HTTP/1.1 403 Forbidden\n< x-amzn-RequestId: r\n< x-amz-apigw-id: a\n"
        f"< x-amzn-ErrorType: AccessDeniedException\n<\n{told}\n"
    )


BROKEN = """
credentials: {{key: {{api_key: {secret}}}}}
apis:
  echo:
    url: http://user:{secret}@h.example.com/prod?access_token={secret}
    routes: [GET /a?access_token={secret}: public, GET /b: {{acess: "https://u:{secret}@h"}}]
"""


def test_nothing_on_this_machine_shows_one(
    planted: Planted, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "4000")
    (planted.folder / "paste").write_text(_paste(list(IN_ENVIRONMENT.values())[:2]))
    (planted.folder / "broken.yaml").write_text(BROKEN.format(secret=IN_USER_INFO))
    with _logged("gatewatch") as log:
        outputs = list(every_output(planted, capsys))
    outputs.append(("log", "\n".join(log.lines)))
    assert any("AccessDenied" in text for name, text in outputs if name.startswith("run"))
    assert any(name.endswith("sqlite3") for name, _ in outputs)
    assert leaks(outputs, planted.secrets) == []


IN_ACCOUNT = """
defaults: {{open_after: 1}}
credentials:
  key: {{api_key: {{secret: canaries, key: T_KEY}}}}
  bearer: {{bearer: {{secret: canaries, key: T_BEARER}}}}
  pair: {{basic: {{username: user, password: {{secret: canaries, key: T_PASSWORD}}}}}}
  header: {{header: {{name: X-Custom, value: {{secret: canaries, key: T_HEADER}}}}}}
  cookie: {{header: {{name: Cookie, value: {{secret: canaries, key: T_COOKIE}}}}}}
  signer:
    sigv4:
      access_key_id: {{secret: canaries, key: T_ID}}
      secret_access_key: {{secret: canaries, key: T_SECRET}}
      session_token: {{secret: canaries, key: T_SESSION}}
      region: us-east-1
  login:
    oauth2:
      {{token_url: {tokens}, client_id: monitor,
        client_secret: {{secret: canaries, key: T_CLIENT}}}}
  user:
    cognito:
      {{region: us-east-1, client_id: {pool}, username: monitor,
        password: {{secret: canaries, key: T_COGNITO}}}}
  certificate:
    client_certificate:
      {{certificate: {{secret: canaries, key: cert}}, private_key: {{secret: canaries, key: key}}}}
  absent: {{bearer: {{secret: canaries, key: absent}}}}
apis:
  echo:
    url: http://{place}/prod
    routes:
      - GET /called:
          access: protected
          as: [key, bearer, pair, header, cookie, signer, login, user, certificate, absent]
{routes}
"""


@dataclass(frozen=True)
class _Place:
    place: str


@pytest.mark.parametrize("fault", [None, "a bug of ours"])
def test_nothing_in_the_account_shows_one(
    aws: None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    fault: str | None,
) -> None:
    """Every call to AWS but those that fetch a secret, with all that it says and is told; all that
    is kept afterwards; every line of the log and of metrics; what the handlers return."""
    monkeypatch.setattr(wiring, "CLOCK", type(wiring.CLOCK)())
    monkeypatch.setattr(probes, "CLOCK", wiring.CLOCK)
    pair = trustme.CA().issue_cert("monitor.example.com")
    held = {
        **IN_ENVIRONMENT,
        "cert": pair.cert_chain_pems[0].bytes().decode(),
        "key": pair.private_key_pem.bytes().decode(),
    }
    _keep_secret(json.dumps(held))
    echo = Echo([*IN_ENVIRONMENT.values(), ACCESS_TOKEN, held["key"].strip()])
    paths = echo.paths[::4] if fault else echo.paths
    with (
        serving(echo) as server,
        granting(TokenServer(_granted)) as tokens,
        _logged("gatewatch", "service_undefined") as log,
    ):
        account = Account(_Place(server.place), monkeypatch)  # type: ignore[arg-type]
        config = load(
            IN_ACCOUNT.format(
                place=server.place,
                tokens=tokens.url,
                pool=_user_pool(IN_ENVIRONMENT["T_COGNITO"]),
                routes="\n".join(f"      - GET {path}: public" for path in paths),
            ),
            "test",
        )
        account.allowed = Allowed(
            secrets=("canaries",),
            credentials={one.name: (server.place, tokens.place) for one in config.credentials},
            sources={one.name: made_of(one.source) for one in config.credentials},
            networks=("127.0.0.0/8",),
        )
        account.deploy()
        account.publish_config(config)
        with _told_to_aws(monkeypatch) as calls:
            if fault:
                _break(monkeypatch, fault)
            account.minutes(1)
        kept = [*_stored(account), *(json.dumps(one) for one in account.messages())]
    shown = capsys.readouterr()
    outputs = [
        *(("call", one) for one in calls),
        *(("kept", one) for one in kept),
        ("log", "\n".join(log.lines)),
        ("printed", shown.out + shown.err),
    ]
    assert any("AccessDenied" in one or fault for one in kept)
    assert any("opened" in one for one in calls)
    assert "RoutesFailing" in shown.out or "CloudWatchMetrics" in shown.out
    assert {IN_ENVIRONMENT["T_KEY"], IN_ENVIRONMENT["T_COOKIE"], ACCESS_TOKEN} <= echo.seen
    assert leaks(outputs, [*echo.secrets, *echo.seen]) == []


def _keep_secret(text: str) -> None:
    secrets = boto3.client("secretsmanager")
    try:
        secrets.create_secret(Name="canaries", SecretString=text)
    except secrets.exceptions.ResourceExistsException:
        secrets.put_secret_value(SecretId="canaries", SecretString=text)


def _break(monkeypatch: pytest.MonkeyPatch, told: str) -> None:
    """What is recorded of an answer, and what is judged, fail with the answer in hand."""

    def broken(*given: object, **named: object) -> None:
        raise RuntimeError(f"{told}: {[getattr(one, 'body', one) for one in given]} {named}")

    monkeypatch.setattr("gatewatch.evidence._recorded_body", broken)
    monkeypatch.setattr("gatewatch.evidence.keep_gateway_bodies", broken)


_FETCH_SECRETS = frozenset({"secretsmanager", "ssm", "cognito-idp", "sts"})


@contextmanager
def _told_to_aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    told: list[str] = []
    call = BaseClient._make_api_call

    def noting(client: Any, operation: str, given: Any) -> Any:
        answer = call(client, operation, given)
        if client.meta.service_model.service_name not in _FETCH_SECRETS:
            told.extend((operation, *_texts(given), *_texts(answer)))
        return answer

    with monkeypatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", noting)
        yield told


def _texts(value: Any) -> Iterator[str]:
    """Each name, text and unpacked document in what is given to AWS or comes from it."""
    match value:
        case dict():
            for name, inner in value.items():
                yield str(name)
                yield from _texts(inner)
        case list() | tuple():
            for inner in value:
                yield from _texts(inner)
        case bytes():
            yield _unpacked(value)
        case _:
            yield str(value)


def _unpacked(data: bytes) -> str:
    for unpack, errors in ((zlib.decompress, zlib.error), (lzma.decompress, lzma.LZMAError)):
        try:
            return unpack(data).decode()
        except errors:
            continue
    return data.decode(errors="replace")


def _stored(account: Account) -> Iterator[str]:
    """Every item, every object and every message that still waits."""
    scanned = boto3.client("dynamodb").get_paginator("scan").paginate(TableName=account.table._name)
    for page in scanned:
        yield from _texts(page["Items"])
    bucket = account.objects._bucket
    for one in boto3.client("s3").list_objects_v2(Bucket=bucket)["Contents"]:
        yield one["Key"]
        yield _unpacked(account.objects.read(one["Key"]))
    for url in (account.work, account.twins_work, account.changes, account.inbox):
        waiting = boto3.client("sqs").receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=10,
            VisibilityTimeout=0,
            AttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        yield from _texts(waiting.get("Messages", []))


def leaks(outputs: Iterable[tuple[str, str]], secrets: Iterable[str]) -> list[str]:
    finder = Finder(secrets)
    return sorted(
        {
            f"{name}: {secret} ({form})"
            for name, text in outputs
            for secret, form in finder.found(text)
        }
    )

"""Canaries: thirteen kinds of secrets, repeated in every form at every place of an answer; nothing
that is printed, logged, stored or sent shows one. On this machine and in the account. A command, a
format of one or an option to ask the account that is new fails here until it is covered."""

from __future__ import annotations

import json
import logging
import lzma
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest
import trustme
from botocore.client import BaseClient
from typer.main import get_command

from gatewatch.cli import waiting
from gatewatch.cli.main import app, main
from gatewatch.config.author import load
from gatewatch.config.canonical import HookKind
from gatewatch.service.probe import probe
from gatewatch.service.published import Allowed, encoded, made_of, pointer_to
from handlers import incidents as writers
from handlers import probe as probes
from handlers import wiring
from tests.deployed import Account, monitor_outputs, stack_with
from tests.receivers import echoes, receiving
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
PAGER_KEY = random_text("pager", 32, "0123456789abcdef")
BEAT = random_text("beat", 30)
NOTIFY = """
heartbeat: {{every: 1m, url: {{env: T_BEAT}}, host: "{place}"}}
notify: [{{pagerduty: {{env: T_PAGER, url: "{url}"}}}}]
"""
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
        return sorted({*self.echo.secrets, *self.echo.seen, IN_USER_INFO, PAGER_KEY, BEAT})


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
        for file, paths in (("all.yaml", echo.paths), ("gatewatch.yaml", echo.paths[::15])):
            text = CONFIG.format(
                tokens=tokens.url,
                pool=pool,
                place=server.place,
                routes="\n".join(map(_route, paths)),
            )
            (tmp_path / file).write_text(text)
        with _notified(tmp_path, text, monkeypatch):
            yield Planted(tmp_path, echo, server)


@contextmanager
def _notified(folder: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A channel and a heartbeat that repeat all that they are sent, and take nothing."""
    with receiving(HookKind.PAGERDUTY) as pager:
        pager.moods.extend([echoes(503)] * 1000)
        monkeypatch.setenv("T_PAGER", PAGER_KEY)
        monkeypatch.setenv("T_BEAT", f"http://{pager.place}/{BEAT}")
        notify = NOTIFY.format(place=pager.place, url=pager.url)
        (folder / "notified.yaml").write_text(notify + text)
        yield
        sent = " ".join(one.target + one.body.decode() for one in pager.got)
        assert not pager.got or (PAGER_KEY in sent and BEAT in sent), "not all were even sent"


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
    "run": [[], ["--config", "notified.yaml", "--notify"]],
    "watch": [["--ticks", "1"], ["--config", "notified.yaml", "--ticks", "1", "--notify"]],
    "notify": [["--config", "notified.yaml"], ["--config", "notified.yaml", "--test", "all"]],
    "verify": [["--for", "1s", "--deadline", "20s", "--save", "saved.json"]],
    "check": [
        ["GET /called"],
        ["http://{place}/prod/sent/0?access_token={query}", "--as", "bearer=env:T_BEARER"],
        ["http://user:{user_info}@{place}/prod/body/0"],
    ],
    "explain": [["paste"]],
    "incidents": [[], ["{incident}"]],
    "ack": [["{incident}", "--why", "a word"], ["echo", "GET /sent/0?access_token={query}"]],
    "mute": [["echo", "--for", "1h", "--why", "a word"], ["echo", "GET /no?key={query}"]],
    "unmute": [["nothing"], ["echo"], []],
    "plan": [[]],
    "validate": [[], ["--config", "broken.yaml"]],
    "init": [["new.yaml"], ["gatewatch.yaml"]],
    "schema": [[], ["--message"]],
    "causes": [[]],
    "push": "knows the account only: below",
    "pull": "knows the account only: below",
    **dict.fromkeys(
        ("rollback", "status", "pause", "resume", "probe-now", "send-test"),
        "knows the account only: below",
    ),
    "demo": "knows the sandbox's credentials only",
    "sandbox": "makes credentials of its own, and says what they are",
}
# The same with `--stack`.
IN_STACK: dict[str, Sequence[Sequence[str]]] = {
    "incidents": [[], ["--open"], ["{incident}"]],
    "ack": [["{incident}", "--why", "a word"], ["echo", "GET /sent/0?access_token={query}"]],
    "push": [[], ["--config", "broken.yaml"], ["--config", "refused.yaml"]],
    "pull": [[], ["--output", "pulled.json"]],
    "rollback": [[], ["{version}"], ["no-such"]],
    "status": [[]],
    "probe-now": [["echo", "GET /called", "--wait", "3s"], ["nothing"]],
    "send-test": [["--wait", "0s"]],
    "notify": [[], ["--test", "own topic", "--wait", "0s"]],
    "verify": [["--for", "1s", "--deadline", "20s"]],
    "pause": [["echo", "--for", "1h", "--why", "a word"]],
    "resume": [[], ["echo"]],
    "mute": [["echo", "--for", "1h", "--why", "a word"], ["echo", "GET /no?key={query}"]],
    "unmute": [["nothing"], ["echo"], []],
}


def _commands() -> dict[str, Any]:
    known: dict[str, Any] = get_command(app).commands  # type: ignore[attr-defined]
    return known


def _offers(command: Any, option: str) -> bool:
    return any(option in one.opts for one in command.params)


def test_each_command_is_in_the_table() -> None:
    known = _commands()
    assert set(known) == set(COMMANDS)
    assert {name for name in known if _offers(known[name], "--stack")} == set(IN_STACK)


def every_call(table: Mapping[str, Sequence[Sequence[str]] | str]) -> Iterator[list[str]]:
    """Each call of the table, in each format that its command offers."""
    for name, calls in table.items():
        formats = [
            choice
            for option in _commands()[name].params
            if "--format" in option.opts
            for choice in type(option.default)
        ]
        for call in () if isinstance(calls, str) else calls:
            for output in formats or [None]:
                yield [name, *call, *(("--format", str(output)) if output else ())]


def every_output(
    table: Mapping[str, Sequence[Sequence[str]] | str],
    told: dict[str, str],
    capsys: pytest.CaptureFixture[str],
    *options: str,
) -> Iterator[tuple[str, str]]:
    """What each call of the table prints; `told` fills in its `{...}`."""
    for call in every_call(table):
        with pytest.raises(SystemExit):
            main([*(part.format(**told) for part in call), *options])
        shown = capsys.readouterr()
        yield " ".join(call), shown.out + shown.err
        if call[0] == "incidents" and "json" in call and "{incident}" not in call:
            told["incident"] = json.loads(shown.out)[0]["id"]


def files(folder: Path) -> set[Path]:
    return {one for one in folder.rglob("*") if one.is_file()}


def _read(written: Iterable[Path]) -> Iterator[tuple[str, str]]:
    return ((one.name, one.read_bytes().decode(errors="replace")) for one in sorted(written))


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


def test_what_is_looked_for_is_found() -> None:
    """In each form, where nothing is hidden, and in half of what must be hidden."""
    secrets = [*IN_ENVIRONMENT.values(), ACCESS_TOKEN]
    for secret in secrets:
        for form in FORMS:
            assert secret in {one for one, _ in Finder([secret]).found(FORMS[form](secret))}, form


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "table", [{"run": [["--config", "all.yaml"]]}, COMMANDS], ids=["a run", "every command"]
)
def test_nothing_on_this_machine_shows_one(
    planted: Planted,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    table: Mapping[str, Sequence[Sequence[str]] | str],
) -> None:
    """A run gets every form that has a place; the commands, a share of them."""
    monkeypatch.setenv("COLUMNS", "4000")
    (planted.folder / "paste").write_text(_paste(list(IN_ENVIRONMENT.values())[:2]))
    (planted.folder / "broken.yaml").write_text(BROKEN.format(secret=IN_USER_INFO))
    told = {
        "place": planted.server.place,
        "query": IN_QUERY,
        "user_info": IN_USER_INFO,
        "incident": "",
    }
    by_the_user = files(planted.folder)
    with _logged("gatewatch") as log:
        outputs = list(every_output(table, told, capsys))
    outputs += _read(files(planted.folder) - by_the_user)
    outputs.append(("log", "\n".join(log.lines)))
    assert any("AccessDenied" in text for name, text in outputs if name.startswith("run"))
    assert any(name.endswith(".sqlite3") for name, _ in outputs)
    assert any(name.endswith(".sqlite3-journal") for name, _ in outputs)
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


REFUSED = """
credentials: {{new: {{api_key: {{secret: new}}}}}}
apis:
  other:
    url: https://other.example.com/prod
    routes: [GET /a: {{access: protected, as: [new], query: {{access_token: {secret}}}}}]
"""


@pytest.mark.timeout(600)
@pytest.mark.parametrize("fault", [None, "a bug of ours"])
def test_nothing_in_the_account_shows_one(
    aws: None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    fault: str | None,
) -> None:
    """Every call to AWS but those that fetch a secret, with all that it says and is told; all that
    is kept afterwards and all that waits; what a probe that fails leaves among the dead letters;
    every line of the log and of metrics; what the handlers return or raise; what the commands print
    of it and write."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "4000")
    monkeypatch.setattr(wiring, "CLOCK", type(wiring.CLOCK)())
    monkeypatch.setattr(probes, "CLOCK", wiring.CLOCK)
    monkeypatch.setattr(waiting, "CLOCK", wiring.CLOCK)
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
        text = IN_ACCOUNT.format(
            place=server.place,
            tokens=tokens.url,
            pool=_user_pool(IN_ENVIRONMENT["T_COGNITO"]),
            routes="\n".join(f"      - GET {path}: public" for path in paths),
        )
        config = load(text, "test")
        account.allowed = Allowed(
            secrets=("canaries",),
            credentials={one.name: (server.place, tokens.place) for one in config.credentials},
            sources={one.name: made_of(one.source) for one in config.credentials},
            networks=("127.0.0.0/8",),
        )
        account.deploy()
        account.publish_config(config)
        (tmp_path / "gatewatch.yaml").write_text(text)
        (tmp_path / "broken.yaml").write_text(BROKEN.format(secret=IN_USER_INFO))
        (tmp_path / "refused.yaml").write_text(REFUSED.format(secret=IN_QUERY))
        by_the_user = files(tmp_path)
        told = {"incident": "", "query": IN_QUERY, "version": pointer_to(encoded(config)).version}
        with _told_to_aws(monkeypatch) as calls:
            if fault:
                _break(monkeypatch, fault)
            account.minutes(1)
            account.dispatch()
            printed = capsys.readouterr()
            dead = list(_dead_letters(account, monkeypatch)) if fault else []
            monkeypatch.setattr(waiting, "sleep", lambda _: _one_minute(account))
            outputs = list(every_output(IN_STACK, told, capsys, "--stack", _stack_of(account)))
        kept = [*_stored(account), *(json.dumps(one) for one in account.messages())]
    outputs += [
        *(("call", one) for one in calls),
        *(("kept", one) for one in kept),
        *(("dead", one) for one in dead),
        *(("returned", one) for one in account.returned),
        *_read(files(tmp_path) - by_the_user),
        ("log", "\n".join(log.lines)),
        ("printed", printed.out + printed.err),
        ("printed later", "".join(capsys.readouterr())),
    ]
    assert any("AccessDenied" in one or fault for one in kept)
    assert any("opened" in one for one in calls)
    assert "RoutesFailing" in printed.out or "CloudWatchMetrics" in printed.out
    assert any("batchItemFailures" in one for one in account.returned)
    assert bool(dead) is any("with all in hand" in one for one in account.returned) is bool(fault)
    assert told["incident"]
    assert "pulled.json" in dict(outputs)
    assert any("needs cdk deploy" in one for name, one in outputs if "refused.yaml" in name)
    assert {IN_ENVIRONMENT["T_KEY"], IN_ENVIRONMENT["T_COOKIE"], ACCESS_TOKEN} <= echo.seen
    assert leaks(outputs, [*echo.secrets, *echo.seen, IN_QUERY, IN_USER_INFO]) == []


def _one_minute(account: Account) -> None:
    """Of the service, while a command waits for it."""
    account.dispatch()
    account.drain(account.work, probes.handler)
    account.drain(account.changes, writers.handler)


def _stack_of(account: Account) -> str:
    """The name of a stack that says where the account keeps what commands ask for."""
    return stack_with(
        monitor_outputs(StateTable=account.table._name, ConfigBucket=account.objects._bucket)
    )


def _dead_letters(account: Account, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """What lies there after a probe failed when it had taken all looks of its shard."""
    sqs = boto3.client("sqs")
    attributes = {"FifoQueue": "true"}
    dead = sqs.create_queue(QueueName=f"d-{uuid4().hex[:8]}.fifo", Attributes=attributes)
    arn = sqs.get_queue_attributes(QueueUrl=dead["QueueUrl"], AttributeNames=["QueueArn"])
    policy = {"deadLetterTargetArn": arn["Attributes"]["QueueArn"], "maxReceiveCount": "1"}
    sqs.set_queue_attributes(
        QueueUrl=account.work,
        Attributes={"RedrivePolicy": json.dumps(policy), "VisibilityTimeout": "0"},
    )

    def failing(*given: Any) -> None:
        raise RuntimeError(f"with all in hand: {probe(*given)}")

    with monkeypatch.context() as patch:
        patch.setattr(probes, "probe", failing)
        account.drain(account.work, probes.handler, keep_failed=True)
    return _waiting(dead["QueueUrl"])


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
    for url in (account.work, account.twins_work, account.changes):
        yield from _waiting(url)


def _waiting(url: str) -> Iterator[str]:
    """Every message of a queue, however many there are."""
    sqs = boto3.client("sqs")
    while waiting := sqs.receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=10,
        AttributeNames=["All"],
        MessageAttributeNames=["All"],
    ).get("Messages", []):
        yield from _texts(waiting)
        for one in waiting:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])


def leaks(outputs: Iterable[tuple[str, str]], secrets: Iterable[str]) -> list[str]:
    """Of what is said again and again, the first who said it is named."""
    finder = Finder(secrets)
    return sorted(
        f"{name}: {secret} ({form})"
        for name, text in outputs
        for secret, form in finder.found(text)
    )

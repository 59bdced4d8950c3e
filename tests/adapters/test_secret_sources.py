"""Where secrets are kept: each place, and what is said when it does not give one."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import boto3
import pytest

from gatewatch.adapters.aws import client as aws_client
from gatewatch.sandbox import orders
from gatewatch.sandbox.server import Sandbox, running
from tests.callers import Caller, config, sent, why
from tests.servers import answering, serving

VALUE = "planted-value-0001"


def key(reference: str, folder: Path = Path()) -> str:
    """What arrives as an API key, or why nothing does."""
    arrived = sent(f"c: {{api_key: {reference}}}", folder)
    return arrived.get("x-api-key") or arrived["not sent"]


def test_an_environment_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARTNER_KEY", VALUE)
    assert key("{env: PARTNER_KEY}") == VALUE
    assert key("{env: NO_SUCH_KEY}") == "the environment variable NO_SUCH_KEY is not set"


def test_a_file_beside_the_configuration_with_a_line_end(tmp_path: Path) -> None:
    (tmp_path / "key.txt").write_bytes(VALUE.encode() + b"\r\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    assert key("{file: key.txt}", tmp_path) == VALUE
    assert key("{file: none.txt}", tmp_path) == (
        "the file none.txt cannot be read: No such file or directory"
    )
    assert key("{file: binary}", tmp_path) == "the file binary is not text"


UNFIT = {
    "short": ("abc", "the secret of file key is shorter than 4 characters"),
    "empty": ("\n", "the secret of file key is shorter than 4 characters"),
    "two lines": ("abcd\nefgh", "the secret of file key holds a character that no header carries"),
    "accents": ("pässword", "the secret of file key holds a character that no header carries"),
}


@pytest.mark.parametrize("name", UNFIT)
def test_a_value_that_no_header_carries_is_told_and_not_shown(name: str, tmp_path: Path) -> None:
    text, told = UNFIT[name]
    (tmp_path / "key").write_text(text, encoding="utf-8")
    assert key("{file: key}", tmp_path) == told


def test_a_password_may_hold_any_character(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("pässword ends in space \n", encoding="utf-8")
    arrived = sent("c: {basic: {username: me, password: {file: password}}}", tmp_path)
    assert arrived["authorization"] == "Basic bWU6cMOkc3N3b3JkIGVuZHMgaW4gc3BhY2Ug"


# Secrets Manager and Systems Manager


def secret(text: str | bytes, region: str = "us-east-1") -> tuple[str, str]:
    """A new secret's name and ARN."""
    name = f"gatewatch/{uuid4()}"
    value = {"SecretString": text} if isinstance(text, str) else {"SecretBinary": text}
    made = boto3.client("secretsmanager", region).create_secret(Name=name, **value)
    return name, made["ARN"]


@pytest.mark.usefixtures("aws")
def test_a_secret_as_a_whole_and_one_key_of_it() -> None:
    whole, _ = secret(f"{VALUE}\n")
    assert key(f"{{secret: {whole}}}") == VALUE
    several, _ = secret(f'{{"apiKey": "{VALUE}", "count": 3}}')
    assert key(f"{{secret: {several}, key: apiKey}}") == VALUE


@pytest.mark.usefixtures("aws")
def test_an_arn_names_its_region() -> None:
    name, arn = secret(VALUE, "eu-central-1")
    assert key(f"{{secret: '{arn}'}}") == VALUE
    assert key(f"{{secret: {name}}}") == f"secret {name}: ResourceNotFoundException"


WRONG_SECRETS = {
    "no such key": ('{"other": "planted-value"}', "the secret has no such key"),
    "no text": ('{"apiKey": 42}', "the secret is not a JSON object with texts"),
    "no JSON": ("planted-value", "the secret is not a JSON object with texts"),
    "no object": ('["planted-value"]', "the secret is not a JSON object with texts"),
    "deep": ('{"a":' + "[" * 60_000, "the secret is not a JSON object with texts"),
}


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("case", WRONG_SECRETS)
def test_a_key_that_is_not_there(case: str) -> None:
    text, told = WRONG_SECRETS[case]
    name, _ = secret(text)
    assert key(f"{{secret: {name}, key: apiKey}}") == f"secret {name}, key apiKey: {told}"


@pytest.mark.usefixtures("aws")
def test_binary_secrets_are_refused() -> None:
    name, _ = secret(b"\x00\x01planted")
    assert key(f"{{secret: {name}}}") == f"secret {name}: expected a text, found binary data"


@pytest.mark.usefixtures("aws")
def test_a_secure_string_is_decrypted() -> None:
    name = f"/gatewatch/{uuid4()}"
    parameters = boto3.client("ssm")
    parameters.put_parameter(Name=name, Value=f"{VALUE}\n", Type="SecureString")
    assert key(f"{{ssm: {name}}}") == VALUE
    arn = parameters.get_parameter(Name=name)["Parameter"]["ARN"]
    assert key(f"{{ssm: '{arn}'}}") == VALUE
    assert key("{ssm: /no/such}") == "ssm /no/such: ParameterNotFound"


# AWS that does not answer as it should


@pytest.fixture
def fresh_clients(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Clients are kept for the life of a process: these tests need ones for their own endpoint."""
    aws_client._client.cache_clear()
    monkeypatch.setattr(aws_client, "_unreachable_until", {})
    yield
    aws_client._client.cache_clear()


@pytest.mark.usefixtures("aws", "fresh_clients")
def test_a_denial_names_the_code_and_not_the_message(monkeypatch: pytest.MonkeyPatch) -> None:
    body = b'{"__type": "AccessDeniedException", "Message": "User planted-user is not authorized"}'
    with serving(answering("400 Bad Request", body, keep=False)) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{server.place}")
        assert key("{secret: orders}") == "secret orders: AccessDeniedException"


@pytest.mark.usefixtures("aws", "fresh_clients")
@pytest.mark.parametrize("wrong", ["nonsense", "http://[::1"])
def test_an_endpoint_that_is_no_url(monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", wrong)
    assert key("{secret: orders}") == (
        "secret orders: the AWS settings of this machine are not valid"
    )


STRANGE = {
    "a page": ("200 OK", b"<html>planted-answer</html>"),
    "nothing": ("200 OK", b""),
    "an empty object": ("200 OK", b"{}"),
    "XML without end": ("200 OK", b"<AssumeRoleResponse>planted-answer"),
    "a page with an error": ("503 Slow Down", b"<html>planted-answer</html>"),
    "a code that is none": ("400 Bad Request", b'{"__type": "planted-answer, as a code"}'),
    "a redirect": ("302 Found", b"planted-answer"),
}
SOURCES = {
    "secret s": "c: {api_key: {secret: s}}",
    "ssm s": "c: {api_key: {ssm: s}}",
    "role": "c: {sigv4: {role: 'arn:aws:iam::111122223333:role/r', region: us-east-1}}",
    "Cognito user u": (
        "c: {cognito: {region: us-east-1, client_id: c, username: u, "
        "password: {env: AWS_SECRET_ACCESS_KEY}}}"
    ),
}


@pytest.mark.usefixtures("aws", "fresh_clients")
@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("answer", STRANGE)
def test_an_answer_that_is_not_aws_is_one_line_without_its_contents(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, source: str, answer: str
) -> None:
    status, body = STRANGE[answer]
    with serving(answering(status, body, keep=False)) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{server.place}")
        told = sent(SOURCES[source])["not sent"]
    assert told.startswith(f"{source}")
    assert "planted" not in told + caplog.text
    assert "internal error" not in told


@pytest.mark.usefixtures("aws", "fresh_clients")
def test_a_silent_service_costs_a_run_one_wait_and_not_one_for_each_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    credentials = ", ".join(f"c{n}: {{api_key: {{secret: s{n}}}}}" for n in range(40))
    used = ", ".join(f"c{n}" for n in range(40))
    with socket.create_server(("127.0.0.1", 0), backlog=100) as silent, serving(answering()) as to:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        caller = Caller(config(credentials, f"http://{to.place}/prod", used))
        started = time.monotonic()
        told = {why(raw) for raw in caller.call()}
        assert time.monotonic() - started < 15
    assert len(told) == 40
    assert all(one is not None and one.startswith("secret s") for one in told)
    assert to.requests == []


def test_aws_is_not_even_imported_where_it_is_not_asked(tmp_path: Path) -> None:
    sandbox = Sandbox(orders.world())
    with running(sandbox, tmp_path) as where:
        (tmp_path / "gatewatch.yaml").write_text(orders.configuration(*where))
        ended = subprocess.run(
            [sys.executable, "-c", _RUN_AND_LOOK],
            cwd=tmp_path,
            env=orders.SECRETS,
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
    assert ended.stdout.splitlines()[-1] == "exit 0, imported: []", ended.stdout + ended.stderr


_RUN_AND_LOOK = """
import sys
from gatewatch.cli.main import main
try:
    main(["run"])
except SystemExit as ended:
    found = [name for name in ("boto3", "botocore") if name in sys.modules]
    print(f"exit {ended.code or 0}, imported: {found}")
"""

"""A credential that cannot be read: which one, why, and what to do; told at once, and no more."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from msgspec.structs import replace

from gatewatch.adapters.aws import client as aws_client
from gatewatch.diagnosis.diagnose import diagnose
from gatewatch.judgement.judge import judge
from gatewatch.model import Finding, Unsent, Verdict
from gatewatch.plan import plan
from tests.builders import config as canonical
from tests.callers import Caller, config
from tests.servers import answering, serving
from tests.token_server import TokenServer, granting, told

ROLE = "arn:aws:iam::111122223333:role/looks"
ARN = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:orders-AbCdEf"
SECRET, SSM = "{api_key: {secret: orders}}", "{api_key: {ssm: /orders}}"
ROLE_KEYS = f"{{sigv4: {{role: '{ROLE}', region: us-east-1}}}}"
USER = (
    "{cognito: {region: us-east-1, client_id: app, username: monitor, "
    "password: {env: AWS_SECRET_ACCESS_KEY}}}"
)


@pytest.fixture
def fresh_clients(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Clients are kept for the life of a process: these tests need ones for their own endpoint."""
    aws_client._client.cache_clear()
    monkeypatch.setattr(aws_client, "_unreachable_until", {})
    yield
    aws_client._client.cache_clear()


def unsent(credential: str, folder: Path = Path()) -> Unsent:
    with serving(answering()) as server:
        caller = Caller(config(f"c: {credential}", f"http://{server.place}/prod"), folder)
        [raw] = caller.call()
        caller.prober.close()
    assert server.requests == []
    assert raw.not_sent is not None
    return raw.not_sent


# credential, file beside it -> why, what to do
HERE = {
    "a variable that is not set": ("{bearer: {env: NOT_SET}}", "", "NOT_SET is not set", "export "),
    "a file that is not there": ("{bearer: {file: gone}}", "", "No such file", "ls -l "),
    "a key that is not there": (
        "{bearer: {file: secret, key: token}}",
        '{"other": "a-long-value"}',
        "no such key",
        'the text "token"',
    ),
    "no JSON": ("{bearer: {file: secret, key: token}}", "plain", "not a JSON object", "JSON"),
    "an empty file": ("{bearer: {file: secret}}", "", "shorter than", "store the value itself"),
    "two lines": ("{bearer: {file: secret}}", "line\nline", "no header carries", "line breaks"),
    "no certificate": (
        "{client_certificate: {certificate: {file: secret}, private_key: {file: secret}}}",
        "no PEM",
        "the certificate is no PEM text",
        "store a PEM certificate",
    ),
}


@pytest.mark.parametrize("case", HERE)
def test_on_this_machine(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    credential, text, why, remedy = HERE[case]
    monkeypatch.delenv("NOT_SET", raising=False)
    (tmp_path / "secret").write_text(text)
    found = unsent(credential, tmp_path)
    assert (found.finding, found.scope) == (Finding.CREDENTIAL_UNREADABLE, "credential c")
    assert found.because.startswith("credential c cannot be read: ")
    because, _, next_step = found.because.partition("; next: ")
    assert why in because
    assert remedy in next_step


# credential, error code, message -> why, what to do
REFUSED = {
    "there is no such secret": (
        SECRET,
        "ResourceNotFoundException",
        "",
        "secret orders: ResourceNotFoundException",
        "aws secretsmanager describe-secret --secret-id orders",
    ),
    "nor in the region of the ARN": (
        f"{{api_key: {{secret: '{ARN}'}}}}",
        "ResourceNotFoundException",
        "",
        "ResourceNotFoundException",
        f"--secret-id {ARN} --region eu-west-1",
    ),
    "the secret may not be read": (
        SECRET,
        "AccessDeniedException",
        "planted-user is not authorized to perform: secretsmanager:GetSecretValue",
        "AccessDeniedException",
        "grant secretsmanager:GetSecretValue on orders to",
    ),
    "its KMS key may not be used": (
        SECRET,
        "AccessDeniedException",
        "Access to KMS is not allowed",
        "AccessDeniedException (its KMS key may not be used)",
        "grant kms:Decrypt on that key to",
    ),
    "its KMS key is gone": (SECRET, "DecryptionFailure", "", "DecryptionFailure", "kms:Decrypt"),
    "it is marked for deletion": (
        SECRET,
        "InvalidRequestException",
        "",
        "InvalidRequestException",
        "aws secretsmanager restore-secret --secret-id orders",
    ),
    "there is no such parameter": (
        SSM,
        "ParameterNotFound",
        "",
        "ssm /orders: ParameterNotFound",
        "aws ssm get-parameter --name /orders",
    ),
    "the parameter may not be read": (
        SSM,
        "AccessDeniedException",
        "",
        "AccessDeniedException",
        "grant ssm:GetParameter on /orders to",
    ),
    "nor its KMS key": (
        SSM,
        "AccessDeniedException",
        "is not authorized to perform: kms:Decrypt on the resource",
        "its KMS key may not be used",
        "grant kms:Decrypt on the key of parameter /orders to",
    ),
    "the user's password is wrong": (
        USER,
        "NotAuthorizedException",
        "",
        "Cognito user monitor: NotAuthorizedException",
        "the password in env AWS_SECRET_ACCESS_KEY",
    ),
    "there is no such app client": (
        USER,
        "ResourceNotFoundException",
        "",
        "ResourceNotFoundException",
        "check that there is an app client app in us-east-1",
    ),
}


@pytest.mark.usefixtures("aws", "fresh_clients")
@pytest.mark.parametrize("case", REFUSED)
def test_in_aws(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    credential, code, message, why, remedy = REFUSED[case]
    body = json.dumps({"__type": code, "message": message}).encode()
    with serving(answering("400 Bad Request", body, keep=False)) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{server.place}")
        found = unsent(credential)
    assert (found.finding, found.scope) == (Finding.CREDENTIAL_UNREADABLE, "credential c")
    because, _, next_step = found.because.partition("; next: ")
    assert why in because
    assert remedy in next_step
    assert "planted" not in found.because


@pytest.mark.usefixtures("aws", "fresh_clients")
def test_a_role_that_may_not_be_assumed(monkeypatch: pytest.MonkeyPatch) -> None:
    error = "<Error><Code>AccessDenied</Code><Message>planted</Message></Error>"
    body = f"<ErrorResponse>{error}<RequestId>r</RequestId></ErrorResponse>".encode()
    with serving(answering("403 Forbidden", body, keep=False)) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{server.place}")
        found = unsent(ROLE_KEYS)
    assert f"role {ROLE}: AccessDenied; next: aws iam get-role --role-name looks" in found.because
    assert f"sts:AssumeRole on {ROLE}" in found.because
    assert "planted" not in found.because


@pytest.mark.usefixtures("aws")
def test_a_secret_that_was_deleted(aws: None) -> None:
    made = boto3.client("secretsmanager").create_secret(Name="goes", SecretString="a-long-value")
    boto3.client("secretsmanager").delete_secret(SecretId=made["ARN"])
    found = unsent("{api_key: {secret: goes}}")
    assert found.finding is Finding.CREDENTIAL_UNREADABLE
    assert "restore-secret --secret-id goes" in found.because


def test_a_token_endpoint_that_refuses_the_client(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("planted-client-secret")
    server = TokenServer(lambda _: told(401, error="invalid_client"))
    with granting(server):
        login = f"token_url: {server.url}, client_id: ours, client_secret: {{file: secret}}"
        found = unsent(f"{{oauth2: {{{login}}}}}", tmp_path)
    assert found.finding is Finding.CREDENTIAL_UNREADABLE
    assert "answered 401 invalid_client; next: check client ours, its secret" in found.because
    assert "planted" not in found.because


PASSES = {"too many at once": "ThrottlingException", "too many": "TooManyRequestsException"}


@pytest.mark.usefixtures("aws", "fresh_clients")
@pytest.mark.parametrize("case", PASSES)
def test_a_limit_on_requests_passes_by_itself(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    body = json.dumps({"__type": PASSES[case], "message": ""}).encode()
    with serving(answering("400 Bad Request", body, keep=False)) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{server.place}")
        found = unsent(SECRET)
    assert (found.finding, found.scope) == (None, "credential c")


def test_what_may_not_be_sent_somewhere_is_no_finding_of_the_credentials() -> None:
    found = config("c: {bearer: {env: HOME}}", "http://127.0.0.1:1/prod")
    elsewhere = tuple(replace(one, hosts=("h:443",)) for one in found.credentials)
    [raw] = Caller(replace(found, credentials=elsewhere)).call()
    assert raw.not_sent is not None
    assert "may not be sent to 127.0.0.1:1" in raw.not_sent.because
    assert (raw.not_sent.finding, raw.not_sent.scope) == (None, "credential c")


def test_only_the_one_of_two_that_cannot_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THERE", "a-long-value")
    with serving(answering()) as server:
        credentials = "there: {bearer: {env: THERE}}, gone: {api_key: {file: gone}}"
        found = config(credentials, f"http://{server.place}/prod", "there + gone")
        [raw] = Caller(found, tmp_path).call()
    assert raw.not_sent is not None
    assert raw.not_sent.scope == "credential gone"


def verdict(unsent: Unsent) -> Verdict:
    [one] = plan(canonical("GET /x: {access: protected, as: [user]}"))
    return next(
        found
        for found in judge(one, {}, [], diagnose([]), {"user": unsent})
        if found.caller == "user"
    )


def test_the_verdict_is_unknown_and_the_finding_the_credentials() -> None:
    because = "credential user cannot be read: the environment variable T is not set"
    found = verdict(
        Unsent(because=because, finding=Finding.CREDENTIAL_UNREADABLE, scope="credential user")
    )
    assert (found.outcome, found.finding) == ("unknown", "credential_unreadable")
    assert (found.layer, found.cause, found.confidence) == ("unknown", "unknown", "unknown")
    assert (found.owner, found.severity, found.scope) == ("caller", "high", "credential user")
    assert (found.because, found.candidates, found.evidence) == (because, (), ())

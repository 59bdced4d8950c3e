"""AWS's own identities as credentials: signatures by whose keys they are, and Cognito's users."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import patch
from uuid import uuid4

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from moto.backends import get_backend
from moto.cognitoidp.utils import check_secret_hash

from gatewatch.adapters.aws.cognito import secret_hash
from gatewatch.probe.credentials import CredentialError, Keyring
from tests.callers import Caller, HandClock, config, sent
from tests.conftest import OWN_KEY_ID
from tests.servers import answering, serving

ROLE = "arn:aws:iam::111122223333:role/gatewatch-caller"
PASSWORD = "Planted-Password-1 "


def signed(source: str, url: str, now: datetime | None = None) -> dict[str, str]:
    """The headers of a call to any URL, as they would leave."""
    caller = Caller(config(f"c: {{sigv4: {source}}}", url))
    keyring = Keyring(config(f"c: {{sigv4: {source}}}", url).credentials, caller.vault)
    [attempt] = caller.attempts
    return keyring.present(attempt, attempt.url, now or datetime.now(UTC)).headers


def scope(headers: dict[str, str]) -> str:
    """Key id, region and service of a signature."""
    credential = headers["Authorization"].split("Credential=")[1].split(",")[0]
    key_id, _, region, service, _ = credential.split("/")
    return f"{key_id} {region} {service}"


EXECUTE_API = "https://abc123.execute-api.eu-west-1.amazonaws.com/prod"


@pytest.mark.usefixtures("aws")
def test_own_keys() -> None:
    assert scope(signed("{}", EXECUTE_API)) == f"{OWN_KEY_ID} eu-west-1 execute-api"


def test_no_own_keys(monkeypatch: pytest.MonkeyPatch, aws: None) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    said = "own AWS credentials: none found"
    assert sent("c: {sigv4: {region: us-east-1}}") == {"not sent": said}
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    said = "own AWS credentials: ProfileNotFound"
    assert sent("c: {sigv4: {region: us-east-1}}") == {"not sent": said}


SIGNED_FOR = {
    "an execute-api host": (EXECUTE_API, "eu-west-1 execute-api"),
    "a function URL": ("https://abc.lambda-url.us-west-2.on.aws", "us-west-2 lambda"),
    "AppSync": ("https://abc.appsync-api.eu-north-1.amazonaws.com", "eu-north-1 appsync"),
}


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("host", SIGNED_FOR)
def test_region_and_service_are_read_off_the_url(host: str) -> None:
    url, expected = SIGNED_FOR[host]
    assert scope(signed("{}", url)) == f"{OWN_KEY_ID} {expected}"


@pytest.mark.usefixtures("aws")
def test_region_and_service_may_be_given() -> None:
    given = "{region: ap-south-1, service: lambda}"
    url = "https://api.example.com"
    assert scope(signed(given, url)) == f"{OWN_KEY_ID} ap-south-1 lambda"


@pytest.mark.usefixtures("aws")
def test_a_domain_that_only_the_deployment_knows_does_not_name_its_region() -> None:
    """A URL that the file knows is refused there (tests/config/refused/regions.yaml)."""
    caller = Caller(config("c: {sigv4: {}}", "https://watched-1.invalid"))
    keyring = Keyring(
        config("c: {sigv4: {}}", "https://watched-1.invalid").credentials, caller.vault
    )
    [attempt] = caller.attempts
    with pytest.raises(CredentialError, match="c needs a region: the URL does not name one"):
        keyring.present(attempt, attempt.url, datetime.now(UTC))


def test_given_keys_sign_as_botocore_does(tmp_path: Path) -> None:
    for name, text in {
        "id": "AKIAGIVEN",
        "secret": "given/secret\n",
        "token": "given+token",
    }.items():
        (tmp_path / name).write_text(text)
    now = datetime(2026, 11, 22, 1, 2, 3, tzinfo=UTC)
    given = "access_key_id: {file: id}, secret_access_key: {file: secret}"
    found = config(f"c: {{sigv4: {{{given}, session_token: {{file: token}}}}}}", EXECUTE_API)
    caller = Caller(found, tmp_path)
    [attempt] = caller.attempts
    ours = Keyring(found.credentials, caller.vault).present(attempt, attempt.url, now).headers
    theirs = AWSRequest("GET", attempt.url)
    with patch("botocore.auth.get_current_datetime", lambda *_, **__: now.replace(tzinfo=None)):
        keys = Credentials("AKIAGIVEN", "given/secret", "given+token")
        SigV4Auth(keys, "execute-api", "eu-west-1").add_auth(theirs)
    assert ours == dict(theirs.headers.items())


@pytest.mark.usefixtures("aws")
def test_a_role_is_assumed_with_its_external_id() -> None:
    external = f"external-{uuid4()}"
    headers = signed(f"{{role: '{ROLE}', external_id: {external}}}", EXECUTE_API)
    roles = get_backend("sts")["111122223333"]["aws"].assumed_roles
    [assumed] = [role for role in roles if role.external_id == external]
    assert (assumed.role_arn, assumed.session_name) == (ROLE, "gatewatch")
    assert scope(headers) == f"{assumed.access_key_id} eu-west-1 execute-api"
    assert headers["X-Amz-Security-Token"] == assumed.session_token


@pytest.mark.usefixtures("aws")
def test_a_role_is_assumed_once_an_hour() -> None:
    external = f"external-{uuid4()}"
    clock = HandClock()

    def assumed() -> int:
        roles = get_backend("sts")["111122223333"]["aws"].assumed_roles
        return sum(role.external_id == external for role in roles)

    with serving(answering()) as target:
        role = f"{{role: '{ROLE}', external_id: {external}, region: us-east-1}}"
        routes = [f"/{n}" for n in range(40)]
        found = config(f"c: {{sigv4: {role}}}", f"http://{target.place}/prod", "c", routes)
        caller = Caller(found, clock=clock)
        counted = []
        for minutes in (0, 50, 5):
            clock.move(minutes=minutes)
            assert {raw.status for raw in caller.call()} == {200}
            counted.append(assumed())
        caller.prober.close()
    assert counted == [1, 1, 2]


# Cognito


@dataclass(frozen=True)
class Pool:
    client_id: str
    secret_client_id: str
    client_secret: str
    new_user: str


@pytest.fixture
def pool(aws: None) -> Iterator[Pool]:
    cognito = boto3.client("cognito-idp", "us-east-1")
    pool_id = cognito.create_user_pool(PoolName="p")["UserPool"]["Id"]
    flows = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    plain, secret = (
        cognito.create_user_pool_client(
            UserPoolId=pool_id, ClientName="c", GenerateSecret=has_secret, ExplicitAuthFlows=flows
        )["UserPoolClient"]
        for has_secret in (False, True)
    )
    for name in ("monitor", "new"):
        cognito.admin_create_user(
            UserPoolId=pool_id, Username=name, TemporaryPassword=PASSWORD, MessageAction="SUPPRESS"
        )
    cognito.admin_set_user_password(
        UserPoolId=pool_id, Username="monitor", Password=PASSWORD, Permanent=True
    )
    yield Pool(plain["ClientId"], secret["ClientId"], secret["ClientSecret"], "new")
    cognito.delete_user_pool(UserPoolId=pool_id)


def login(
    client_id: str, folder: Path, more: str = "", user: str = "monitor", password: str = PASSWORD
) -> str:
    """The Authorization header, or why none was sent."""
    (folder / "password").write_text(f"{password}\n")
    who = f"region: us-east-1, client_id: {client_id}, username: {user}"
    arrived = sent(f"c: {{cognito: {{{who}, password: {{file: password}}{more}}}}}", folder)
    return arrived.get("authorization") or arrived["not sent"]


def claims(header: str) -> dict[str, object]:
    body = header.removeprefix("Bearer ").split(".")[1]
    found: dict[str, object] = json.loads(base64.urlsafe_b64decode(f"{body}=="))
    return found


@pytest.mark.parametrize(("more", "kind"), [("", "id"), (", token: access", "access")])
def test_a_user_sends_the_token_that_is_wanted(
    pool: Pool, tmp_path: Path, more: str, kind: str
) -> None:
    found = claims(login(pool.client_id, tmp_path, more))
    assert found["token_use"] == kind
    assert "monitor" in (found.get("cognito:username"), found.get("username"))


def test_an_app_client_with_a_secret(pool: Pool, tmp_path: Path) -> None:
    (tmp_path / "client").write_text(f"{pool.client_secret}\n")
    more = ", client_secret: {file: client}"
    assert claims(login(pool.secret_client_id, tmp_path, more))["token_use"] == "id"


def test_the_secret_hash_is_as_cognito_wants_it() -> None:
    given = secret_hash("monitor", "client-id", "client-secret")
    assert check_secret_hash("client-secret", "client-id", "monitor", given)
    assert not check_secret_hash("another-secret", "client-id", "monitor", given)


def test_a_wrong_password(pool: Pool, tmp_path: Path) -> None:
    said = login(pool.client_id, tmp_path, password="wrong-password")
    assert said == "Cognito user monitor: NotAuthorizedException"


def test_a_user_who_must_do_something_first(pool: Pool, tmp_path: Path) -> None:
    said = login(pool.client_id, tmp_path, user=pool.new_user)
    assert said == (
        "Cognito user new: the user pool asks for NEW_PASSWORD_REQUIRED, which needs a person"
    )

"""A credential that is gone, in the deployed service: an incident, a metric, one line of log."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest

from gatewatch.adapters.aws import client as aws_client
from handlers import probe as probes
from handlers import wiring
from tests.deployed import KEY, Account, Gateway
from tests.incidents.test_maintenance import metered


@pytest.fixture
def account(aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    monkeypatch.setattr(wiring, "CLOCK", type(wiring.CLOCK)())
    monkeypatch.setattr(probes, "CLOCK", wiring.CLOCK)
    gateway = Gateway()
    found = Account(gateway, monkeypatch)
    boto3.client("secretsmanager").delete_secret(
        SecretId="gatewatch/partner", ForceDeleteWithoutRecovery=True
    )
    aws_client._client.cache_clear()
    yield found
    gateway.close()


def test_it_is_told_at_once_with_its_name_the_reason_and_what_to_do(account: Account) -> None:
    account.minutes(1)
    [told] = [one["incident"] for one in account.messages()]
    assert (told["finding"], told["scope"]) == ("credential_unreadable", "credential partner")
    assert (told["owner"], told["severity"]) == ("caller", "high")
    assert [(one["route"], one["as"]) for one in told["members"]] == [("GET /orders", "partner")]
    assert told["because"] == (
        "credential partner cannot be read: secret gatewatch/partner: ResourceNotFoundException; "
        "next: aws secretsmanager describe-secret --secret-id gatewatch/partner"
    )


def test_it_is_said_once_and_ends_when_the_secret_is_back(account: Account) -> None:
    account.minutes(6)
    assert [one["kind"] for one in account.messages()] == ["opened"]
    boto3.client("secretsmanager").create_secret(Name="gatewatch/partner", SecretString=KEY)
    account.minutes(2)
    assert [one["kind"] for one in account.messages()] == ["resolved"]


def test_it_is_counted_and_its_routes_are_not_judged(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    account.minutes(1)
    said = capsys.readouterr().out
    assert metered(said, "CredentialsUnreadable") == [1.0]
    assert metered(said, "RoutesJudged") == [2.0]
    assert metered(said, "RoutesUnknown") == [1.0]


def test_a_healthy_minute_counts_none(account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    boto3.client("secretsmanager").create_secret(Name="gatewatch/partner", SecretString=KEY)
    account.minutes(1)
    said = capsys.readouterr().out
    assert metered(said, "CredentialsUnreadable") == []
    assert metered(said, "RoutesJudged") == [3.0]


def test_one_line_of_log_names_it(account: Account, caplog: pytest.LogCaptureFixture) -> None:
    account.minutes(1)
    [line] = [one for one in caplog.records if one.message == "credential_unreadable"]
    assert line.credential == "partner"  # type: ignore[attr-defined]
    assert "ResourceNotFoundException" in line.reason  # type: ignore[attr-defined]

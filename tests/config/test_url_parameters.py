"""URLs that are kept in Parameter Store: whoever reads a configuration says how they are found."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from gatewatch.cli.main import main
from gatewatch.config.author import load
from gatewatch.config.canonical import Config
from gatewatch.config.lookups import Lookups, Missing, Placeholders
from gatewatch.config.problems import ConfigError
from tests.cli.test_account_command import Stack
from tests.deployed import Gateway

TEXT = """
credentials:
  partner: {api_key: {secret: gatewatch/partner}}
apis:
  orders:
    url: {ssm: /orders/url}
    also_at: [https://api.example.com, {ssm: /orders/second}]
    closed_at: [{ssm: /orders/old}]
    routes: [GET /orders: {access: protected, as: [partner]}]
"""
VALUES: dict[str, str | Missing] = {
    "/orders/url": "https://abc123.execute-api.us-east-1.amazonaws.com/prod/",
    "/orders/second": "https://second.example.com",
    "/orders/old": "https://old.example.com/prod",
}


def _loaded(**values: str | Missing) -> Config:
    changed = {f"/orders/{name}": value for name, value in values.items()}
    return load(TEXT, "f", Lookups(parameter={**VALUES, **changed}.__getitem__))


def _refused(**values: str | Missing) -> str:
    with pytest.raises(ConfigError) as refusal:
        _loaded(**values)
    return str(refusal.value)


def test_values_stand_where_their_parameters_did() -> None:
    assert [(one.url, one.closed) for one in _loaded().apis[0].entrances] == [
        ("https://abc123.execute-api.us-east-1.amazonaws.com/prod", False),
        ("https://api.example.com", False),
        ("https://second.example.com", False),
        ("https://old.example.com/prod", True),
    ]


def test_a_credential_goes_where_the_values_lead() -> None:
    assert _loaded().credentials[0].hosts == (
        "abc123.execute-api.us-east-1.amazonaws.com:443",
        "api.example.com:443",
        "second.example.com:443",
    )


def test_a_parameter_that_cannot_be_read_is_told_with_its_place() -> None:
    told = _refused(second=Missing("ssm /orders/second: ParameterNotFound"))
    assert told == "f:7: apis.orders.also_at[1]: ssm /orders/second: ParameterNotFound"


@pytest.mark.parametrize("value", ["hunter2hunter2", "https://u:hunter2@x.example.com", ""])
def test_a_value_that_is_no_url_is_not_repeated(value: str) -> None:
    assert _refused(url=value) == (
        "f:6: apis.orders.url: ssm /orders/url: expected it to hold a URL such as "
        "https://api.example.com/orders, without query"
    )


def test_a_value_is_held_to_the_rules_of_written_urls() -> None:
    assert "expected https" in _refused(old="http://old.example.com")


def test_a_deployment_binds_credentials_to_placeholders() -> None:
    """`for` cannot be held against a host that nobody knows yet."""
    text = TEXT.replace("/partner}}", "/partner}, for: [api.example.com, second.example.com]}")
    found = load(text, "f", Lookups(parameter=Placeholders()))
    assert [one.url for one in found.apis[0].entrances] == [
        "https://parameter-1.invalid",
        "https://api.example.com",
        "https://parameter-2.invalid",
        "https://parameter-3.invalid",
    ]


# The command line, against Parameter Store on this machine


@pytest.fixture
def gateway(aws: None) -> Iterator[Gateway]:
    one = Gateway()
    yield one
    one.close()


def _keep(name: str, value: str) -> None:
    boto3.client("ssm").put_parameter(Name=name, Value=value, Type="String", Overwrite=True)


def _ran(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    return int(ended.value.code or 0)


def _file(folder: Path, parameter: str) -> str:
    file = folder / "gatewatch.yaml"
    file.write_text(
        f"apis:\n  orders:\n    url: {{ssm: {parameter}}}\n    routes: [GET /health: public]\n"
    )
    return str(file)


def test_a_run_reads_the_value_and_calls_it(
    gateway: Gateway, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _keep("/run/url", f"http://{gateway.place}/prod")
    assert _ran("run", "--config", _file(tmp_path, "/run/url"), "--format", "json") == 0
    [verdict] = json.loads(capsys.readouterr().out)["verdicts"]
    assert verdict["entrance"] == f"http://{gateway.place}/prod"
    assert gateway.asked == ["/prod/health"]


@pytest.mark.parametrize("command", ["run", "plan", "push"])
def test_a_parameter_that_is_not_there_stops_a_command(
    aws: None, tmp_path: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = _file(tmp_path, "/nobody/url")
    assert _ran(command, "--config", file) == 3
    assert f"{file}:3: apis.orders.url: ssm /nobody/url: ParameterNotFound" in (
        capsys.readouterr().err
    )


def test_validate_asks_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    assert _ran("validate", "--config", _file(tmp_path, "/nobody/url")) == 0
    assert "in order; 1 API, 1 route" in capsys.readouterr().out


def test_a_push_reads_the_value_and_sends_no_credential_elsewhere(
    aws: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stack = Stack(tmp_path)
    text = (
        "credentials:\n  partner: {api_key: {secret: gatewatch/partner}}\n"
        "apis:\n  orders:\n    url: {ssm: /push/url}\n"
        "    routes: [GET /orders: {access: protected, as: [partner]}]\n"
    )
    _keep("/push/url", "https://api.example.com/prod")
    assert stack.push(text) == 0
    capsys.readouterr()
    assert stack.run("pull") == 0
    [orders] = json.loads(capsys.readouterr().out)["apis"]
    assert [one["url"] for one in orders["entrances"]] == ["https://api.example.com/prod"]
    _keep("/push/url", "https://evil.example.com/prod")
    assert stack.push(text) == 3
    assert "partner would be sent to evil.example.com:443: needs cdk deploy" in (
        capsys.readouterr().err
    )

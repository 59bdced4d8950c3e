"""What takes over acknowledgements: there only where a channel may tell of some, open only where
that is signed, and granted no more than to write them down."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gatewatch.config.author import load
from gatewatch.config.canonical import SecretRef, SecretSource
from gatewatch.config.lookups import Lookups, Placeholders
from gatewatch_cdk.needs import Needs, needs
from tests.infra.conftest import CONFIG, SECRETS_KEY, synthesised
from tests.infra.templates import Resource, granted, leading_keys, named, read, resources, short
from tests.infra.test_grants import logs, table

PAGER = "pagerduty: {secret: gatewatch/pager, acknowledge: {secret: gatewatch/back, key: webhook}}"
_ON_CALL = "arn:aws:sns:us-east-1:111122223333:on-call"
WAYS = {
    "pager": f"- {{{PAGER}}}",
    "two pagers, one secret": f"- {{name: a, {PAGER}}}\n  - {{name: b, {PAGER}}}",
    "a pager that is only told": "- {pagerduty: {secret: gatewatch/pager}}",
    "chat": f'- {{sns: "{_ON_CALL}", as: chat}}',
    "a topic": f'- {{sns: "{_ON_CALL}"}}',
}


def _written(way: str) -> str:
    before, _, after = CONFIG.partition("notify:\n")
    return f"{before}notify:\n  {WAYS[way]}\n{after[after.index('apis:') :]}"


def _needs(way: str) -> Needs:
    return needs(load(_written(way), "f", Lookups(Placeholders())), "f")


def _made(way: str, folder: Path) -> Resource:
    file = folder / "gatewatch.yaml"
    file.write_text(_written(way))
    return synthesised(file)


@pytest.fixture(scope="module")
def paged(tmp_path_factory: pytest.TempPathFactory) -> Resource:
    return _made("pager", tmp_path_factory.mktemp("paged"))


BACK = SecretRef(source=SecretSource.SECRET, name="gatewatch/back", key="webhook")
SIGNED = {
    "pager": (BACK,),
    "two pagers, one secret": (BACK,),
    "a pager that is only told": None,
    "chat": (),
    "a topic": None,
}


@pytest.mark.parametrize("way", WAYS)
def test_a_channel_that_tells_nothing_back_needs_nothing(way: str) -> None:
    returns = _needs(way).returns
    assert (None if returns is None else returns.signed_with) == SIGNED[way]


def test_the_function_may_do_this_and_nothing_else(paged: Resource) -> None:
    own = "arn:<AWS::Partition>:secretsmanager:<AWS::Region>:<AWS::AccountId>:secret"
    assert granted(paged, "FunctionsAcknowledge") == {
        *logs("FunctionsAcknowledge"),
        *table("GetItem", "PutItem", "Query"),
        ("secretsmanager:GetSecretValue", f"{own}:gatewatch/back-??????"),
        ("kms:Decrypt", SECRETS_KEY),
    }
    assert leading_keys(paged, "FunctionsAcknowledge") == {
        ("dynamodb:GetItem", "taken"),
        ("dynamodb:Query", "incident"),
        ("dynamodb:PutItem", "ack"),
        ("dynamodb:PutItem", "taken"),
    }


def test_nobody_else_may_read_what_webhooks_are_signed_with(paged: Resource) -> None:
    readers = [
        name
        for name in resources(paged, "AWS::IAM::Policy")
        if any("gatewatch/back" in on for _, on in granted(paged, name.removesuffix("Policy")))
    ]
    assert all("Acknowledge" in name for name in readers)


def test_the_function_knows_the_secret_by_name(paged: Resource) -> None:
    function = named(paged, "AWS::Lambda::Function", "FunctionsAcknowledgeFunction")
    given = json.loads(read(function["Environment"]["Variables"]["GATEWATCH_SIGNED_WITH"]))
    assert given == [{"source": "secret", "name": "gatewatch/back", "key": "webhook"}]


def test_the_address_is_open_and_said(paged: Resource) -> None:
    [url] = resources(paged, "AWS::Lambda::Url").values()
    assert url["AuthType"] == "NONE"
    assert "Cors" not in url
    said = paged["Outputs"]["PagerDutyAcknowledgements"]
    assert "FunctionUrl" in read(said["Value"])


def test_strangers_reach_the_function_by_its_address_alone(paged: Resource) -> None:
    """A call of the function itself is believed without a signature."""
    open_to_all = [
        one
        for one in resources(paged, "AWS::Lambda::Permission").values()
        if one["Principal"] == "*"
    ]
    by_action = {one["Action"]: one for one in open_to_all}
    assert len(open_to_all) == len(by_action)
    assert by_action.pop("lambda:InvokeFunctionUrl")["FunctionUrlAuthType"] == "NONE"
    assert all(one["InvokedViaFunctionUrl"] is True for one in by_action.values())


def test_its_errors_ring_with_the_others(paged: Resource) -> None:
    [unwell] = resources(paged, "AWS::CloudWatch::CompositeAlarm").values()
    assert "<HealthAlarmsAcknowledgeErrors.Arn>" in read(unwell["AlarmRule"])


def test_what_a_stranger_can_make_ring_rings_by_itself(paged: Resource) -> None:
    """A composite that rings already tells of nothing else."""
    alarms = {short(name): one for name, one in resources(paged, "AWS::CloudWatch::Alarm").items()}
    refused = alarms["HealthAlarmsAcknowledgementsRefused"]
    [unwell] = resources(paged, "AWS::CloudWatch::CompositeAlarm").values()
    assert "AcknowledgementsRefused" not in read(unwell["AlarmRule"])
    assert refused["AlarmActions"] == refused["OKActions"] == unwell["AlarmActions"]


def test_a_chat_invokes_the_function_and_needs_no_address(tmp_path: Path) -> None:
    found = _made("chat", tmp_path)
    assert resources(found, "AWS::Lambda::Url") == {}
    assert "AcknowledgeFunction" in found["Outputs"]
    assert "PagerDutyAcknowledgements" not in found["Outputs"]
    assert not any("secret" in on for _, on in granted(found, "FunctionsAcknowledge"))


def test_where_nothing_comes_back_nothing_stands_there(template: Resource) -> None:
    assert not [name for name in template["Resources"] if "Acknowledge" in name]
    assert resources(template, "AWS::Lambda::Url") == {}

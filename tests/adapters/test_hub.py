"""docs/hub.md: what a hub asks of other accounts, beside what the policies there let it do."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from botocore.client import BaseClient

from gatewatch.adapters.aws.identities import AwsIdentities
from gatewatch.adapters.aws.sns import SnsPublisher
from gatewatch.adapters.secrets import read_in_account
from gatewatch.config.author import load
from gatewatch.config.canonical import AssumedRole, SecretRef, within
from gatewatch.gateway.url import parse
from gatewatch.notices.notice import Notice
from gatewatch.notices.origin import Origin
from gatewatch.ports import SecretError
from gatewatch.service.ports import UndeliveredError
from tests.builders import verdict
from tests.service.test_ledger import PASS, heard, looked

PAGE = Path(__file__).parents[2] / "docs" / "hub.md"
ROLE = "arn:aws:iam::777788889999:role/gatewatch-caller"
SECRET = "arn:aws:secretsmanager:eu-west-1:777788889999:secret:partner-AbCdEf"
TOPIC = "arn:aws:sns:eu-west-1:777788889999:on-call"
URL = "https://abc123.execute-api.eu-west-1.amazonaws.com/prod"
CONFIG = f"""
credentials:
  caller: {{sigv4: {{role: "{ROLE}", external_id: gatewatch}}}}
  partner: {{api_key: {{secret: "{SECRET}"}}}}
notify: [{{sns: "{TOPIC}"}}]
apis:
  orders:
    url: {URL}
    routes:
      - GET /orders: {{access: protected, guarded_by: iam, as: [caller, partner]}}
"""
NAMES = {
    "EXTERNAL_ID": "gatewatch",
    "SECRET_ARN": SECRET,
    "TOPIC_ARN": TOPIC,
    "REGION": "eu-west-1",
    "ACCOUNT": "777788889999",
    "API_ID": "abc123",
    "STAGE": "prod",
}
Asked = tuple[str, str, str, dict[str, Any]]
"""(service, operation, region, parameters)."""


def _policies() -> dict[str, dict[str, Any]]:
    """The one statement of each policy by its heading's last word and its action."""
    text = PAGE.read_text()
    for name, value in NAMES.items():
        text = re.sub(rf"\b{name}\b", value, text)
    found: dict[str, dict[str, Any]] = {}
    for section in re.split(r"^### ", text, flags=re.MULTILINE):
        for written in re.findall(r"```json\n(.*?)```", section, re.DOTALL):
            [statement] = json.loads(written)["Statement"]
            found[f"{section.splitlines()[0]}: {statement['Action']}"] = statement
    return found


@contextlib.contextmanager
def _asking(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Asked]]:
    asked: list[Asked] = []
    call = BaseClient._make_api_call

    def noting(client: Any, operation: str, parameters: dict[str, Any]) -> Any:
        service = client.meta.service_model.service_name
        asked.append((service, operation, client.meta.region_name, parameters))
        return call(client, operation, parameters)

    with monkeypatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", noting)
        yield asked


def test_policies_allow_what_a_hub_asks_of_other_accounts(
    aws: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = load(CONFIG, "hub.yaml")
    [role] = within(config, AssumedRole)
    [secret] = within(config, SecretRef)
    [channel] = config.notify
    [incident] = heard(looked(PASS, verdict())).incidents
    notice = Notice(
        message_id="m",
        kind="opened",
        at=incident.opened_at,
        incident=incident,
        channel=channel.topic,
    )
    with _asking(monkeypatch) as asked:
        AwsIdentities().role_keys(role)
        # The emulated account has neither; what counts is what is asked.
        with pytest.raises(SecretError):
            read_in_account(secret)
        with pytest.raises(UndeliveredError):
            SnsPublisher(TOPIC, Origin()).publish(notice)
    assert [(service, operation, region) for service, operation, region, _ in asked] == [
        ("sts", "AssumeRole", "us-east-1"),
        ("secretsmanager", "GetSecretValue", "eu-west-1"),
        ("sns", "Publish", "eu-west-1"),
    ]
    [assumed, read, published] = [parameters for _, _, _, parameters in asked]
    policies = _policies()
    trust, _, secret_policy, key, topic_policy, _ = policies.values()
    assert trust["Condition"] == {"StringEquals": {"sts:ExternalId": assumed["ExternalId"]}}
    assert secret_policy["Resource"] == read["SecretId"]
    assert (
        key["Condition"]["StringEquals"]["kms:ViaService"]
        == "secretsmanager.eu-west-1.amazonaws.com"
    )
    assert topic_policy["Resource"] == published["TopicArn"]
    assert [one["Action"] for one in policies.values()] == [
        "sts:AssumeRole",
        "execute-api:Invoke",
        "secretsmanager:GetSecretValue",
        "kms:Decrypt",
        "sns:Publish",
        "execute-api:Invoke",
    ]


def test_a_role_may_make_the_calls_that_are_signed_with_it() -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-iam-policy-resource-format.html"""
    [api] = load(CONFIG, "hub.yaml").apis
    [route] = api.routes
    address = parse(api.entrances[0].url)
    called = (
        f"arn:aws:execute-api:{address.region}:777788889999:{address.api_id}/{address.stage}/"
        f"{route.method}{route.target}"
    )
    allowed = _policies()["An API that demands SigV4: execute-api:Invoke"]["Resource"]
    assert fnmatchcase(called, allowed)


def test_roles_of_the_hub_are_the_ones_that_are_let_in() -> None:
    principals = [one.get("Principal", "*") for one in _policies().values()]
    assert {one["AWS"] for one in principals if one != "*"} == {"PROBE_ROLE", "INCIDENTS_ROLE"}

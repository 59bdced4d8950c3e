"""URLs of Parameter Store: the template names them, CloudFormation reads them when it deploys."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gatewatch.config.problems import ConfigError
from gatewatch_cdk.stack import GatewatchStack
from tests.infra import templates
from tests.infra.templates import Resource, read, resources

TEXT = """
credentials:
  key: {api_key: {secret: gatewatch/partner}}
apis:
  orders:
    url: {ssm: /orders/url}
    also_at: [https://api.example.com]
    routes: [GET /orders: {access: protected, guarded_by: api_key, as: [key]}]
  stock:
    url: {ssm: /stock/url}
    closed_at: [{ssm: /orders/url}]
    routes: [GET /stock: public]
"""


def _stack(folder: Path, text: str) -> GatewatchStack:
    file = folder / "gatewatch.yaml"
    file.write_text(text)
    return GatewatchStack(templates.new_app(), "Gatewatch", config=file, code=templates.sources())


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> GatewatchStack:
    return _stack(tmp_path_factory.mktemp("config"), TEXT)


@pytest.fixture(scope="module")
def template(stack: GatewatchStack) -> Resource:
    return templates.of(stack)


def _made(template: Resource) -> Resource:
    [made] = resources(template, "Custom::GatewatchConfiguration").values()
    return made


def _asset(stack: GatewatchStack, name: str) -> str:
    folder = Path(stack.node.root.synth().directory)  # type: ignore[attr-defined]
    return (folder / f"asset.{_made(templates.of(stack))[name]}").read_text()


def test_cloudformation_reads_each_parameter_once(template: Resource) -> None:
    kind = "AWS::SSM::Parameter::Value<String>"
    found = [one["Default"] for one in template["Parameters"].values() if one["Type"] == kind]
    own = [one for one in found if not one.startswith("/cdk-bootstrap/")]
    assert sorted(own) == ["/orders/url", "/stock/url"]


def test_the_seed_is_told_which_value_stands_for_what(template: Resource) -> None:
    made = _made(template)
    names = made["Parameters"]
    assert names == {
        "https://parameter-1.invalid": "/orders/url",
        "https://parameter-2.invalid": "/stock/url",
    }
    for placeholder, value in made["Urls"].items():
        [logical_id] = value.values()
        assert template["Parameters"][logical_id]["Default"] == names[placeholder]


def test_a_credential_is_bound_to_what_the_parameter_holds(stack: GatewatchStack) -> None:
    allowed = json.loads(_asset(stack, "Allowed"))
    assert allowed["credentials"] == {"key": ["api.example.com:443", "parameter-1.invalid:443"]}
    assert "/orders/url" not in _asset(stack, "Configuration")


def test_nobody_is_granted_the_parameters(template: Resource) -> None:
    assert "ssm:GetParameter" not in {action for action, _ in templates.granted(template, "")}
    assert read(_made(template)["Bucket"]) == "<ConfigurationBucket>"


def test_calls_with_the_own_identity_need_a_url_that_is_known(tmp_path: Path) -> None:
    text = TEXT.replace("{api_key: {secret: gatewatch/partner}}", "{sigv4: {region: eu-west-1}}")
    with pytest.raises(ConfigError, match=r"apis\.orders: expected its URLs written out, or"):
        _stack(tmp_path, text)

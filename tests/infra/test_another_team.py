"""The whole app of another team, in a Stage of its own: what is deployed is what dispatch takes."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import msgspec
import pytest

from gatewatch.config.canonical import Config
from gatewatch.service.published import Allowed, read_published
from gatewatch_cdk.monitor import GatewatchMonitor
from gatewatch_cdk.seed import index
from tests.infra import another_team as team
from tests.infra.templates import new_app, resources, sources

WATCHED = (
    team.rest,
    team.guarded,
    team.defaults,
    team.of_lambda,
    team.level_one,
    team.spec,
    team.spec_of_file,
    team.http,
    team.http_guarded_default,
    team.http_staged,
    team.http_spec,
    team.function_url,
    team.signed_function_url,
    team.on_domain,
    team.on_token_domain,
    team.from_offices,
    team.private,
)
CONFIG = """
credentials:
  key: {api_key: {secret: gatewatch/key}}
  own: {sigv4: {region: eu-west-1}}
apis: {}
network: {subnets: [subnet-0a1b2c3d], security_groups: [sg-0a1b2c3d], ranges: [10.20.0.0/16]}
"""
CALLED: dict[Any, Any] = {
    team.on_token_domain: {"GET /orders": {"as": ["key", "own"]}},
    team.private: {"GET /orders": {"as": ["own"]}},
    team.signed_function_url: {"GET /": {"as": ["own"]}},
}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """The folder of the assembly, and the monitor's template."""
    file = tmp_path_factory.mktemp("config") / "gatewatch.yaml"
    file.write_text(CONFIG)
    app = new_app()
    stage = cdk.Stage(app, "Prod")
    stack = cdk.Stack(stage, "Watch")
    monitor = GatewatchMonitor(stack, "Monitor", config=file, code=sources())
    for scene in WATCHED:
        api = scene(cdk.Stack(stage, scene.__name__.replace("_", "-")))
        name = scene.__name__.replace("_", "-")
        monitor.watch(api, name=name, routes=CALLED.get(scene))
    folder = Path(app.synth().get_nested_assembly("assembly-Prod").directory)
    return folder, json.loads((folder / stack.template_file).read_text())


@pytest.fixture(scope="module")
def deployed(template: tuple[Path, dict[str, Any]]) -> tuple[Config, Allowed]:
    """As the seed writes it, with the URLs of a deployment; as dispatch reads it."""
    folder, made = template
    [seeded] = resources(made, "Custom::GatewatchConfiguration").values()
    urls = {one: f"https://api{at}.example.com/prod/" for at, one in enumerate(seeded["Urls"])}

    def filled(name: str) -> bytes:
        asset = Path(folder.parent, f"asset.{seeded[name]}")
        return index._filled(asset.read_bytes(), urls)

    body = filled("Configuration")
    allowed = msgspec.json.decode(filled("Allowed"), type=Allowed)
    return read_published(body, sha256(body).hexdigest(), allowed), allowed


def test_every_api_is_published(deployed: tuple[Config, Allowed]) -> None:
    names = {scene.__name__.replace("_", "-") for scene in WATCHED}
    assert {one.name for one in deployed[0].apis} == names


def test_every_api_has_routes(deployed: tuple[Config, Allowed]) -> None:
    bare = [api.name for api in deployed[0].apis if not api.routes]
    assert bare == []


def test_nothing_is_left_for_the_deployment_to_fill_in(deployed: tuple[Config, Allowed]) -> None:
    left = [one.url for api in deployed[0].apis for one in api.entrances if ".invalid" in one.url]
    assert left == []


def test_own_calls_are_granted_by_the_kind_of_api(template: tuple[Path, dict[str, Any]]) -> None:
    found = {
        (role, action)
        for name, one in resources(template[1], "AWS::IAM::Policy").items()
        for role in ("Probe", "Twin")
        if role in name
        for statement in one["PolicyDocument"]["Statement"]
        for action in _listed(statement["Action"])
        if action.startswith(("execute-api:", "lambda:"))
    }
    assert found == {
        ("Probe", "execute-api:Invoke"),
        ("Probe", "lambda:InvokeFunction"),
        ("Probe", "lambda:InvokeFunctionUrl"),
        ("Twin", "execute-api:Invoke"),
    }


def test_a_function_may_be_called_by_its_url_only(template: tuple[Path, dict[str, Any]]) -> None:
    found = [
        (role, statement.get("Condition"))
        for name, one in resources(template[1], "AWS::IAM::Policy").items()
        for role in ("Probe", "Verify")
        if f"Functions{role}Role" in name
        for statement in one["PolicyDocument"]["Statement"]
        if "lambda:InvokeFunction" in _listed(statement["Action"])
        and "FunctionUrl" in json.dumps(statement["Resource"])
    ]
    by_url = {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}}
    assert sorted(found) == [("Probe", by_url), ("Verify", by_url)]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]

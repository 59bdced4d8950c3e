"""A configuration of several files in a CDK app, with the APIs of the app beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_apigateway as apigateway

from gatewatch.config.problems import ConfigError
from gatewatch_cdk.monitor import GatewatchMonitor
from tests.infra.templates import new_app, of, resources, sources

TEAM = """\
credentials:
  partner: {api_key: {secret: orders/partner}}
apis:
  orders:
    url: https://orders.example.com
    routes:
      - GET /orders: {access: protected, guarded_by: api_key, as: [partner]}
"""


def _written(folder: Path, files: Mapping[str, str]) -> Path:
    (folder / "teams").mkdir()
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder / "gatewatch.yaml"


def _watched(stack: cdk.Stack) -> apigateway.RestApi:
    api = apigateway.RestApi(stack, "Rest", default_integration=apigateway.MockIntegration())
    api.root.add_method("GET", api_key_required=True)
    return api


def _deployed(app: cdk.App, stack: cdk.Stack) -> Any:
    assembly = app.synth()
    [made] = resources(of(stack), "Custom::GatewatchConfiguration").values()
    name = f"asset.{made['Configuration']}"
    return json.loads((Path(assembly.directory) / name).read_text())


def test_apis_of_included_files_and_of_the_app_are_one_configuration(tmp_path: Path) -> None:
    """A window and a channel of the file may be for an API of the app, that is watched later."""
    topic = "arn:aws:sns:us-east-1:111122223333:billing"
    more = (
        "maintenance: [{cron: 0 2 * * *, for: 1h, apis: [billing]}]\n"
        f"notify: [{{sns: '{topic}', apis: [billing]}}]\n"
    )
    files = {"gatewatch.yaml": "include: [teams/*.yaml]\n", "teams/orders.yaml": TEAM + more}
    app = new_app()
    stack = cdk.Stack(app, "Included")
    monitor = GatewatchMonitor(stack, "Monitor", config=_written(tmp_path, files), code=sources())
    monitor.watch(_watched(stack), name="billing", routes={"GET /": {"as": ["partner"]}})
    found = _deployed(app, stack)
    assert [api["name"] for api in found["apis"]] == ["billing", "orders"]
    assert [len(one["hosts"]) for one in found["credentials"]] == [2]
    assert found["maintenance"][0]["apis"] == found["notify"][0]["apis"] == ["billing"]


def test_files_with_credentials_alone_wait_for_the_apis_of_the_app(tmp_path: Path) -> None:
    files = {
        "gatewatch.yaml": "include: [teams/*.yaml]\n",
        "teams/orders.yaml": TEAM.partition("apis")[0],
    }
    app = new_app()
    stack = cdk.Stack(app, "Waiting")
    monitor = GatewatchMonitor(stack, "Monitor", config=_written(tmp_path, files), code=sources())
    monitor.watch(_watched(stack), name="billing", routes={"GET /": {"as": ["partner"]}})
    assert [api["name"] for api in _deployed(app, stack)["apis"]] == ["billing"]


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"teams/orders.yaml": TEAM.replace("access", "acces")}, r"teams/orders\.yaml:7: .*acces"),
        ({}, r"gatewatch\.yaml:1: include\[0\]: .*matches no file"),
    ],
)
def test_a_problem_of_an_included_file_stops_the_app_at_once(
    tmp_path: Path, files: Mapping[str, str], told: str
) -> None:
    file = _written(tmp_path, {"gatewatch.yaml": "include: [teams/*.yaml]\n", **files})
    with pytest.raises(ConfigError, match=told):
        GatewatchMonitor(cdk.Stack(new_app(), "Wrong"), "Monitor", config=file, code=sources())


def test_an_api_of_the_app_and_one_of_a_file_need_names_of_their_own(tmp_path: Path) -> None:
    files = {"gatewatch.yaml": "include: [teams/*.yaml]\n", "teams/orders.yaml": TEAM}
    stack = cdk.Stack(new_app(), "Twice")
    monitor = GatewatchMonitor(stack, "Monitor", config=_written(tmp_path, files), code=sources())
    with pytest.raises(ConfigError, match=r"apis\.orders: an API of this name is watched"):
        monitor.watch(_watched(stack), name="orders")

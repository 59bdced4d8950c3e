"""A monitor's outputs in any stack, and the commands that messages and alarms name."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template

import gatewatch
from gatewatch.adapters.aws.cloudformation import monitors
from gatewatch_cdk.monitor import GatewatchMonitor
from tests.infra.templates import ROOT, Resource, named, new_app, of, read, resources, sources

CONFIG = "apis: {a: {url: https://a.example.com, routes: [GET /: public]}}"
OURS = [
    "ConfigBucket",
    "ConfigPointer",
    "StateTable",
    "IncidentsTopic",
    "AlarmsTopic",
    "VerifyFunction",
]
WHAT_RUNS = ["Version", "Deployment"]
FUNCTIONS = [
    f"{name}{what}"
    for name in ("Dispatch", "Probe", "Incidents", "Verify")
    for what in ("Log", "Role")
]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("config") / "gatewatch.yaml"
    found.write_text(CONFIG)
    return found


def _monitor(scope: Any, name: str, file: Path, **options: Any) -> GatewatchMonitor:
    return GatewatchMonitor(scope, name, config=file, code=sources(), **options)


def _outputs(template: Resource) -> dict[str, str]:
    return {name: read(one["Value"]) for name, one in template["Outputs"].items()}


def _environment(template: Resource) -> Resource:
    function = named(template, "AWS::Lambda::Function", "FunctionsIncidentsFunction")
    return dict(function["Environment"]["Variables"])


def test_the_stack_of_make_deploy_keeps_its_names(template: Resource) -> None:
    found = _outputs(template)
    assert set(found) == {*OURS, *WHAT_RUNS, *FUNCTIONS}
    assert found["Version"] == gatewatch.__version__
    assert found["Deployment"] == "Gatewatch"
    assert found["ProbeLog"] == "<FunctionsProbeLog>"
    assert found["ProbeRole"] == "<FunctionsProbeRole.Arn>"
    assert found["AlarmsTopic"] == "<TopicsAlarms>"
    assert found["VerifyFunction"] == "<FunctionsVerifyFunction>"


def test_the_twin_has_a_log_and_a_role_too(private_template: Resource) -> None:
    found = _outputs(private_template)
    assert found["TwinLog"] == "<FunctionsTwinLog>"
    assert found["TwinRole"] == "<FunctionsTwinRole.Arn>"


def test_whoever_a_policy_of_another_account_names_is_an_output(private_template: Resource) -> None:
    page = (ROOT / "docs" / "hub.md").read_text()
    named_there = set(re.findall(r"`((?:Probe|Twin|Incidents)Role)`", page))
    assert named_there == {"ProbeRole", "TwinRole", "IncidentsRole"}
    assert named_there <= set(_outputs(private_template))


def test_elsewhere_each_begins_with_the_monitors_path(file: Path) -> None:
    stack = cdk.Stack(new_app(), "Orders")
    cdk.CfnOutput(stack, "StateTable", value="a team's own")
    _monitor(cdk.aws_iam.Role(stack, "Ops", assumed_by=cdk.aws_iam.AnyPrincipal()), "My-Mon", file)
    found = _outputs(of(stack))
    assert set(found) == {"StateTable", *(f"OpsMyMon{one}" for one in OURS + WHAT_RUNS + FUNCTIONS)}
    assert set(monitors(found)) == {"OpsMyMon"}
    assert "GATEWATCH_MONITOR" not in _environment(of(stack))


def test_two_monitors_of_a_stack_do_not_collide_and_are_told_apart(file: Path) -> None:
    stack = cdk.Stack(new_app(), "Orders")
    _monitor(stack, "Shop", file)
    _monitor(stack, "Desk", file, deployment="orders-desk")
    template = of(stack)
    assert set(monitors(_outputs(template))) == {"Desk", "Shop"}
    for name in ("Desk", "Shop"):
        function = named(template, "AWS::Lambda::Function", f"{name}FunctionsIncidentsFunction")
        assert function["Environment"]["Variables"]["GATEWATCH_MONITOR"] == name
        assert function["Environment"]["Variables"]["GATEWATCH_STACK"] == "Orders"
        alarms = [
            read(one["AlarmDescription"])
            for kind in ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")
            for logical, one in resources(template, kind).items()
            if logical.startswith(name)
        ]
        command = "gatewatch incidents --open --stack Orders --region <AWS::Region>"
        naming = [one for one in alarms if command in one]
        assert naming
        assert all(f"{command} --monitor {name}" in one for one in naming)


def test_one_beside_ours_is_told_from_it(file: Path) -> None:
    stack = cdk.Stack(new_app(), "Orders")
    _monitor(stack, "Ours", file, prefix="")
    _monitor(stack, "Shop", file, deployment="shop")
    template = of(stack)
    assert set(monitors(_outputs(template))) == {"Monitor", "Shop"}
    function = named(template, "AWS::Lambda::Function", "OursFunctionsIncidentsFunction")
    assert function["Environment"]["Variables"]["GATEWATCH_MONITOR"] == "Monitor"


def test_two_of_one_deployment_are_refused(file: Path) -> None:
    stack = cdk.Stack(new_app(), "Orders")
    _monitor(stack, "Shop", file)
    with pytest.raises(ValueError, match="Orders/Shop has the deployment Orders, too"):
        _monitor(stack, "Desk", file)


@pytest.mark.parametrize(
    ("first", "second", "called"),
    [
        ({"id": "A-b"}, {"id": "Ab"}, "Ab"),
        ({"id": "One", "prefix": "Ops"}, {"id": "Ops"}, "Ops"),
        ({"id": "Ours", "prefix": ""}, {"id": "Monitor"}, "Monitor"),
    ],
    ids=["but for a dash", "given", "what ours is called"],
)
def test_two_that_commands_cannot_tell_apart_are_refused(
    first: dict[str, str], second: dict[str, str], called: str, file: Path
) -> None:
    stack = cdk.Stack(new_app(), "Orders")
    _monitor(stack, first.pop("id"), file, **first)
    told = f"is called {called} in outputs and commands, too; expected another one: prefix=…"
    with pytest.raises(ValueError, match=told):
        _monitor(stack, second.pop("id"), file, deployment="other", **second)


def test_in_a_nested_stack_the_stack_of_the_user_is_named(file: Path) -> None:
    """The name of a nested one is made up when it is deployed."""
    top = cdk.Stack(new_app(), "Orders")
    nested = cdk.NestedStack(top, "Watch")
    _monitor(nested, "Monitor", file)
    inner = dict(Template.from_stack(nested).to_json())
    outer = of(top)
    assert set(monitors(_outputs(outer))) == {"WatchMonitor"}
    assert _outputs(outer)["WatchMonitorDeployment"] == "Orders"
    assert _environment(inner)["GATEWATCH_STACK"] == "Orders"
    assert _environment(inner)["GATEWATCH_DEPLOYMENT"] == "Orders"
    [board] = resources(inner, "AWS::CloudWatch::Dashboard").values()
    assert read(board["DashboardName"]) == "Orders-<AWS::Region>"
    for one in resources(inner, "AWS::CloudWatch::Alarm").values():
        for dimension in one.get("Dimensions", []):
            if dimension["Name"] == "deployment":
                assert dimension["Value"] == "Orders"
        if "gatewatch incidents" in read(one["AlarmDescription"]):
            assert "--stack Orders --region <AWS::Region>" in read(one["AlarmDescription"])


def test_no_token_is_baked_into_a_text(file: Path) -> None:
    top = cdk.Stack(new_app(), "Orders")
    nested = cdk.NestedStack(top, "Watch")
    _monitor(nested, "Monitor", file)
    for stack in (top, nested):
        assert "${Token[" not in str(Template.from_stack(stack).to_json())
        assert "Token-" not in str(Template.from_stack(stack).to_json())

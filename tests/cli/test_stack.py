"""Which monitor a command means, among the outputs of a stack."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gatewatch.adapters.aws.cloudformation import monitors
from gatewatch.model import Finding
from gatewatch.notices.origin import Origin
from gatewatch.service.ledger import Ledger
from handlers import wiring
from tests.cli.test_on_call import Command, command, some_incidents
from tests.deployed import monitor_outputs, stack_with, table

__all__ = ["command"]
COMMANDS = [["incidents"], ["ack", "ID"], ["push"], ["pull"], ["rollback"]]


@pytest.mark.parametrize(
    ("outputs", "found"),
    [
        (monitor_outputs(), {"Monitor": "StateTable"}),
        (monitor_outputs("Ops"), {"Ops": "OpsStateTable"}),
        (
            {**monitor_outputs("Ops"), **monitor_outputs("OpsEast")},
            {"Ops": "OpsStateTable", "OpsEast": "OpsEastStateTable"},
        ),
        ({**monitor_outputs("Ops"), "StateTable": "a team's own"}, {"Ops": "OpsStateTable"}),
        ({"OrdersStateTable": "x", "OrdersConfigBucket": "y"}, {}),
        ({}, {}),
    ],
    ids=["ours", "prefixed", "one's name begins the other's", "a team's own", "half", "none"],
)
def test_a_monitor_is_found_by_its_outputs(outputs: dict[str, str], found: dict[str, str]) -> None:
    told = {name: name for name in outputs}
    assert {name: one["StateTable"] for name, one in monitors(told).items()} == found


def test_each_of_two_monitors_in_a_stack_is_operated(aws: None, command: Command) -> None:
    _, known, _ = some_incidents()
    stores = {"Ops": table(), "Shop": table()}
    stores["Shop"].file(known)
    stores["Shop"].latch("orders", "GET /x", "https://a", Finding.PROTECTED_ROUTE_OPEN)
    outputs = {
        name: value
        for prefix, store in stores.items()
        for name, value in monitor_outputs(prefix, StateTable=store._name).items()
    }
    where = ["--stack", stack_with(outputs)]
    assert command("incidents", *where, "--monitor", "Ops") == 0
    assert "no incidents" in command.out
    assert command("incidents", known.id, *where, "--monitor", "Shop") == 0
    assert f"gatewatch ack {known.id} --stack {where[1]} --monitor Shop" in command.out
    assert command("ack", known.id, *where, "--monitor", "Shop") == 0
    assert stores["Shop"].acknowledged() == {"orders"}
    assert stores["Ops"].acknowledged() == frozenset()


@pytest.mark.parametrize("asked", COMMANDS, ids=lambda asked: asked[0])
@pytest.mark.parametrize(
    ("outputs", "options", "said"),
    [
        ({"ApiUrl": "https://a"}, [], "no monitor is among its outputs"),
        (
            {**monitor_outputs("Ops"), **monitor_outputs("Shop")},
            [],
            "it has 2 monitors; add --monitor: Ops, Shop",
        ),
        (
            {**monitor_outputs("Ops"), **monitor_outputs("Shop")},
            ["--monitor", "Shpo"],
            "it has no monitor Shpo (did you mean Shop?); it has Ops, Shop",
        ),
    ],
    ids=["none", "several", "another"],
)
def test_a_monitor_that_is_not_meant_is_one_line(
    aws: None,
    command: Command,
    asked: list[str],
    outputs: dict[str, str],
    options: list[str],
    said: str,
) -> None:
    Path("gatewatch.yaml").write_text(
        "apis: {a: {url: https://a.example.com, routes: [GET /: public]}}"
    )
    name = stack_with(outputs)
    assert command(*asked, "--stack", name, *options) == 3
    [line] = command.err.splitlines()
    assert line.startswith(f"gatewatch: stack {name}: ")
    assert said in line


@pytest.mark.parametrize("option", ["--region", "--monitor"])
def test_where_it_is_deployed_needs_a_stack(
    command: Command, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    assert command("incidents", option, "x") == 3
    assert f"{option}: only with --stack" in command.err


def test_a_message_names_the_monitor_where_the_stack_has_several() -> None:
    origin = Origin(region="eu-west-1", stack="Orders", monitor="Shop")
    command = origin.command("incidents", "01M")
    assert command == "gatewatch incidents 01M --stack Orders --region eu-west-1 --monitor Shop"


def test_each_incident_says_which_of_many_deployments_it_is_from(
    aws: None, command: Command
) -> None:
    _, known, _ = some_incidents()
    store = table()
    store.file(known)
    topic = "arn:aws:sns:eu-west-1:111122223333:Gatewatch-Incidents"
    outputs = monitor_outputs(StateTable=store._name, IncidentsTopic=topic, Deployment="shop")
    where = ["--stack", stack_with(outputs)]
    store.add_news(known.api)
    store.save_ledger(Ledger(api=known.api, incidents=(known,)))
    for asked in (["--open"], [known.id]):
        assert command("incidents", *asked, *where, "--format", "json") == 0
        told = json.loads(command.out)
        [one] = told if isinstance(told, list) else [told]
        place = {name: one[name] for name in ("account", "region", "deployment")}
        assert place == {
            "account": "111122223333",
            "region": "eu-west-1",
            "deployment": "shop",
        }
        assert one["id"] == known.id
    assert command("incidents", "--open", *where) == 0
    assert "account 111122223333, region eu-west-1, deployment shop" in command.out


def test_the_writer_names_stack_and_monitor_in_its_commands(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in {
        "GATEWATCH_DEPLOYMENT": "shop",
        "GATEWATCH_STACK": "Orders",
        "GATEWATCH_MONITOR": "Shop",
        "GATEWATCH_INCIDENTS_TOPIC": "arn:aws:sns:eu-west-1:111122223333:t",
    }.items():
        monkeypatch.setenv(name, value)
    wiring.origin.cache_clear()
    origin = wiring.origin()
    wiring.origin.cache_clear()
    assert origin.command("ack", "01M").endswith("--stack Orders --region eu-west-1 --monitor Shop")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ([], "stack Gatewatch: no AWS region is set; next: set AWS_REGION"),
        (
            ["--region", "eu-west-1"],
            "stack Gatewatch: no AWS credentials found; next: aws sts get-caller-identity",
        ),
        (
            ["--region", "virginia"],
            "--region: expected an AWS region such as eu-west-1, found 'virginia'",
        ),
    ],
    ids=["no region", "no credentials", "no such region"],
)
def test_settings_of_aws_that_are_missing_are_told_with_a_way_on(
    options: list[str], told: str, tmp_path: Path
) -> None:
    known = {name: one for name, one in os.environ.items() if not name.startswith("AWS_")}
    known |= {"HOME": str(tmp_path), "AWS_EC2_METADATA_DISABLED": "true"}
    done = subprocess.run(
        [sys.executable, "-m", "gatewatch", "status", *options],
        env=known,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (3, f"gatewatch: {told}\n")

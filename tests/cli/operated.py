"""A deployed service that ticks while a command waits for it."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest

from gatewatch.cli import waiting
from handlers import wiring
from tests.cli.test_on_call import Command
from tests.deployed import Account, monitor_outputs, stack_with


class Operated:
    """`account` is the deployed service, `command` runs with the options that name it."""

    def __init__(self, account: Account, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
        self.account = account
        self.command = command
        self.ticks = True
        outputs = monitor_outputs(
            StateTable=account.table._name,
            ConfigBucket=account.objects._bucket,
            IncidentsTopic=account.topic,
            Deployment="test",
            Version="0.0.1",
            DispatchLog="/aws/lambda/dispatch",
            IncidentsLog="/aws/lambda/incidents",
        )
        self.where = ["--stack", stack_with(outputs)]
        monkeypatch.setattr(waiting, "CLOCK", wiring.CLOCK)
        monkeypatch.setattr(waiting, "sleep", self._sleep)
        account.minutes(1)

    def _sleep(self, _: float) -> None:
        if self.ticks:
            self.account.minutes(1)

    def __call__(self, *arguments: str) -> int:
        return self.command(*arguments, *self.where)

    @property
    def out(self) -> str:
        return self.command.out

    @property
    def json(self) -> Any:
        """What was printed last: before it, functions printed their metrics."""
        return json.loads(self.command.out.splitlines()[-1])

    @property
    def err(self) -> str:
        return self.command.err

    def items(self, partition: str) -> list[dict[str, Any]]:
        """What is kept in a partition of the table."""
        return list(
            boto3.client("dynamodb").query(
                TableName=self.account.table._name,
                KeyConditionExpression="pk = :p",
                ExpressionAttributeValues={":p": {"S": partition}},
            )["Items"]
        )


def kept_metrics(printed: str) -> dict[str, list[float]]:
    """The values of the deployment's own metrics, of all that functions printed."""
    found: dict[str, list[float]] = {}
    for line in printed.splitlines():
        if '"_aws"' not in line:
            continue
        document = json.loads(line)
        [told] = document["_aws"]["CloudWatchMetrics"]
        if told["Dimensions"] == [["deployment"]]:
            for one in told["Metrics"]:
                found.setdefault(one["Name"], []).extend(document[one["Name"]])
    return found

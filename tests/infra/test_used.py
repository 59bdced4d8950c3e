"""What the functions really ask of the table, beside what their roles may ask."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient

from gatewatch.incidents.acknowledge import Ack
from gatewatch.incidents.deployments import deployment_at
from gatewatch.model import Acknowledgement, Finding
from gatewatch.service.changes.deployed import DeployedApi
from gatewatch.service.errands import Errand, ErrandKind
from handlers import incidents as writers
from handlers import probe as probes
from handlers import wiring
from tests.deployed import CONFIG, KEY, START, Account, Gateway, tick
from tests.infra.templates import Resource, leading_keys


def test_functions_ask_of_the_table_what_they_are_granted(
    template: Resource, aws: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    used = story(monkeypatch)
    for name in ("Dispatch", "Probe", "Incidents"):
        assert used[name] == leading_keys(template, f"Functions{name}"), name


def test_the_twin_may_do_in_the_table_what_the_probe_may(private_template: Resource) -> None:
    may = leading_keys(private_template, "FunctionsTwin")
    assert may == leading_keys(private_template, "FunctionsProbe")


def test_a_probe_writes_nothing_that_only_writers_and_people_write(template: Resource) -> None:
    writing = ("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems")
    may = leading_keys(template, "FunctionsProbe")
    written = {key for action, key in may if action.removeprefix("dynamodb:") in writing}
    assert written == {"deployment", "api#*", "answer"}


def _asked(operation: str, parameters: Mapping[str, Any]) -> set[tuple[str, str]]:
    """The action, and each partition that a call names."""
    match operation:
        case "Query":
            keys = [parameters["ExpressionAttributeValues"][":p"]]
        case "BatchGetItem":
            tables = parameters["RequestItems"].values()
            keys = [key["pk"] for one in tables for key in one["Keys"]]
        case _:
            keys = [(parameters.get("Key") or parameters["Item"])["pk"]]
    return {(f"dynamodb:{operation}", re.sub("^api#.*", "api#*", one["S"])) for one in keys}


@contextmanager
def _asking(monkeypatch: pytest.MonkeyPatch) -> Iterator[set[tuple[str, str]]]:
    found: set[tuple[str, str]] = set()
    call = BaseClient._make_api_call

    def noting(client: Any, operation: str, parameters: Mapping[str, Any]) -> Any:
        if client.meta.service_model.service_name == "dynamodb":
            found.update(_asked(operation, parameters))
        return call(client, operation, parameters)

    with monkeypatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", noting)
        yield found


def story(monkeypatch: pytest.MonkeyPatch) -> dict[str, set[tuple[str, str]]]:
    """An API with many routes breaks, is acknowledged, asks for more, and leaves."""
    monkeypatch.setattr(wiring, "CLOCK", type(wiring.CLOCK)())
    monkeypatch.setattr(probes, "CLOCK", wiring.CLOCK)
    gateway = Gateway()
    account = Account(gateway, monkeypatch)
    used: dict[str, set[tuple[str, str]]] = defaultdict(set)

    def minute() -> None:
        for name, work in (
            ("Dispatch", account.dispatch),
            ("Probe", lambda: account.drain(account.work, probes.handler)),
            ("Incidents", lambda: account.drain(account.changes, writers.handler)),
        ):
            with _asking(monkeypatch) as asked:
                work()
            used[name] |= asked

    small = CONFIG % {"place": gateway.place}
    more = "".join(f"      - GET /many/{number}: public\n" for number in range(20))
    account.publish(small + more)
    gateway.broken.add("/items")
    minute()
    minute()
    [incident] = account.table.open_incidents()
    who = Acknowledgement(by="user/alice", at=tick(2))
    account.table.latch("orders", "GET /items", "https://a", Finding.PROTECTED_ROUTE_OPEN)
    account.table.add_ack(
        Ack(api="orders", who=who, incidents=(incident.id,), release=("GET /items",))
    )
    minute()
    deployed = DeployedApi(api="orders", deployments=(deployment_at(START),))
    account.table.save_deployed(deployed)
    _people_ask(account, minute)
    _a_credential_breaks_at_two_apis(account, small, minute)
    account.publish(small.replace("gatewatch/partner", "payroll/root"))
    account.cool_down()
    minute()
    account.publish(small.replace("  orders:", "  others:"))
    minute()
    assert "orders" not in account.table.records()
    gateway.close()
    return used


def _people_ask(account: Account, minute: Callable[[], None]) -> None:
    """For looks at once, a test message, a pause and its end."""
    pause = "2" * 32
    asked = (
        Errand(id="0" * 32, kind=ErrandKind.LOOKS, at=tick(3), by="user/alice"),
        Errand(id="1" * 32, kind=ErrandKind.TEST, at=tick(3), by="user/alice"),
        Errand(id=pause, kind=ErrandKind.PAUSE, at=tick(3), by="user/alice", until=tick(30)),
        Errand(id="3" * 32, kind=ErrandKind.RESUME, at=tick(3), by="user/alice", ends=(pause,)),
    )
    for one in asked:
        account.table.add_errand(one)
    minute()
    minute()


def _a_credential_breaks_at_two_apis(
    account: Account, text: str, minute: Callable[[], None]
) -> None:
    """Their writers agree on who tells of it, and withdraw what they noted once it is back."""
    account.publish(text + text.partition("apis:\n")[2].replace("  orders:", "  returns:", 1))
    secrets = boto3.client("secretsmanager")
    name = "gatewatch/partner"
    secrets.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
    account.cool_down()
    minute()
    minute()
    secrets.create_secret(Name=name, SecretString=KEY)
    account.cool_down()
    minute()
    minute()

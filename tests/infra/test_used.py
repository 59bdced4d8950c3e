"""What the functions really ask of the table, beside what their roles may ask."""

from __future__ import annotations

from collections import defaultdict

import pytest

from gatewatch.incidents.acknowledge import Ack
from gatewatch.model import Acknowledgement, Finding
from handlers import incidents as writers
from handlers import probe as probes
from handlers import wiring
from tests.deployed import CONFIG, Account, Gateway, tick, using
from tests.infra.templates import Resource, granted


def test_functions_ask_of_the_table_what_they_are_granted(
    template: Resource, aws: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    used = story(monkeypatch)
    for name in ("Dispatch", "Probe", "Incidents"):
        may = {action for action, on in granted(template, f"Functions{name}") if "Table" in on}
        assert used[name] == may, name


def story(monkeypatch: pytest.MonkeyPatch) -> dict[str, set[str]]:
    """An API with many routes breaks, is acknowledged, asks for more, and leaves."""
    monkeypatch.setattr(wiring, "CLOCK", type(wiring.CLOCK)())
    monkeypatch.setattr(probes, "CLOCK", wiring.CLOCK)
    gateway = Gateway()
    account = Account(gateway, monkeypatch)
    used: dict[str, set[str]] = defaultdict(set)

    def minute() -> None:
        for name, work in (
            ("Dispatch", account.dispatch),
            ("Probe", lambda: account.drain(account.work, probes.handler)),
            ("Incidents", lambda: account.drain(account.changes, writers.handler)),
        ):
            with using(monkeypatch) as asked:
                work()
            used[name] |= {one for one in asked if one.startswith("dynamodb:")}

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
    account.publish(small.replace("gatewatch/partner", "payroll/root"))
    account.cool_down()
    minute()
    account.publish(small.replace("  orders:", "  others:"))
    minute()
    assert "orders" not in account.table.records()
    gateway.close()
    return used

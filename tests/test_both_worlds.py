"""The same fault through a run and through dispatch, probe and writer: the same is made of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gatewatch.sandbox import orders
from gatewatch.sandbox.faults import FAULTS
from gatewatch.service.shards import Shard

from .worlds import Side, Worlds, comparable, everything, worlds


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Worlds]:
    with worlds(tmp_path) as found:
        yield found


def verdicts(side: Side) -> list[object]:
    return [comparable(one) for one in side.verdicts]


def incidents(side: Side) -> dict[str, object]:
    return {name: comparable(one) for name, one in side.incidents.items()}


def _are_apart(shards: list[Shard], *routes: str) -> bool:
    """Whether no shard has two of these routes of the REST API."""
    of_orders = [api for shard in shards for api in shard.apis if api.name == "orders"]
    known = [{route.name for route in api.routes} for api in of_orders]
    return len(known) > 1 and all(len(one & set(routes)) < 2 for one in known)


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_the_same_story_in_both_worlds(both: Worlds, name: str) -> None:
    both.minutes()
    healthy = both.local.sandbox.world
    both.change(FAULTS[name].apply)
    for _ in range(2):
        both.minutes()
        assert verdicts(both.local) == verdicts(both.account)
    assert _are_apart(both.account.shards, "GET /orders", "GET /reports")
    assert incidents(both.local) == incidents(both.account)
    assert both.local.said == both.account.said
    both.change(lambda _: healthy)
    both.minutes(2)
    assert incidents(both.local) == incidents(both.account)
    assert both.local.said == both.account.said


def test_what_breaks_with_a_deployment_names_it_in_both_worlds(both: Worlds) -> None:
    both.change(FAULTS["key_rotated"].apply)
    both.minutes()
    for side in both.sides:
        side.deployed()
    both.change(FAULTS["route_deleted"].apply)
    both.minutes(3)
    for side in both.sides:
        named = {one.cause: one.preceded_by for one in side.incidents.values()}
        assert named == {
            "api_key_invalid": None,
            "route_not_found": "deployment at 2026-11-22T09:01:30Z",
        }


def dead_host(_: str, __: str) -> str:
    """Forty routes of every sort at a port where nobody listens."""
    reads = [
        f"      - GET /r{n}: {{access: {'public' if n % 3 else 'protected'}}}" for n in range(36)
    ]
    writes = [f"      - POST /w{n}: {{access: protected}}" for n in range(4)]
    return "\n".join(
        (
            "defaults: {every: 1m, anonymous_every: 1m}",
            "apis:",
            "  orders:",
            "    url: https://api.example.com",
            "    connect_to: 127.0.0.1:1",
            "    routes:",
            *reads,
            *writes,
        )
    )


def test_a_dead_host_of_forty_routes_is_one_story_and_is_said_once(tmp_path: Path) -> None:
    with worlds(tmp_path, dead_host) as both:
        both.minutes(8)
        for side in (both.local, both.account):
            assert len(side.verdicts) == 40
            assert {(one.finding, one.scope) for one in side.verdicts} == {
                ("refused", "host 127.0.0.1:1")
            }
            assert "pass" not in {one.outcome for one in side.verdicts}
            [(_, kind, _, line, _)] = side.said
            assert (kind, line) == (
                "opened",
                "orders: all 40 routes refused at network (connect_failure)",
            )


def test_a_credential_that_is_gone_is_one_story_at_once_and_ends_with_it(tmp_path: Path) -> None:
    secrets = dict(orders.SECRETS)
    token = secrets.pop("SANDBOX_USER_TOKEN")
    with worlds(tmp_path, everything, secrets) as both:
        both.minutes()
        for side in (both.local, both.account):
            told = [one for one in side.incidents.values() if one.api == "orders"]
            [(scope, finding)] = [(one.scope, one.finding) for one in told]
            assert (scope, finding) == ("credential user", "credential_unreadable")
            assert {one.route for one in told[0].members} == {"GET /orders", "GET /orders/{id}"}
            assert (told[0].owner, told[0].severity) == ("caller", "high")
        assert incidents(both.local) == incidents(both.account)
        secrets["SANDBOX_USER_TOKEN"] = token
        both.minutes(3)
        assert {one.state for one in both.local.incidents.values()} == {"resolved"}
        assert incidents(both.local) == incidents(both.account)
        assert both.local.said == both.account.said


def test_an_outage_does_not_end_because_a_credential_is_gone(tmp_path: Path) -> None:
    secrets = dict(orders.SECRETS)
    with worlds(tmp_path, everything, secrets) as both:
        both.minutes()
        both.change(FAULTS["authorizer_broken"].apply)
        both.minutes(2)
        del secrets["SANDBOX_USER_TOKEN"]
        both.minutes(2)
        for side in (both.local, both.account):
            found = [one for one in side.incidents.values() if one.api == "orders"]
            [outage] = [one for one in found if one.finding == "refused"]
            assert outage.state == "open"
            assert all(one.until is None for one in outage.members)
        assert incidents(both.local) == incidents(both.account)

"""The same fault through a run and through dispatch, probe and writer: the same is made of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gatewatch.sandbox.faults import FAULTS
from gatewatch.service.shards import Shard

from .worlds import Side, Worlds, comparable, worlds


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

"""Every fault of the sandbox, seen by the real prober with looks alone, and what is said of it."""

from __future__ import annotations

import pytest
from bench.faults import Row, rows

from gatewatch.diagnosis.causes import catalogue
from gatewatch.sandbox import orders
from gatewatch.sandbox.faults import FAULTS

# What the diagnosis does not find yet; each is proven to be so, so that none stays here for ever.
OPEN = {
    "slow_deployment": "mixed answers of a deployment under way fit no single cause",
}
CONFIDENTLY_WRONG: set[str] = set()


@pytest.fixture(scope="module")
def found() -> dict[str, Row]:
    return {row.fault.name: row for row in rows()}


@pytest.mark.parametrize("name", FAULTS)
def test_the_true_cause_survives(found: dict[str, Row], name: str) -> None:
    assert found[name].has_truth is (name not in OPEN), found[name].survivors


@pytest.mark.parametrize("name", FAULTS)
def test_nothing_is_confidently_wrong(found: dict[str, Row], name: str) -> None:
    assert found[name].is_confidently_wrong is (name in CONFIDENTLY_WRONG)


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_seen_only_while_it_is_on(name: str) -> None:
    """Its world differs from the healthy one, and the healthy one is left as it was."""
    healthy = orders.world()
    assert FAULTS[name].apply(healthy) != healthy
    assert healthy == orders.world()


def test_a_timeout_takes_its_time(found: dict[str, Row]) -> None:
    for exchange in found["function_slow"].exchanges:
        assert exchange.response.elapsed_ms is not None
        assert exchange.response.elapsed_ms >= 50


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_declares_a_cause_of_the_catalogue(name: str) -> None:
    assert FAULTS[name].cause == "ok" or FAULTS[name].cause in catalogue()

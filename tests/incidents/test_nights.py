"""What on-call hears in a night, in both worlds. `make nights` prints it."""

from __future__ import annotations

from pathlib import Path

import pytest

from gatewatch.sandbox.faults import FAULTS
from tests.nights.each_fault import heard_of
from tests.nights.night import differences, live_through
from tests.nights.stories import NIGHTS


@pytest.mark.parametrize("name", NIGHTS)
def test_on_call_hears_what_happened_once(name: str, tmp_path: Path) -> None:
    night = NIGHTS[name]
    assert differences(night, live_through(night, tmp_path)) == []


UNWATCHED = {"cdn_reads_only", "route_not_deployed", "root_forgotten", "truststore_replaced"}
"""They change what nobody has configured."""


@pytest.mark.parametrize("name", sorted(FAULTS.keys() - UNWATCHED))
def test_each_incident_is_told_once_at_the_default_intervals(name: str, tmp_path: Path) -> None:
    said, wrong = heard_of(name, tmp_path)
    assert said
    assert wrong == []

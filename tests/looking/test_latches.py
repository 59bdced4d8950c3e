"""Writes that got through are held back, and only as long as nobody has released them."""

from __future__ import annotations

import pytest

from gatewatch.adapters.local.sqlite import SqliteStore
from gatewatch.looking.latches import LatchKeeper
from gatewatch.looking.result import ProbeResult
from gatewatch.model import Finding, Held
from gatewatch.plan import plan
from tests.builders import URL, config

WRITE = "POST /x: {access: protected, guarded_by: lambda}"


@pytest.mark.parametrize("held", [Finding.PROTECTED_ROUTE_OPEN, Finding.GUARD_WEAKENED, None])
def test_a_write_that_is_released_during_a_run_that_skips_it_stays_released(held: Held) -> None:
    """The run knows of it as held back, does not send it, and so has learned nothing new."""
    store = SqliteStore(None)
    store.latch("orders", "POST /x", URL, held)
    [probe] = plan(config(WRITE), latched=store.latched())
    assert probe.attempts == ()
    assert store.release("orders", "POST /x") == 1
    LatchKeeper(store).settle([ProbeResult(probe)])
    assert store.latched() == {}

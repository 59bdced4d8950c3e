"""What on-call hears in a night, in both worlds. `make nights` prints it."""

from __future__ import annotations

from pathlib import Path

import pytest

from .nights.night import differences, live_through
from .nights.stories import NIGHTS


@pytest.mark.parametrize("name", NIGHTS)
def test_on_call_hears_what_happened_once(name: str, tmp_path: Path) -> None:
    night = NIGHTS[name]
    assert differences(night, live_through(night, tmp_path)) == []

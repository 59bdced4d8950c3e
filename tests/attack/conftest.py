"""At the end of `make attack`: how many attacks of each kind were made, and which got through."""

from __future__ import annotations

from collections import Counter
from pathlib import PurePosixPath

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    tried, through = Counter[str](), Counter[str]()
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, ()):
            place = PurePosixPath(report.nodeid.partition("::")[0])
            if place.parent.name != "attack":
                continue
            kind = place.stem.removeprefix("test_").replace("_", " ")
            tried[kind] += 1
            through[kind] += outcome == "failed"
    if not tried:
        return
    terminalreporter.section("attacks")
    for kind in sorted(tried):
        terminalreporter.write_line(
            f"{kind:<16} {tried[kind]:>5} tried  {through[kind]:>3} through"
        )
    told = f"{'all':<16} {tried.total():>5} tried  {through.total():>3} through"
    terminalreporter.write_line(told)

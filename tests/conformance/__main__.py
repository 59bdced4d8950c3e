"""Replays the recorded rows to the sandbox. Usage: python -m tests.conformance [ROW…]"""

from __future__ import annotations

import sys
from collections import Counter

from rich.console import Console
from rich.table import Table

from .replay import Outcome, corpus, replayed
from .unstaged import UNSTAGED


def main(arguments: list[str]) -> None:
    found = replayed(arguments)
    console = Console(width=None if sys.stdout.isatty() else 150)
    table = Table(box=None, pad_edge=False)
    for heading in ("row", "outcome", "recorded", "the sandbox", "why"):
        table.add_column(heading, overflow="fold")
    for one in found:
        if one.outcome is not Outcome.REPRODUCED or arguments:
            table.add_row(one.row, one.outcome, one.recorded, one.answered, one.because)
    console.print(table)
    console.print("cannot be staged:")
    for row, because in UNSTAGED.items():
        if row in arguments or not arguments:
            console.print(f"  {row}: {because}")
    counts = Counter(one.outcome for one in found)
    told = ", ".join(f"{number} {outcome}" for outcome, number in sorted(counts.items()))
    console.print(f"{len(corpus())} recorded rows: {told}, {len(UNSTAGED)} cannot be staged")


if __name__ == "__main__":
    main(sys.argv[1:])

"""`make nights [NIGHTS="late_joiners one_open_node"]`: prints what on-call hears, and checks it."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from time import perf_counter

from tests.nights.night import differences, live_through
from tests.nights.stories import NIGHTS


def main(names: list[str]) -> int:
    bad = 0
    for name in names or NIGHTS:
        night, began = NIGHTS[name], perf_counter()
        with tempfile.TemporaryDirectory(prefix="gatewatch-") as folder:
            heard = live_through(night, Path(folder))
        print(f"\n{name}: {night.told} ({night.minutes} minutes, {perf_counter() - began:.1f} s)")
        for line in heard.local or ["(nothing is said)"]:
            print(f"  {line}")
        found = differences(night, heard)
        if heard.account != heard.local and sorted(heard.account) != sorted(heard.local):
            print("  in the account:", *heard.account, sep="\n  ")
        for line in found:
            print(f"  NOT AS IT SHOULD BE: {line}")
        bad += bool(found)
    print(f"\n{len(names or NIGHTS)} nights, {bad} not as they should be")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

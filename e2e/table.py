"""What was checked, one line each, and what the emulator's run differs in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(slots=True)
class Table:
    rows: list[tuple[bool, str, str]] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        return bool(self.rows) and all(good for good, _, _ in self.rows)

    def check(self, what: str, good: object, seen: object) -> None:
        self.rows.append((bool(good), what, str(seen)))
        print(_line(*self.rows[-1]), flush=True)

    def done(self, what: str, seen: object) -> None:
        self.check(what, True, seen)

    def show(self, changes: Sequence[str], seconds: float) -> None:
        bad = sum(not good for good, _, _ in self.rows)
        print(f"\n{len(self.rows)} checks, {bad} bad, {seconds:.0f} s\n")
        for row in self.rows:
            print(_line(*row))
        print("\nThis run differs from the template of app.py:")
        for one in changes:
            print(f"- {one}")
        print("- the policy of the bootstrap's bucket, which demands TLS, is deleted")
        print(
            "- the scheduler leaves its placeholder in: dispatch takes the present minute instead"
        )
        print("- a FIFO queue is served by one function at a time")
        print(
            "- the emulator's gateway says ForbiddenException where a key is refused, as AWS does"
        )
        print(
            "- embedded metrics are published and alarms evaluated by emulator.py, at the pace of\n"
            "  the ticks, which run ahead of the clock once the schedule has been seen to work"
        )


def _line(good: bool, what: str, seen: str) -> str:
    return f"{'ok ' if good else 'BAD'}  {what:<58}  {seen}"

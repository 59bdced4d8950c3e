"""What was checked, one line each, and what the emulator's run differs in."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Row:
    good: bool
    seconds: float
    what: str
    seen: str

    def __str__(self) -> str:
        return (
            f"{'ok ' if self.good else 'BAD'} {self.seconds:4.0f} s  {self.what:<58}  {self.seen}"
        )


@dataclass(slots=True)
class Table:
    rows: list[Row] = field(default_factory=list)
    _began: float = field(default_factory=time.monotonic)

    @property
    def is_good(self) -> bool:
        return bool(self.rows) and all(one.good for one in self.rows)

    def check(self, what: str, good: object, seen: object) -> None:
        self.rows.append(Row(bool(good), self._seconds(), what, str(seen)))
        print(self.rows[-1], flush=True)

    def _seconds(self) -> float:
        return time.monotonic() - self._began

    def done(self, what: str, seen: object) -> None:
        self.check(what, True, seen)

    def show(self, changes: Sequence[str]) -> None:
        """The bad rows once more: they may have scrolled away."""
        bad = [one for one in self.rows if not one.good]
        print(f"\n{len(self.rows)} checks, {len(bad)} bad, {self._seconds():.0f} s")
        for row in bad:
            print(row)
        print("\nThis run differs from the template of app.py:")
        for one in (*changes, *SURROUNDINGS):
            print(f"- {one}")


SURROUNDINGS = (
    "the policy of the bootstrap's bucket, which demands TLS, is deleted",
    "the scheduler leaves its placeholder in: dispatch takes the present minute instead",
    "once the schedule has been seen to work, ticks and alarms run ahead of the clock",
    "a FIFO queue is served by one function at a time; what changed does not wait 5 s for other "
    "changes; a message of a function that died is shown again after 8 s instead of minutes",
    "what connects to the APIs comes to this machine, where TLS ends before the emulator",
    "the emulator's gateway says ForbiddenException where a key is refused, names itself in "
    "x-amz-apigw-id and the trace in what an integration answers, and lets a method's API key be "
    "switched off, as AWS does",
    "the single-page app before one of the APIs is a distribution of e2e/emulated/site.py",
    "the CDK's own function for triggers runs on this machine's Node, with the SDK of AWS that "
    "Lambda's Node brings",
    "CloudTrail's events are put on the bus by the run",
    "embedded metrics are published, messages in queues counted and alarms evaluated by "
    "e2e/emulated; how old messages are is not counted",
)

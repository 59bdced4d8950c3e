"""Which attempt is sent next: hosts in turn, each with its share, and a dead one given up.

At a host, strangers' looks and our callers' looks have a share each, so that slow looks of one kind
never delay the other. The first look differs from run to run, so that the looks left out for lack
of time or patience are never the same for long.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Condition
from time import perf_counter

from gatewatch.attempt import Attempt, host_scope
from gatewatch.model import Finding, Unsent, is_stranger

_UNREACHABLE_AFTER = 5


@dataclass(frozen=True, slots=True)
class Limits:
    """How many requests may be under way at once, in total and at one host."""

    in_flight: int = 16
    per_host: int = 6


@dataclass(slots=True)
class _Line:
    """The waiting attempts of one kind at one host, by number, and how many are under way."""

    waiting: deque[int] = field(default_factory=deque)
    under_way: int = 0


@dataclass(slots=True)
class _Host:
    """The lines at one host, the next one's turn first, and how it has behaved."""

    name: str
    lines: deque[_Line] = field(default_factory=lambda: deque((_Line(), _Line())))
    failures_in_a_row: int = 0

    @property
    def under_way(self) -> int:
        return sum(line.under_way for line in self.lines)

    @property
    def waiting(self) -> int:
        return sum(len(line.waiting) for line in self.lines)

    def next_line(self, per_host: int) -> _Line | None:
        """The line whose turn it is; None while the host is at its limit. A line leaves the other
        its share as long as something waits there."""
        if self.under_way >= per_host:
            return None
        for line, other in ((self.lines[0], self.lines[1]), (self.lines[1], self.lines[0])):
            most = per_host - _share(per_host) if other.waiting else per_host
            if line.waiting and line.under_way < most:
                self.lines.remove(line)
                self.lines.append(line)
                return line
        return None


def _share(per_host: int) -> int:
    """Places reserved for each line: a third, and at least one where there are several."""
    return max(1, per_host // 3) if per_host > 1 else 0


@dataclass(frozen=True, slots=True)
class Job:
    """An attempt to send now; or not, where its host was `given_up`."""

    number: int
    host: _Host
    line: _Line
    queued_at: float
    given_up: Unsent | None = None


class Schedule:
    """Hands attempts to threads: hosts in turn, none with more than its share under way.

    `turn`: any number that differs from run to run.
    """

    def __init__(self, attempts: Sequence[Attempt], per_host: int, turn: int = 0) -> None:
        hosts: dict[str, _Host] = {}
        for number, attempt in enumerate(attempts):
            host = hosts.setdefault(attempt.destination, _Host(attempt.destination))
            host.lines[not is_stranger(attempt.caller)].waiting.append(number)
        for line in (line for host in hosts.values() for line in host.lines):
            if len(line.waiting) > per_host:
                line.waiting.rotate(-turn)
        self._turns = deque(hosts.values())
        self._per_host = per_host
        self._queued_at = perf_counter()
        self._changed = Condition()

    @property
    def room(self) -> int:
        """How many attempts can be under way at once; more threads would only wait."""
        return sum(min(self._per_host, host.waiting) for host in self._turns)

    def take(self) -> Job | None:
        """The next attempt; waits while all hosts are busy; None when nothing waits any more."""
        with self._changed:
            while any(host.waiting for host in self._turns):
                for _ in range(len(self._turns)):
                    host = self._turns[0]
                    self._turns.rotate(-1)
                    if (line := host.next_line(self._per_host)) is not None:
                        return self._deal(host, line)
                self._changed.wait()
            return None

    def _deal(self, host: _Host, line: _Line) -> Job:
        line.under_way += 1
        failures = host.failures_in_a_row
        given_up = _given_up(host) if failures >= _UNREACHABLE_AFTER else None
        return Job(line.waiting.popleft(), host, line, self._queued_at, given_up)

    def finish(self, job: Job, *, failed: bool) -> None:
        """`failed`: the host could not be reached. A slow host is reachable: a look that hangs says
        nothing about the next one, which may be the important one."""
        with self._changed:
            job.line.under_way -= 1
            if job.given_up is None:
                job.host.failures_in_a_row = job.host.failures_in_a_row + 1 if failed else 0
            self._changed.notify_all()


def _given_up(host: _Host) -> Unsent:
    """It is the host's finding, and the same for whatever is left to look at there."""
    return Unsent(
        because=f"host {host.name} unreachable: {_UNREACHABLE_AFTER} looks in a row did not get "
        "through to it",
        finding=Finding.REFUSED,
        scope=host_scope(host.name),
    )

"""Which attempt is sent next: hosts in turn, each with its share, and a dead one given up."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Condition
from time import perf_counter

from gatewatch.model import Finding, Unsent
from gatewatch.plan import Attempt, host_scope

_UNREACHABLE_AFTER = 5


@dataclass(frozen=True, slots=True)
class Limits:
    """How many requests may be under way at once, in total and at one host."""

    in_flight: int = 16
    per_host: int = 6


@dataclass(slots=True)
class _Host:
    """What waits for one host, by number, and how it has behaved."""

    name: str
    waiting: deque[int] = field(default_factory=deque)
    under_way: int = 0
    failures_in_a_row: int = 0


@dataclass(frozen=True, slots=True)
class Job:
    """An attempt to send now; or not, where its host was `given_up`."""

    number: int
    host: _Host
    queued_at: float
    given_up: Unsent | None = None


class Schedule:
    """Deals attempts out to threads: hosts in turn, none with more than its share under way."""

    def __init__(self, attempts: Sequence[Attempt], per_host: int) -> None:
        hosts: dict[str, _Host] = {}
        for number, attempt in enumerate(attempts):
            name = attempt.destination
            hosts.setdefault(name, _Host(name)).waiting.append(number)
        self._turns = deque(hosts.values())
        self._per_host = per_host
        self._queued_at = perf_counter()
        self._changed = Condition()

    @property
    def room(self) -> int:
        """How many attempts can be under way at once; more threads would only wait."""
        return sum(min(self._per_host, len(host.waiting)) for host in self._turns)

    def take(self) -> Job | None:
        """The next attempt; waits while all hosts are busy; None when nothing waits any more."""
        with self._changed:
            while any(host.waiting for host in self._turns):
                for _ in range(len(self._turns)):
                    host = self._turns[0]
                    self._turns.rotate(-1)
                    if host.waiting and host.under_way < self._per_host:
                        return self._deal(host)
                self._changed.wait()
            return None

    def _deal(self, host: _Host) -> Job:
        host.under_way += 1
        failures = host.failures_in_a_row
        given_up = _given_up(host) if failures >= _UNREACHABLE_AFTER else None
        return Job(host.waiting.popleft(), host, self._queued_at, given_up)

    def finish(self, job: Job, *, failed: bool) -> None:
        """`failed`: the host could not be reached. One that is slow to answer is there: a look
        that hangs says nothing of the next one, which may be the one that somebody must see."""
        with self._changed:
            job.host.under_way -= 1
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

"""One request under way: its deadline, its bounds, and how far it came.

What a request needs on its way down through the HTTP libraries travels as the thread's current
`Flight`.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from http.client import HTTPException
from time import perf_counter

from gatewatch.probe.resolve import Resolver

MOST_BYTES = 1_048_576
"""Of one answer, whatever it is made of. A body in chunks of one byte each is six times its length;
what comes beyond this is no answer but a flood."""


class FloodError(HTTPException):
    """Raised when more bytes came than any answer that is read can have; says which."""


@dataclass(slots=True)
class Flight:
    """One request under way. `stage` names the phase that it is in; times are seconds.

    `sent`: some of the request has left. `status` is that of the final answer, known as soon as its
    first line is there. `received` counts the bytes that came.
    """

    resolver: Resolver
    ends: float
    connect_to: tuple[str, int] | None = None
    stage: str = "connect"
    phases: dict[str, float] = field(default_factory=dict)
    address: str | None = None
    certificate_expires: str | None = None
    connected: bool = False
    sent: bool = False
    status: int = 0
    received: int = 0

    def left(self) -> float:
        """Seconds until the deadline; raises TimeoutError once it has passed."""
        left = self.ends - perf_counter()
        if left <= 0:
            raise TimeoutError("the deadline has passed")
        return left

    def receive(self, count: int) -> int:
        """Counts what came; raises FloodError beyond the bound."""
        self.received += count
        if self.received > MOST_BYTES:
            raise FloodError(f"the answer goes on after {MOST_BYTES} bytes")
        return count


_current = threading.local()


def fly(one: Flight) -> None:
    """Makes this the flight of whatever the thread sends next."""
    _current.flight = one


def flight() -> Flight:
    """The thread's current one."""
    one: Flight = _current.flight
    return one

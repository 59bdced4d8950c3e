"""One request under way: its deadline, its bounds, and how far it got.

The thread's current `Flight` carries them down through the HTTP libraries.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from http.client import HTTPException
from time import perf_counter

from gatewatch.probe.resolve import Resolver

MOST_BYTES = 1_048_576
"""The most bytes of one answer, in whatever form. A body in chunks of one byte each takes six times
its length; more than this is a flood and no answer."""


class FloodError(HTTPException):
    """Raised when more bytes came than any accepted answer can have; names the part."""


@dataclass(slots=True)
class Flight:
    """One request under way. `stage` names its current phase; times are seconds.

    `sent`: some of the request has left. `status` is the final answer's, known once its first line
    is there. `received` counts the bytes that came.
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
        """Count received bytes; raises FloodError beyond the bound."""
        self.received += count
        if self.received > MOST_BYTES:
            raise FloodError(f"the answer goes on after {MOST_BYTES} bytes")
        return count


_current = threading.local()


def fly(one: Flight) -> None:
    """Make this the thread's current flight."""
    _current.flight = one


def flight() -> Flight:
    """The thread's current flight."""
    one: Flight = _current.flight
    return one

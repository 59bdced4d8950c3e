"""Resolves names to addresses: each host once a run, within a deadline."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_network
from threading import Event, Lock, Thread

from gatewatch.gateway.addresses import address_of, is_never_met, is_public

Address = tuple[socket.AddressFamily, tuple[str, int]]
LookUp = Callable[[str, int], list[Address]]


class NoAddressError(OSError):
    """Raised when a name has no address; the text is the resolver's."""


@dataclass(slots=True)
class _Resolved:
    done: Event = field(default_factory=Event)
    addresses: list[Address] = field(default_factory=list)
    error: str | None = None


def system_look_up(host: str, port: int) -> list[Address]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [(family, (str(where[0]), int(where[1]))) for family, _, _, _, where in found]


class Resolver:
    """Keeps every answer for its own life, which is one run.

    A lookup runs in a daemon thread, since the system's resolver has no deadline. With `networks`,
    it only returns public addresses and those in these ranges (CIDR), and never an address of the
    machine's own services, whatever the ranges are.
    """

    def __init__(
        self, look_up: LookUp = system_look_up, networks: Sequence[str] | None = None
    ) -> None:
        self._look_up = look_up
        self._networks = None if networks is None else [ip_network(one) for one in networks]
        self._refused: dict[str, str] = {}
        self._answers: dict[tuple[str, int], _Resolved] = {}
        self._lock = Lock()

    def resolve(self, host: str, port: int, seconds: float) -> list[Address]:
        """Raises NoAddressError, or TimeoutError after `seconds`."""
        answer = self._answer(host, port)
        if not answer.done.wait(seconds):
            raise TimeoutError(f"the resolver did not answer for {host}")
        if not answer.addresses:
            raise NoAddressError(answer.error or f"no address for {host}")
        return answer.addresses

    def refused(self, host: str) -> str | None:
        """The address of a host that may not be connected to."""
        return self._refused.get(host)

    def _may_be_met(self, address: str) -> bool:
        if self._networks is None:
            return True
        met = address_of(address)
        if is_never_met(met):
            return False
        return is_public(met) or any(met in one for one in self._networks)

    def _answer(self, host: str, port: int) -> _Resolved:
        with self._lock:
            if (host, port) in self._answers:
                return self._answers[host, port]
            answer = self._answers[host, port] = _Resolved()
        Thread(target=self._fill, args=(answer, host, port), daemon=True).start()
        return answer

    def _fill(self, answer: _Resolved, host: str, port: int) -> None:
        try:
            found = self._look_up(host, port)
            for _, (address, _) in found:
                if not self._may_be_met(address):
                    self._refused[host] = address
                    raise PermissionError(f"{address} may not be connected to")  # noqa: TRY301
            answer.addresses = found
        except Exception as error:  # noqa: BLE001 - raised for everybody who waits
            answer.error = f"no address for {host} ({getattr(error, 'strerror', None) or error})"
        answer.done.set()

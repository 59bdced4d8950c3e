"""Which faults are on. What is served is the healthy world with each of them applied in turn."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from gatewatch.sandbox.faults import FAULTS
from gatewatch.sandbox.server import Sandbox
from gatewatch.sandbox.world import World


class UnknownFaultError(Exception):
    """Raised for a name that is no fault's; its text names the nearest."""


class Switchboard:
    """Switches faults of a running sandbox. Undoing one leaves the others on."""

    def __init__(self, sandbox: Sandbox, names: Iterable[str] = ()) -> None:
        self._sandbox = sandbox
        self._healthy = sandbox.world
        self._lock = threading.Lock()
        self.on: tuple[str, ...] = ()
        for name in names:
            self.flip(name)

    def flip(self, name: str) -> bool:
        """Switches one fault on or, if it was, off; returns whether it is on now."""
        if name not in FAULTS:
            raise UnknownFaultError(name)
        with self._lock:
            left = tuple(one for one in self.on if one != name)
            self._serve(left if name in self.on else (*self.on, name))
            return name in self.on

    def restore(self) -> None:
        """Switches every fault off."""
        with self._lock:
            self._serve(())

    def _serve(self, names: tuple[str, ...]) -> None:
        self.on = names
        self._sandbox.change(lambda _: self._world())

    def _world(self) -> World:
        world = self._healthy
        for name in self.on:
            world = FAULTS[name].apply(world)
        return world

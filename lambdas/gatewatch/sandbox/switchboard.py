"""Which faults are on. What is served is the healthy world with each of them applied in turn."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from gatewatch.sandbox.faults import FAULTS
from gatewatch.sandbox.server import Sandbox
from gatewatch.sandbox.world import World


class UnknownFaultError(Exception):
    """Raised for the name of no fault."""


class ConflictError(Exception):
    """Raised when a fault changes what another active one has removed; nothing is changed."""


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
        """Switches one fault on or, if it was, off; returns whether it is on now.

        Raises UnknownFaultError, or ConflictError where it does not go with those that are on.
        """
        if name not in FAULTS:
            raise UnknownFaultError(name)
        with self._lock:
            left = tuple(one for one in self.on if one != name)
            wanted = left if name in self.on else (*self.on, name)
            self._serve(wanted)
            return name in wanted

    def restore(self) -> None:
        """Switches every fault off."""
        with self._lock:
            self._serve(())

    def _serve(self, names: tuple[str, ...]) -> None:
        world = _broken(self._healthy, names)
        self._sandbox.change(lambda _: world)
        self.on = names


def _broken(world: World, names: Iterable[str]) -> World:
    for name in names:
        try:
            world = FAULTS[name].apply(world)
        except (LookupError, TypeError) as error:
            raise ConflictError(name) from error
    return world

"""Where people read and acknowledge incidents: the state of this machine, or a deployed stack."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from gatewatch.adapters.local.sqlite import SqliteStore
from gatewatch.cli.exits import UsageError
from gatewatch.cli.setting import existing_store, origin
from gatewatch.incidents.acknowledge import Ack, acknowledge
from gatewatch.incidents.correlate import OPEN
from gatewatch.model import Incident
from gatewatch.notices.origin import Origin


class Journal(Protocol):
    """Raises UsageError or StateError, whatever is asked."""

    takes_effect: str
    """When an acknowledgement does, to be said after it."""
    origin: Origin
    """With which options another command finds the same incidents."""

    def apis(self) -> list[str]:
        """Those of which anything is known."""

    def open(self) -> list[Incident]: ...

    def ended(self) -> Iterator[Incident]:
        """Those that are over, the newest first."""

    def found(self, prefix: str) -> list[Incident]:
        """Those whose id begins so."""

    def held(self, api: str) -> set[str]:
        """The routes whose writes are held back."""

    def me(self) -> str:
        """Who asks."""

    def take(self, ack: Ack) -> None: ...


def journal(
    stack: str | None, config: Path, state: Path | None, region: str | None = None
) -> Journal:
    """The stack's is imported here, since other commands do without it."""
    if stack is None and region is not None:
        raise UsageError("--region: only with --stack")
    if stack is None:
        return OfMachine(existing_store(config, state), origin(config, state))
    if state is not None:
        raise UsageError("--stack and --state: one of them says where the incidents are")
    from gatewatch.cli.account_journal import OfStack

    return OfStack(stack, region)


class OfMachine:
    takes_effect = ""

    def __init__(self, store: SqliteStore, origin: Origin) -> None:
        self._store = store
        self.origin = origin

    def apis(self) -> list[str]:
        return self._store.apis()

    def open(self) -> list[Incident]:
        return [one for one in self._store.incidents() if one.state == OPEN]

    def ended(self) -> Iterator[Incident]:
        return (one for one in self._store.incidents() if one.state != OPEN)

    def found(self, prefix: str) -> list[Incident]:
        return [one for one in self._store.incidents() if one.id.startswith(prefix)]

    def held(self, api: str) -> set[str]:
        return {route for name, route, _ in self._store.latched() if name == api}

    def me(self) -> str:
        from getpass import getuser

        try:
            return getuser()
        except (KeyError, OSError, ImportError):
            return "somebody without a name on this machine"

    def take(self, ack: Ack) -> None:
        """Another process that runs waits meanwhile."""
        with self._store.open(ack.api) as memory:
            known = [one for one in memory.incidents if one.id in ack.incidents]
            named = [acknowledge(one, ack.who) for one in known]
            memory.keep(memory.states, named, memory.said)
        for route in ack.release:
            self._store.release(ack.api, route)

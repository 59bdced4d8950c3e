"""Where people read and acknowledge incidents: the state of this machine, or a deployed stack."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from gatewatch.acknowledge import acknowledge
from gatewatch.adapters.aws.dynamodb import DynamoTable
from gatewatch.adapters.aws.sts import own_name
from gatewatch.adapters.local.sqlite import SqliteStore
from gatewatch.adapters.local.user import user
from gatewatch.cli.setting import remembered
from gatewatch.cli.stack import Outputs, told
from gatewatch.correlate import OPEN
from gatewatch.model import Incident
from gatewatch.service.ack import Ack


class Journal(Protocol):
    """Raises UsageError or StateError, whatever is asked."""

    takes_effect: str
    """When an acknowledgement does, to be said after it."""

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


def journal(stack: str | None, config: Path, state: Path | None) -> Journal:
    return OfMachine(remembered(config, state)) if stack is None else OfStack(stack)


class OfMachine:
    takes_effect = ""

    def __init__(self, store: SqliteStore) -> None:
        self._store = store

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
        return user()

    def take(self, ack: Ack) -> None:
        """Another process that runs waits meanwhile."""
        with self._store.open(ack.api) as memory:
            known = [one for one in memory.incidents if one.id in ack.incidents]
            memory.keep(memory.states, [acknowledge(one, ack.who) for one in known])
        for route in ack.release:
            self._store.release(ack.api, route)


class OfStack:
    takes_effect = "; the service takes it up with its next minute"

    def __init__(self, stack: str) -> None:
        self._stack = stack
        self._table = DynamoTable(Outputs(stack)["StateTable"])

    def apis(self) -> list[str]:
        with self._asked():
            return sorted(self._table.records())

    def open(self) -> list[Incident]:
        with self._asked():
            return self._table.open_incidents()

    def ended(self) -> Iterator[Incident]:
        with self._asked():
            for one in self._table.filed():
                if one.state != OPEN:
                    yield one

    def found(self, prefix: str) -> list[Incident]:
        with self._asked():
            return list(self._table.filed(prefix))

    def held(self, api: str) -> set[str]:
        with self._asked():
            known = self._table.records().get(api)
            return {route for route, _ in known.latched} if known else set()

    def me(self) -> str:
        with self._asked():
            return own_name()

    def take(self, ack: Ack) -> None:
        with self._asked():
            self._table.add_ack(ack)

    @contextmanager
    def _asked(self) -> Iterator[None]:
        with told(f"stack {self._stack}"):
            yield

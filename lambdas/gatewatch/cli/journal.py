"""Where people read and acknowledge incidents: this machine's state, or a deployed stack."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from gatewatch.cli import waiting
from gatewatch.cli.exits import UsageError
from gatewatch.cli.mutes import mute_line, refuse_unknown
from gatewatch.cli.setting import existing_store, open_store, origin, read_config
from gatewatch.incidents.acknowledge import Ack, acknowledge
from gatewatch.incidents.correlate import OPEN
from gatewatch.incidents.mute import Mute
from gatewatch.model import Incident
from gatewatch.notices.origin import Origin


class Journal(Protocol):
    """Every method may raise UsageError or StateError."""

    takes_effect: str
    """When an acknowledgement or a mute takes effect, to print after it."""
    still_rings: str
    """What a mute does not hold back besides exposures."""
    origin: Origin
    """The options with which another command finds the same incidents."""

    def apis(self) -> list[str]:
        """The APIs with any stored state."""

    def notes(self) -> list[str]:
        """What a reader must know besides, such as that nobody looks."""

    def place(self) -> dict[str, str]:
        """What tells a deployed service from all others, for programs."""

    def open(self) -> list[Incident]: ...

    def ended(self) -> Iterator[Incident]:
        """The resolved incidents, newest first."""

    def found(self, prefix: str) -> list[Incident]:
        """The incidents whose id begins with the prefix."""

    def held(self, api: str) -> set[str]:
        """The routes whose writes are held back."""

    def me(self) -> str:
        """The name of the person who runs the command."""

    def take(self, ack: Ack) -> None: ...

    def mutes(self) -> tuple[Mute, ...]:
        """Those in force."""

    def mute(self, wanted: Mute) -> None:
        """Raises UsageError for an API or a route that is not configured."""

    def unmute(self, ended: Sequence[Mute]) -> None: ...


def journal(
    stack: str | None,
    config: Path,
    state: Path | None,
    region: str | None = None,
    monitor: str | None = None,
) -> Journal:
    """The stack's journal is imported only here, since other commands do without it."""
    refuse_without(stack, state, region, monitor)
    if stack is None:
        return OfMachine(config, state)
    from gatewatch.cli.account_journal import OfStack
    from gatewatch.cli.stack import Place

    return OfStack(Place(stack, region, monitor))


def refuse_without(
    stack: str | None, state: Path | None, region: str | None, monitor: str | None
) -> None:
    """Options that do not go with that stack, or with none. Raises UsageError."""
    if stack is not None and state is not None:
        raise UsageError("--stack and --state: one of them says where the incidents are")
    for option, value in (("--region", region), ("--monitor", monitor)):
        if stack is None and value is not None:
            raise UsageError(f"{option}: only with --stack")


class OfMachine:
    takes_effect = ""
    still_rings = ""

    def __init__(self, config: Path, state: Path | None) -> None:
        self._config, self._state = config, state
        self._store = existing_store(config, state)
        self.origin = origin(config, state)

    def apis(self) -> list[str]:
        return self._store.apis()

    def notes(self) -> list[str]:
        return list(map(mute_line, self.mutes()))

    def place(self) -> dict[str, str]:
        return {}

    def open(self) -> list[Incident]:
        return [incident for incident in self._store.incidents() if incident.state == OPEN]

    def ended(self) -> Iterator[Incident]:
        return (incident for incident in self._store.incidents() if incident.state != OPEN)

    def found(self, prefix: str) -> list[Incident]:
        return [incident for incident in self._store.incidents() if incident.id.startswith(prefix)]

    def held(self, api: str) -> set[str]:
        return {route for name, route, _ in self._store.latched() if name == api}

    def me(self) -> str:
        return own_login()

    def take(self, ack: Ack) -> None:
        """Another running process waits meanwhile."""
        with self._store.open(ack.api) as memory:
            known = [incident for incident in memory.incidents if incident.id in ack.incidents]
            named = [acknowledge(incident, ack.who) for incident in known]
            memory.keep(memory.states, named, memory.said)
        for route in ack.release:
            self._store.release(ack.api, route)

    def mutes(self) -> tuple[Mute, ...]:
        return self._store.mutes(waiting.CLOCK.now())

    def mute(self, wanted: Mute) -> None:
        """It may come before the first run."""
        config = read_config(self._config)
        refuse_unknown(config, wanted.api, wanted.route)
        store = open_store(self._config, self._state, config)
        store.add_mute(wanted, waiting.CLOCK.now())

    def unmute(self, ended: Sequence[Mute]) -> None:
        self._store.end_mutes(one.id for one in ended)


def own_login() -> str:
    """The name of the person who runs the command, on this machine."""
    from getpass import getuser

    try:
        return getuser()
    except (KeyError, OSError, ImportError):
        return "somebody without a name on this machine"

"""The story of `gatewatch demo`: an API that breaks, and how each incident looks."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.rule import Rule
from rich.text import Text

from gatewatch.adapters.local.authority import authorities
from gatewatch.adapters.local.sqlite import SqliteStore
from gatewatch.cli import show
from gatewatch.config.author import load
from gatewatch.config.canonical import Config, SecretRef
from gatewatch.config.lookups import Lookups
from gatewatch.incidents.correlate import OPEN, length
from gatewatch.model import Incident
from gatewatch.notices.words import headline
from gatewatch.probe.credentials import Keyring
from gatewatch.probe.prober import Prober
from gatewatch.probe.vault import Vault
from gatewatch.run import Report, run
from gatewatch.sandbox import orders
from gatewatch.sandbox.faults import FAULTS
from gatewatch.sandbox.faults.base import Fault
from gatewatch.sandbox.server import Sandbox, running

STORY = ("route_deleted", "stage_renamed", "authorizer_denies", "key_rotated", "route_opened")


class FastClock:
    """A minute passes with every tick, so that the story takes seconds."""

    def __init__(self) -> None:
        self._now = datetime.now(UTC).replace(microsecond=0)

    def now(self) -> datetime:
        return self._now

    def tick(self) -> None:
        self._now += timedelta(minutes=1)


@contextmanager
def stage(console: Console | None = None) -> Iterator[Watcher]:
    with tempfile.TemporaryDirectory(prefix="gatewatch-") as folder:
        clock = FastClock()
        sandbox = Sandbox(orders.world(), clock.now)
        with running(sandbox, Path(folder)) as place:
            text = orders.configuration(place.connect_to, place.ca_file)
            config = load(text, "demo", Lookups(ca_file=authorities(Path(folder))))
            store = SqliteStore(Path(folder) / "state.sqlite3")
            yield Watcher(config, sandbox, store, clock, console or show.console())
            store.close()


class Watcher:
    """Runs the real pipeline against the sandbox and shows its results."""

    def __init__(
        self,
        config: Config,
        sandbox: Sandbox,
        store: SqliteStore,
        clock: FastClock,
        console: Console,
    ) -> None:
        self._config = config
        self._sandbox = sandbox
        self._store = store
        self._clock = clock
        self._console = console

    def tick(self) -> Report:
        self._clock.tick()
        transport = Prober(
            Keyring(self._config.credentials, Vault(_read, self._clock)), self._clock
        )
        report = run(self._config, transport, self._store, self._clock)
        transport.close()
        return report

    def play(self) -> None:
        out = self._console
        out.print(Rule(Text("a healthy API", style="bold")))
        out.print(
            Text(
                "An API Gateway runs on this machine: open, IAM, Lambda-authorizer, Cognito and "
                "API-key routes.\nEach route is called with and without its credential; a "
                "refusal counts only if a guard refused.",
                style="dim",
            )
        )
        out.print(show.verdicts(self.tick().verdicts))
        for number, name in enumerate(STORY, start=2):
            self._act(number, FAULTS[name])
        out.print(Rule(Text("all incidents", style="bold")))
        out.print(show.incident_list(self._store.incidents()))
        out.print(
            Text("Next: gatewatch check URL, or gatewatch init and gatewatch run.", style="dim")
        )

    def _act(self, number: int, fault: Fault) -> None:
        out = self._console
        before = self._sandbox.world
        for _ in range(_CALM_MINUTES):
            self.tick()
        out.print(Rule(Text(f"deployment {number}: {fault.told}", style="bold")))
        self._sandbox.change(fault.apply)
        for incident in self._until(lambda found: found.state == OPEN):
            show.put(out, show.incident(incident))
            out.print()
        self._sandbox.change(lambda _: before)
        for incident in self._until(lambda found: found.state != OPEN):
            lasted = length(incident.opened_at, incident.resolved_at or incident.opened_at)
            out.print(
                Text.assemble(
                    (" RESOLVED ", "bold black on green"),
                    f" after {lasted}, once it was rolled back: {headline(incident)}",
                )
            )
            out.print()

    def _until(self, is_reached: Callable[[Incident], bool], most: int = 12) -> list[Incident]:
        """Tick until the incidents wanted appear, and return them."""
        for _ in range(most):
            incidents = [incident for incident in self.tick().incidents if is_reached(incident)]
            if incidents:
                return incidents
        return []


_CALM_MINUTES = 10
"""Without them, an API that broke a moment ago would be announced as coming and going."""


def _read(ref: SecretRef) -> str:
    return orders.SECRETS[ref.name]

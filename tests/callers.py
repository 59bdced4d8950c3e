"""Calls made with one credential, as a run makes them: from its YAML to the wire."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gatewatch.adapters.aws.identities import AwsIdentities
from gatewatch.adapters.local.authority import authorities
from gatewatch.adapters.secrets import reader
from gatewatch.attempt import Attempt
from gatewatch.config.author import load
from gatewatch.config.canonical import Config
from gatewatch.config.lookups import Lookups
from gatewatch.plan import plan
from gatewatch.ports import Clock
from gatewatch.probe.credentials import Keyring
from gatewatch.probe.prober import Prober
from gatewatch.probe.schedule import Limits
from gatewatch.probe.vault import Vault
from gatewatch.raw import RawExchange

from .servers import answering, serving


class HandClock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self._now = datetime.now(UTC)

    def now(self) -> datetime:
        return self._now

    def move(self, **span: float) -> None:
        self._now += timedelta(**span)


def config(
    credentials: str, url: str, used: str = "c", routes: Sequence[str] = ("/x",), api: str = ""
) -> Config:
    """`credentials` is the inside of the block; each route is called as `used`."""
    calls = ", ".join(f"GET {route}: {{access: protected, as: [{used}]}}" for route in routes)
    return load(
        f"credentials: {{{credentials}}}\napis: {{a: {{url: '{url}', {api} routes: [{calls}]}}}}",
        "test",
        Lookups(ca_file=authorities(Path())),
    )


class Caller:
    """Keeps its secrets from call to call, as `watch` does."""

    def __init__(
        self,
        found: Config,
        folder: Path = Path(),
        clock: Clock | None = None,
        limits: Limits | None = None,
    ) -> None:
        clock = clock or HandClock()
        self.vault = Vault(reader(folder), clock, AwsIdentities(), contact=found.contact)
        keyring = Keyring(found.credentials, self.vault)
        self.prober = Prober(keyring, clock, limits, contact=found.contact)
        self.attempts: list[Attempt] = [
            attempt for probe in plan(found) for attempt in probe.attempts if attempt.callers
        ]

    def call(self) -> list[RawExchange]:
        return self.prober.send_all(self.attempts, lambda raw: raw)


def why(raw: RawExchange) -> str | None:
    """Why it was not sent; of a credential that cannot be read, neither its name nor the remedy."""
    if raw.not_sent is None:
        return None
    if raw.not_sent.finding is None:
        return raw.not_sent.because
    because = re.sub(r"^credential .+? cannot be read: ", "", raw.not_sent.because)
    return because.partition("; next: ")[0]


def sent(credentials: str, folder: Path = Path(), used: str = "c") -> dict[str, str]:
    """The headers that arrive, by lower-case name; or under `not sent`, why they did not."""
    with serving(answering()) as server:
        caller = Caller(config(credentials, f"http://{server.place}/prod", used), folder)
        [raw] = caller.call()
        caller.prober.close()
    if because := why(raw):
        return {"not sent": because}
    [head] = server.requests
    lines = head.decode("latin-1").split("\r\n")[1:]
    pairs = (line.partition(": ") for line in lines if line)
    return {name.lower(): value for name, _, value in pairs}

"""Every fault of the sandbox through the real prober and the diagnosis. Usage: faults.py [NAME…]

Each fault gets three looks and nothing else: without a credential, with the valid one of the route,
and with an invalid one of the same kind. No control, no control plane, no declared intent: what is
shown is what the bytes alone support.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gatewatch.adapters.local.authority import authorities
from gatewatch.adapters.local.clock import SystemClock
from gatewatch.attempt import REFUSAL_MEDIA_TYPE, Attempt
from gatewatch.config.author import load
from gatewatch.config.canonical import SecretRef, SecretSource
from gatewatch.config.lookups import Lookups
from gatewatch.diagnosis.diagnose import diagnose
from gatewatch.diagnosis.facts import Facts
from gatewatch.evidence import evidence
from gatewatch.model import Confidence, CredentialKind, Diagnosis, Exchange, Purpose
from gatewatch.probe.credentials import Keyring
from gatewatch.probe.prober import Prober
from gatewatch.probe.vault import Vault
from gatewatch.redaction.redactor import Redactor
from gatewatch.sandbox import orders
from gatewatch.sandbox.faults import FAULTS
from gatewatch.sandbox.faults.base import Caller, Fault, Look
from gatewatch.sandbox.memory import Memory
from gatewatch.sandbox.propagation import NODES
from gatewatch.sandbox.server import Running, Sandbox, running

_AFTER_A_CHANGE = timedelta(seconds=30)
_TIMEOUT_SECONDS = 5.0
_KINDS = {Caller.PARTNER: CredentialKind.API_KEY}
_SURE = (Confidence.CERTAIN, Confidence.LIKELY)


@dataclass(frozen=True)
class Row:
    """A fault, what was seen of it, and what was said about it."""

    fault: Fault
    exchanges: tuple[Exchange, ...]
    said: Diagnosis

    @property
    def survivors(self) -> list[str]:
        return [one.cause for one in self.said.candidates] or [self.said.cause]

    @property
    def has_truth(self) -> bool:
        return self.fault.cause in self.survivors

    @property
    def is_confidently_wrong(self) -> bool:
        return self.said.confidence in _SURE and self.said.cause != self.fault.cause


class Bench:
    """One sandbox in which fault after fault is switched on, looked at, and undone."""

    def __init__(self, sandbox: Sandbox, place: Running) -> None:
        self._sandbox = sandbox
        self._place = place
        self._since_change = timedelta(0)
        sandbox.now = self._now
        lookups = Lookups(ca_file=authorities(Path()))
        config = load(orders.whole_configuration(*place), "faults", lookups)
        self._credentials, self._authority = config.credentials, config.apis[0].authority

    def _now(self) -> datetime:
        return datetime.now(UTC) + self._since_change

    def look_at(self, fault: Fault) -> Row:
        healthy = self._sandbox.world
        self._sandbox.memory = Memory()
        self._sandbox.change(fault.apply)
        self._sandbox.requests = NODES - 1  # the valid look meets a node that has the change
        self._since_change = _AFTER_A_CHANGE
        settling = self._sandbox.world.settles_seconds > 0
        prober = Prober(Keyring(self._credentials, Vault(_read, SystemClock())), SystemClock())
        if fault.after is not None:
            _send(prober, self._look(fault.after, (fault.after.caller,)))
        exchanges = tuple(_send(prober, one) for one in self._looks(fault.look))
        prober.close()
        self._since_change = timedelta(0)
        self._sandbox.change(lambda _: healthy)
        return Row(fault, exchanges, diagnose(exchanges, Facts(settling=settling)))

    def _looks(self, look: Look) -> Iterator[Attempt]:
        yield self._look(look)
        if look.method != "GET":
            return
        if look.caller:
            yield self._look(look, (look.caller,))
        yield self._look(look, invalid=_KINDS.get(look.caller, CredentialKind.BEARER))

    def _look(
        self, look: Look, callers: tuple[str, ...] = (), invalid: CredentialKind | None = None
    ) -> Attempt:
        writes = look.method != "GET"
        return Attempt(
            api="sandbox",
            route=f"{look.method} {look.url}",
            entrance=look.url,
            method=look.method,
            url=look.url,
            timeout_seconds=_TIMEOUT_SECONDS,
            purpose=Purpose.CONTROL if invalid else Purpose.LOOK,
            callers=callers,
            invalid=invalid,
            headers=(("content-type", REFUSAL_MEDIA_TYPE),) if writes else (),
            connect_to=self._place.connect_to,
            authority=self._authority,
        )


def _send(prober: Prober, attempt: Attempt) -> Exchange:
    """One at a time, so that the same node of the gateway answers in every run."""
    redactor = Redactor(frozenset(orders.SECRETS.values()))
    [exchange] = prober.send_all([attempt], lambda raw: evidence(raw, redactor))
    return exchange


def rows(names: Iterable[str] = FAULTS) -> list[Row]:
    """Each of these faults, looked at."""
    with tempfile.TemporaryDirectory(prefix="gatewatch-") as folder:
        sandbox = Sandbox(orders.world())
        with running(sandbox, Path(folder)) as place:
            bench = Bench(sandbox, place)
            return [bench.look_at(FAULTS[name]) for name in names]


def table(found: Iterable[Row]) -> Table:
    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("fault", "layer", "said", "confidence", "survivors", "next probe", "truth"):
        shown.add_column(heading, overflow="fold")
    for row in found:
        asked = row.said.next_probe
        shown.add_row(
            row.fault.name,
            str(row.said.layer),
            row.said.cause,
            str(row.said.confidence),
            "\n".join(row.survivors),
            f"{asked.credential} {asked.url}" if asked else "",
            _truth(row),
        )
    return shown


def _truth(row: Row) -> Text:
    if row.is_confidently_wrong:
        return Text(f"wrong: {row.fault.cause}", style="bold red")
    if not row.has_truth:
        return Text(f"missing: {row.fault.cause}", style="red")
    return Text(row.fault.cause, style="green")


def _read(ref: SecretRef) -> str:
    is_file = ref.source is SecretSource.FILE
    return Path(ref.name).read_text() if is_file else orders.SECRETS[ref.name]


def main(arguments: list[str]) -> None:
    found = rows(arguments or FAULTS)
    console = Console(width=None if sys.stdout.isatty() else 170)
    console.print(table(found))
    certain = sum(row.said.confidence is Confidence.CERTAIN for row in found)
    console.print(
        f"{len(found)} faults: the true cause survives in {sum(row.has_truth for row in found)}, "
        f"certain {certain}, "
        f"confidently wrong {sum(row.is_confidently_wrong for row in found)}"
    )


if __name__ == "__main__":
    main(sys.argv[1:])

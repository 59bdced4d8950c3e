"""What one probe Lambda does with a shard, and how much memory that takes."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from io import StringIO
from multiprocessing import get_context
from pathlib import Path
from time import process_time
from typing import TypeVar

import msgspec

from bench.scale.memory import CountingTable, Lanes
from bench.scale.target import SECRET
from gatewatch.adapters.aws.client import client
from gatewatch.adapters.local.clock import SystemClock
from gatewatch.attempt import Attempt
from gatewatch.probe.credentials import Keyring
from gatewatch.probe.prober import Prober
from gatewatch.probe.vault import Vault
from gatewatch.raw import RawExchange
from gatewatch.redaction.redactor import Redactor
from gatewatch.service.metrics import measures
from gatewatch.service.probe import probe
from gatewatch.service.shards import Shard
from handlers.telemetry import publish

Recorded = TypeVar("Recorded")


@dataclass(frozen=True, slots=True)
class Ran:
    """What a shard came to. Times are seconds of processor; `sending` has the records in it."""

    judged: int
    emf_bytes: int
    sending: float
    deciding: float


class Metered:
    """The real prober, and the processor time that it takes."""

    def __init__(self, prober: Prober) -> None:
        self._prober = prober
        self.seconds = 0.0

    def send_all(
        self, attempts: Sequence[Attempt], record: Callable[[RawExchange], Recorded]
    ) -> list[Recorded]:
        began = process_time()
        answers = self._prober.send_all(attempts, record)
        self.seconds += process_time() - began
        return answers

    def redactor(self) -> Redactor:
        return self._prober.redactor()

    def renew(self, callers: Sequence[str]) -> frozenset[str]:
        return self._prober.renew(callers)


@dataclass(frozen=True, slots=True)
class _At:
    """A clock that stands."""

    moment: datetime

    def now(self) -> datetime:
        return self.moment


def run_shard(shard: Shard, now: datetime, table: CountingTable, changes: Lanes) -> Ran:
    began, clock = process_time(), SystemClock()
    prober = Prober(Keyring(shard.credentials, Vault(_secret, clock)), clock)
    metered = Metered(prober)
    probed = probe(shard, _At(now), metered, table, changes)
    prober.close()
    log = StringIO()
    with redirect_stdout(log):
        publish(measures(probed, "scale"), now)
    size = log.tell()
    deciding = process_time() - began - metered.seconds
    return Ran(len(probed.results), size, metered.seconds, deciding)


def _secret(_: object) -> str:
    return SECRET


def peak_mb(body: bytes) -> int:
    """The largest memory of a new process that has loaded the handler and run one shard."""
    with get_context("spawn").Pool(1) as pool:
        return pool.apply(_alone, (body,))


def _alone(body: bytes) -> int:
    os.environ |= {"GATEWATCH_DEPLOYMENT": "scale", "AWS_DEFAULT_REGION": "us-east-1"}
    import_module("handlers.probe")
    client("dynamodb")
    shard = msgspec.json.decode(body, type=Shard)
    run_shard(shard, datetime.fromisoformat(shard.at), CountingTable(), Lanes())
    return rss_mb()


def rss_mb() -> int:
    """The most that this process has held. `getrusage` would count what its parent held, too."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    [line] = [one for one in status.splitlines() if one.startswith("VmHWM:")]
    return int(line.split()[1]) // 1024

"""What one probe Lambda does with a shard, and how much memory that takes."""

from __future__ import annotations

from datetime import datetime
from multiprocessing import get_context
from pathlib import Path

import msgspec

from bench.scale.memory import CountingTable, Lanes
from gatewatch.adapters.local.clock import SystemClock
from gatewatch.ports import SecretError
from gatewatch.probe.credentials import Keyring
from gatewatch.probe.prober import Prober
from gatewatch.probe.vault import Vault
from gatewatch.service.measures import embedded, measures
from gatewatch.service.probe import probe
from gatewatch.service.shards import Shard


def run_shard(body: bytes, now: datetime, table: CountingTable, changes: Lanes) -> tuple[int, int]:
    """How many routes it judged, and the bytes of its metrics."""
    shard = msgspec.json.decode(body, type=Shard)
    clock = SystemClock()
    prober = Prober(Keyring(shard.credentials, Vault(_no_secret, clock)), clock)
    probed = probe(shard, now, prober, table, changes)
    prober.close()
    lines = embedded(measures(probed, "scale"), int(now.timestamp() * 1000))
    return len(probed.inquiries), sum(len(one) + 1 for one in lines)


def _no_secret(ref: object) -> str:
    raise SecretError(f"{ref}: there are no secrets here")


def peak_mb(body: bytes) -> int:
    """The largest memory of a new process that has run one shard."""
    context = get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(_alone, (body,))


def _alone(body: bytes) -> int:
    at = datetime.fromisoformat(msgspec.json.decode(body, type=Shard).at)
    run_shard(body, at, CountingTable(), Lanes())
    return rss_mb()


def rss_mb() -> int:
    """The most that this process has held. `getrusage` would count what its parent held, too."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    [line] = [one for one in status.splitlines() if one.startswith("VmHWM:")]
    return int(line.split()[1]) // 1024

"""The service in one process, a minute after the other, as far as a given time allows.

Shards follow each other here; in the account they run side by side, but for those of one lane.
So the time that a lane takes is the lag that its last route would have.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib import import_module
from multiprocessing import get_context
from time import perf_counter, process_time

import msgspec

from bench.scale.memory import Bucket, CountingTable, Inbox, Lanes
from bench.scale.worker import rss_mb, run_shard
from gatewatch.adapters.aws.published import PublishedApis
from gatewatch.config.canonical import Config, SecretRef, within
from gatewatch.service.dispatch import dispatch
from gatewatch.service.incidents import handle_wake_up
from gatewatch.service.ports import Message
from gatewatch.service.published import Allowed, encoded, made_of, pointer_to
from gatewatch.service.shards import Shard
from gatewatch.service.source import ConfigSource
from gatewatch.service.wake_up import WakeUp


@dataclass
class Minute:
    """What one minute came to. `dispatching` and the like are seconds of processor."""

    due: int = 0
    shards: int = 0
    taken: int = 0
    dealt: int = 0
    judged: int = 0
    notices: int = 0
    emf_bytes: int = 0
    dispatching: float = 0.0
    sending: float = 0.0
    deciding: float = 0.0
    writing: float = 0.0
    longest_lane: float = 0.0
    wall: float = 0.0
    table: Counter[str] = field(default_factory=Counter)
    queues: Counter[str] = field(default_factory=Counter)


def published(config: Config) -> dict[str, bytes]:
    """The bucket of a stack that was deployed for this configuration."""
    body = encoded(config)
    pointer = pointer_to(body)
    allowed = Allowed(
        networks=("127.0.0.0/8",),
        secrets=tuple({one.name for one in within(config.credentials, SecretRef)}),
        credentials={one.name: one.hosts for one in config.credentials},
        sources={one.name: made_of(one.source) for one in config.credentials},
    )
    return {
        "config/current.json": msgspec.json.encode(pointer),
        "config/allowed.json": msgspec.json.encode(allowed),
        pointer.key: body,
    }


def dispatch_mb(config: Config) -> int:
    """The largest memory of a new process that has loaded the handler and dispatched two ticks."""
    with get_context("spawn").Pool(1) as pool:
        return pool.apply(_dispatch_alone, (published(config),))


def _dispatch_alone(objects: dict[str, bytes]) -> int:
    os.environ |= {"GATEWATCH_DEPLOYMENT": "scale", "AWS_DEFAULT_REGION": "us-east-1"}
    import_module("handlers.dispatch")
    bucket, table = Bucket(), CountingTable()
    bucket.objects = objects
    source = ConfigSource(bucket, table, "config/current.json", "config/allowed.json")
    for minute in range(2):
        at = datetime(2026, 1, 1, minute=minute, tzinfo=UTC)
        dispatch(at, source, table, Lanes(), Lanes())
    return rss_mb()


class Simulation:
    """`left_out` names the APIs of which some shard found no time; `sample` is one shard."""

    def __init__(self, config: Config) -> None:
        self.table, self.inbox = CountingTable(), Inbox()
        self.left_out: set[str] = set()
        self.sample = b""
        self._work, self._changes, self._bucket = Lanes(), Lanes(), Bucket()
        self._bucket.objects = published(config)
        self._source = ConfigSource(
            self._bucket, self.table, "config/current.json", "config/allowed.json"
        )
        self._apis = PublishedApis(self._bucket)
        self._start = datetime.now(UTC).replace(second=0, microsecond=0)

    def minute(self, number: int, until: float) -> Minute:
        """Shards that would begin after `until` (of `perf_counter`) are left out: always those
        of the same hosts, so that the others are seen from the first minute to the last."""
        at = self._start + timedelta(minutes=number)
        entered, told = perf_counter(), len(self.inbox.notices)
        used = self.table.used.copy()
        sent = self._work.sent + self._changes.sent
        found = Minute()
        began = process_time()
        done = dispatch(at, self._source, self.table, self._work, self._changes)
        found.dispatching = process_time() - began
        found.due, found.shards = done.due, done.shards
        self._probe(at, until, found)
        began = process_time()
        self._write()
        found.writing = process_time() - began
        found.notices = len(self.inbox.notices) - told
        found.table = self.table.used - used
        found.queues = self._work.sent + self._changes.sent - sent
        found.wall = perf_counter() - entered
        return found

    def _probe(self, at: datetime, until: float, found: Minute) -> None:
        for lane in self._work.taken().values():
            entered = perf_counter()
            for message in lane:
                self._take(message, at, entered < until, found)
            found.longest_lane = max(found.longest_lane, perf_counter() - entered)

    def _take(self, message: Message, at: datetime, in_time: bool, found: Minute) -> None:
        shard = msgspec.json.decode(message.body, type=Shard)
        self.sample = self.sample or message.body
        if not in_time:
            self.left_out |= {api.name for api in shard.apis}
            return
        ran = run_shard(shard, at, self.table, self._changes)
        found.taken += 1
        found.dealt += sum(len(api.routes) for api in shard.apis)
        found.judged += ran.judged
        found.emf_bytes += ran.emf_bytes
        found.sending += ran.sending
        found.deciding += ran.deciding

    def _write(self) -> None:
        for lane in self._changes.taken().values():
            for message in lane:
                call = msgspec.json.decode(message.body, type=WakeUp)
                handle_wake_up(call, self.table, self.inbox, self._apis.find)

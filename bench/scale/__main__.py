"""`make scale`: a minute after the other, with a total outage in the middle.

Shards follow each other here; in the account they run side by side, but for those of one lane.
So the time that a lane takes is the lag that its last route would have.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from time import perf_counter, process_time

import msgspec

from bench.scale.memory import Bucket, CountingTable, Inbox, Lanes
from bench.scale.target import addresses, target
from bench.scale.worker import peak_mb, rss_mb, run_shard
from gatewatch.adapters.aws.published import PublishedApis
from gatewatch.config.author import load
from gatewatch.config.canonical import Config
from gatewatch.service.call import Call
from gatewatch.service.dispatch import dispatch
from gatewatch.service.incidents import answer
from gatewatch.service.published import Allowed, encoded, pointer_to
from gatewatch.service.source import Source

ROUTES_PER_API = 50
# What each minute is: False well, True total outage. Two failures open, two passes resolve.
MINUTES = (False, True, True, False, False)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--routes", type=int, default=50_000)
    routes = parser.parse_args().routes
    hosts = max(2, routes // ROUTES_PER_API)
    with target(hosts) as api:
        service = Service(configuration(hosts, api.port))
        print(f"{routes} routes of {hosts} APIs, a minute each line")
        for number, fails in enumerate(MINUTES):
            api.fail(fails)
            service.minute(number, fails)
        print(f"memory of a probe: {peak_mb(service.sample)} MB; here: {rss_mb()} MB")
    return service.verdict(hosts)


def configuration(hosts: int, port: int) -> Config:
    """One API is read as a user would write it; the others are like it."""
    lines = "\n".join(f"      - GET /r{n}: {{access: public}}" for n in range(ROUTES_PER_API))
    text = f"apis:\n  orders:\n    url: http://127.0.0.1:{port}/prod\n    routes:\n{lines}\n"
    [one] = load(text, "scale").apis
    change = msgspec.structs.replace
    apis = (
        change(
            one,
            name=f"api-{n}",
            entrances=(change(one.entrances[0], url=f"http://{address}:{port}/prod"),),
        )
        for n, address in enumerate(addresses(hosts))
    )
    return Config(apis=tuple(apis))


class Service:
    def __init__(self, config: Config) -> None:
        self.table, self.inbox = CountingTable(), Inbox()
        self.work, self.changes, self.bucket = Lanes(), Lanes(), Bucket()
        body = encoded(config)
        pointer = pointer_to(body)
        allowed = Allowed(networks=("127.0.0.0/8",))
        self.bucket.objects = {
            "config/current.json": msgspec.json.encode(pointer),
            "config/allowed.json": msgspec.json.encode(allowed),
            pointer.key: body,
        }
        self.source = Source(self.bucket, self.table, "config/current.json", "config/allowed.json")
        self.apis = PublishedApis(self.bucket)
        self.start = datetime.now(UTC).replace(second=0, microsecond=0)
        self.sample = b""
        self.lost = 0

    def minute(self, number: int, fails: bool) -> None:
        at = self.start + timedelta(minutes=number)
        before, told = self.table.used.copy(), len(self.inbox.notices)
        sent = self.work.sent.copy() + self.changes.sent
        began = process_time()
        done = dispatch(at, self.source, self.table, self.work, self.changes)
        dealt = process_time() - began
        judged, emf, lag, wall, cpu = self._probe(at)
        took = self._write()
        used = self.table.used - before
        out = (self.work.sent + self.changes.sent) - sent
        self.lost += done.due - judged
        print(
            f"{'outage' if fails else 'well':7} due {done.due} judged {judged} "
            f"shards {done.shards} dispatch {dealt:.1f} CPU-s, probes {wall:.0f} s "
            f"({cpu * 1000 / max(1, judged):.2f} CPU-ms a route), longest lane {lag:.1f} s, "
            f"writers {took:.1f} CPU-s\n"
            f"        queues {out['messages']} messages {_mb(out['bytes'])}; "
            f"table {used['read calls']} reads {_mb(used['read bytes'])} "
            f"{used['write calls']} writes {_mb(used['write bytes'])} "
            f"({used['read units']} + {used['write units']} units); EMF {_mb(emf)}; "
            f"notices {len(self.inbox.notices) - told}",
            flush=True,
        )

    def _probe(self, at: datetime) -> tuple[int, int, float, float, float]:
        judged = emf = 0
        lag = 0.0
        began, cpu = perf_counter(), process_time()
        for lane in self.work.taken().values():
            entered = perf_counter()
            for message in lane:
                self.sample = self.sample or message.body
                counted, size = run_shard(message.body, at, self.table, self.changes)
                judged, emf = judged + counted, emf + size
            lag = max(lag, perf_counter() - entered)
        return judged, emf, lag, perf_counter() - began, process_time() - cpu

    def _write(self) -> float:
        began = process_time()
        for lane in self.changes.taken().values():
            for message in lane:
                call = msgspec.json.decode(message.body, type=Call)
                answer(call, self.table, self.inbox, self.apis.find)
        return process_time() - began

    def verdict(self, hosts: int) -> int:
        """Each API's outage is told once, and its end once."""
        said = Counter((one.kind, one.incident.api) for one in self.inbox.notices)
        twice = sum(count > 1 for count in said.values())
        opened, resolved = (
            sum(kind == wanted for kind, _ in said) for wanted in ("opened", "resolved")
        )
        print(
            f"outages of {hosts} APIs: {opened} told, {resolved} ends told, {twice} told twice, "
            f"{self.lost} looks lost"
        )
        return int((opened, resolved, twice, self.lost) != (hosts, hosts, 0, 0))


def _mb(size: int) -> str:
    return f"{size / 1e6:.1f} MB"


if __name__ == "__main__":
    sys.exit(main())

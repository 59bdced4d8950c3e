"""`make scale`: a minute after the other, with a total outage in the middle.

It ends by itself: what a slow machine cannot do in time is left out, and said.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from bench.scale.simulation import Minute, Simulation, dispatch_mb
from bench.scale.target import target
from bench.scale.worker import peak_mb, rss_mb
from bench.scale.written import Took, measured, write

ROUTES_PER_API = 50
# What each minute is: False well, True total outage. Two failures open, two passes resolve.
MINUTES = (False, True, True, False, False)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--routes", type=int, default=50_000)
    parser.add_argument("--seconds", type=float, default=540, help="after which no shard begins")
    asked = parser.parse_args()
    hosts = max(2, asked.routes // ROUTES_PER_API)
    with target(hosts) as api, TemporaryDirectory() as folder:
        config, took = measured(write(Path(folder), hosts, ROUTES_PER_API, api.port))
        print(f"{hosts * ROUTES_PER_API} routes of {hosts} APIs, {asked.seconds:g} s at most")
        print(told_of_reading(took), flush=True)
        service, ends = Simulation(config), perf_counter() + asked.seconds
        lost = 0
        for number, fails in enumerate(MINUTES):
            api.fail(fails)
            left = (ends - perf_counter()) / (len(MINUTES) - number)
            minute = service.minute(number, perf_counter() + left)
            print("\n".join(told(number, fails, minute)), flush=True)
            lost += minute.dealt - minute.judged
        print(
            f"memory: {dispatch_mb(config)} MB a dispatch, {peak_mb(service.sample)} MB a probe, "
            f"{rss_mb()} MB here"
        )
    return verdict(service, hosts, lost)


def told_of_reading(took: Took) -> str:
    whole = took.validate + took.plan + took.pack
    return (
        f"written in files of 20 teams; processor: validate {took.validate:.1f} s, "
        f"plan {took.plan:.1f} s, pack {took.pack:.1f} s, together {whole:.1f} s and "
        f"{took.memory_mb} MB; published {_mb(took.published_bytes)}"
    )


def told(number: int, fails: bool, one: Minute) -> list[str]:
    a_route = 1000 / max(1, one.judged)
    return [
        f"minute {number + 1}, {'outage' if fails else 'well'}: {one.due} routes due, "
        f"{one.shards} shards; {one.judged} routes of {one.taken} shards judged "
        f"in {one.wall:.0f} s, {one.notices} notices",
        f"  processor: dispatch {one.dispatching:.1f} s, writers {one.writing:.1f} s, a route "
        f"{one.sending * a_route:.2f} ms to send and record, {one.deciding * a_route:.2f} ms to "
        f"decide; lag in the longest lane {one.longest_lane:.1f} s",
        f"  queues: {one.queues['messages']} messages, {_mb(one.queues['bytes'])}, "
        f"{one.queues['calls']} calls; EMF {_mb(one.emf_bytes)}",
        f"  table: {one.table['read calls']} reads, {_mb(one.table['read bytes'])}, "
        f"{one.table['read units']} units; {one.table['write calls']} writes, "
        f"{_mb(one.table['write bytes'])}, {one.table['write units']} units",
    ]


def verdict(service: Simulation, hosts: int, lost: int) -> int:
    """Each API's outage is told once, and its end once; of those that were seen all along."""
    said = Counter(
        (one.kind, one.incident.api)
        for one in service.inbox.notices
        if one.incident.api not in service.left_out
    )
    whole = hosts - len(service.left_out)
    twice = sum(count > 1 for count in said.values())
    opened, resolved = (
        sum(kind == wanted for kind, _ in said) for wanted in ("opened", "resolved")
    )
    print(
        f"{whole} of {hosts} APIs were looked at in every minute: {opened} outages told, "
        f"{resolved} ends told, {twice} told twice, {lost} looks lost"
    )
    return int(whole == 0 or (opened, resolved, twice, lost) != (whole, whole, 0, 0))


def _mb(size: int) -> str:
    return f"{size / 1e6:.1f} MB"


if __name__ == "__main__":
    sys.exit(main())

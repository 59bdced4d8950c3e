"""`make releases [RUNS=500] [WAYS=all]`: releases with dice, and what becomes of them.

Prints each that was judged wrongly, and the tables of docs/verify-runs.md; with `all`, those of
other ways to decide besides. The page is written when all of the 500 were run.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import chain
from os import cpu_count
from pathlib import Path

from tests.release.page import PAGE, RUNS, by_kind, by_way, rewritten
from tests.release.runs import AS_BUILT, OTHER_WAYS, Run, Way, prepared


def _some(way: Way, seeds: Sequence[int]) -> list[Run]:
    with (
        tempfile.TemporaryDirectory(prefix="gatewatch-") as folder,
        prepared(Path(folder)) as runs,
    ):
        return [runs.run(seed, way) for seed in seeds]


def _all(way: Way, count: int, pool: ProcessPoolExecutor, jobs: int) -> list[Run]:
    parts = [range(first, count, jobs) for first in range(jobs)]
    found = chain.from_iterable(pool.map(partial(_some, way), parts))
    return sorted(found, key=lambda run: run.seed)


def _wrong(runs: Iterable[Run]) -> Iterator[str]:
    for run in runs:
        if run.decision is not run.expected:
            yield f"{run.seed} {run.kind}: {run.decision}, and should be {run.expected}"
            yield from (f"    {one}" for one in run.told)


def main(count: int, *, ways: bool) -> int:
    jobs = cpu_count() or 1
    with ProcessPoolExecutor(jobs) as pool:
        runs = _all(AS_BUILT, count, pool, jobs)
        print(*_wrong(runs), *by_kind(runs), "", sep="\n")
        others = OTHER_WAYS if ways else ()
        compared = [(AS_BUILT, runs), *((one, _all(one, count, pool, jobs)) for one in others)]
        print(*by_way(compared), sep="\n")
    if count == RUNS and ways:
        PAGE.write_text(rewritten(PAGE.read_text(), runs, compared))
    return sum(run.decision is not run.expected for run in runs)


if __name__ == "__main__":
    sys.exit(1 if main(int(sys.argv[1]), ways=sys.argv[2:] == ["all"]) else 0)

"""The tables of docs/verify-runs.md."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from statistics import median

from tests.release.kinds import KINDS
from tests.release.runs import Run, Way

PAGE = Path(__file__).parents[2] / "docs" / "verify-runs.md"
RUNS = 500
_PART = "<!-- {name} -->\n{table}\n<!-- end -->"


def by_kind(runs: Sequence[Run]) -> Iterator[str]:
    """A row for each kind of release: what it deserves, what it got, and how long that took."""
    yield "| release | runs | decision | looks | seconds: median | worst |"
    yield "|---|--:|---|--:|--:|--:|"
    grouped = defaultdict[str, list[Run]](list)
    for run in runs:
        grouped[run.kind].append(run)
    for kind in KINDS:
        if own := grouped[kind.name]:
            looks, seconds = [one.looks for one in own], [one.seconds for one in own]
            yield (
                f"| {kind.told} | {len(own)} | {_decisions(own)} | {_span(looks)} "
                f"| {median(seconds):.0f} | {max(seconds):.0f} |"
            )


def _decisions(runs: Iterable[Run]) -> str:
    return ", ".join(sorted({str(one.decision) for one in runs}))


def _span(numbers: Sequence[int]) -> str:
    least, most = min(numbers), max(numbers)
    return str(least) if least == most else f"{least} to {most}"


def by_way(compared: Iterable[tuple[Way, Sequence[Run]]]) -> Iterator[str]:
    """A row for each way to decide: how often it is wrong, and how long it takes."""
    yield "| decided by | wrongly passed | wrongly stopped | undecided | seconds: median | worst |"
    yield "|---|--:|--:|--:|--:|--:|"
    for way, runs in compared:
        seconds = [one.seconds for one in runs]
        undecided = sum(one.decision == "undecided" for one in runs)
        yield (
            f"| {way.name} | {sum(one.is_false_pass for one in runs)} "
            f"| {sum(one.is_false_stop for one in runs)} | {undecided} "
            f"| {median(seconds):.0f} | {max(seconds):.0f} |"
        )


def rewritten(text: str, runs: Sequence[Run], compared: Iterable[tuple[Way, Sequence[Run]]]) -> str:
    for name, lines in (("kinds", by_kind(runs)), ("ways", by_way(compared))):
        part = _PART.format(name=name, table="\n".join(lines))
        text = re.sub(
            rf"<!-- {name} -->.*?<!-- end -->", lambda _, part=part: part, text, flags=re.S
        )
    return text


def table(text: str, name: str) -> list[list[str]]:
    """The rows of a table of the page."""
    found = re.search(rf"<!-- {name} -->\n(.*?)\n<!-- end -->", text, re.S)
    lines = found[1].splitlines()[2:] if found else []
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]

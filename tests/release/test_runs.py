"""Releases that spread over a gateway's nodes are judged rightly. `make releases` runs them all."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.release.kinds import KINDS
from tests.release.page import PAGE, RUNS, table
from tests.release.runs import OTHER_WAYS, Runs, prepared

HASTY = next(way for way in OTHER_WAYS if way.for_seconds == 10)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    with prepared(tmp_path_factory.mktemp("gateway")) as found:
        yield found


@pytest.mark.parametrize(
    "seed", range(RUNS, RUNS + len(KINDS)), ids=lambda seed: KINDS[seed % len(KINDS)].name
)
def test_a_release_gets_what_it_deserves(runs: Runs, seed: int) -> None:
    run = runs.run(seed)
    assert run.decision is run.expected, run.told


def test_the_same_releases_are_misjudged_by_a_hastier_way(runs: Runs) -> None:
    found = (runs.run(seed, HASTY) for seed in range(RUNS))
    assert any(one.is_false_pass for one in found)


def test_the_page_tells_of_all_runs() -> None:
    text = PAGE.read_text()
    rows = {told: (int(count), got) for told, count, got, *_ in table(text, "kinds")}
    assert sum(count for count, _ in rows.values()) == RUNS
    assert {told: got for told, (_, got) in rows.items()} == {
        kind.told: str(kind.expected) for kind in KINDS
    }


def test_the_page_says_that_none_was_wrong() -> None:
    _, passed, stopped, undecided, *_ = table(PAGE.read_text(), "ways")[0]
    assert (passed, stopped, undecided) == ("0", "0", "0")

"""How right the diagnosis is on recorded responses, by the command that users run."""

from __future__ import annotations

import pytest
from bench.accuracy import CORPUS, Row, rows


@pytest.fixture(scope="module")
def found() -> list[Row]:
    return rows(CORPUS)


def covered(found: list[Row]) -> list[Row]:
    return [row for row in found if row.is_covered]


def share(found: list[Row], name: str) -> float:
    return sum(bool(getattr(row, name)) for row in found) / len(found)


def test_nothing_is_confidently_wrong(found: list[Row]) -> None:
    assert [row.id for row in covered(found) if row.is_confidently_wrong] == []


def test_nothing_is_certain_that_has_a_look_alike(found: list[Row]) -> None:
    assert [row.id for row in found if row.is_certain_with_look_alike] == []


def test_the_true_cause_is_among_the_candidates(found: list[Row]) -> None:
    assert share(covered(found), "names_truth") >= 0.97


def test_the_layer_is_right_or_honestly_ambiguous(found: list[Row]) -> None:
    assert share(covered(found), "layer_is_right") >= 0.97


def test_few_candidates_are_excluded_by_the_bytes(found: list[Row]) -> None:
    assert sum(len(row.excluded_but_named) for row in found) / len(found) <= 1

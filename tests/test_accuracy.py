"""How right the diagnosis is on recorded responses, by the command that users run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from bench.accuracy import CORPUS, Row, rows

from gatewatch.diagnose import diagnose
from gatewatch.model import Confidence
from gatewatch.transcripts.exchanges import exchange as from_json


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


def cut(row: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The row with its body cut at every place but the very end."""
    body = row["response"].get("body") or ""
    for end in range(1, len(body)):
        yield {**row, "response": {**row["response"], "body": body[:end]}}


REFUSALS = [
    row
    for row in map(json.loads, CORPUS.read_text().splitlines())
    if row["response"].get("status", 0) >= 400 and (row["response"].get("body") or "")[:1] == "{"
]


@pytest.mark.parametrize("row", REFUSALS, ids=lambda row: row["id"])
def test_a_body_that_was_cut_never_makes_it_confidently_wrong(row: dict[str, Any]) -> None:
    truth = {row["truth"]["cause"], *row["truth"].get("cannot_be_told_from", ())}
    for less in cut(row):
        found = diagnose([from_json(less)])
        if found.confidence in (Confidence.CERTAIN, Confidence.LIKELY):
            assert found.cause in truth, less["response"]["body"]

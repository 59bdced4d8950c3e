"""How right the diagnosis is on recorded responses, by the command that users run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bench.accuracy import CORPUS, Row, pastes, pastes_directory, report, rows

from gatewatch.diagnosis.diagnose import diagnose
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
    assert share(covered(found), "names_truth") >= 0.99


def test_the_layer_is_right_or_honestly_ambiguous(found: list[Row]) -> None:
    assert share(covered(found), "layer_is_right") >= 0.98


def test_the_first_candidate_is_true_or_a_look_alike(found: list[Row]) -> None:
    assert share(covered(found), "first_is_possible") >= 0.95


def test_few_candidates_are_excluded_by_the_bytes(found: list[Row]) -> None:
    assert sum(len(row.excluded_but_named) for row in found) / len(found) <= 0.8


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


PASTED = {
    "id": "fx-900",
    "request": {"method": "GET", "url": "https://h.example.com/x", "credential": "api_key"},
    "response": {"status": 429, "body": '{"message":"Limit Exceeded"}'},
}
TRUTH = {"layer": "throttle", "cause": "quota_exceeded", "cannot_be_told_from": []}


@pytest.fixture
def pasted(tmp_path: Path) -> Path:
    (tmp_path / "truth.jsonl").write_text(json.dumps({"id": "fx-900", "truth": TRUTH}))
    (tmp_path / "fx-900.clean.jsonl").write_text(json.dumps(PASTED))
    (tmp_path / "fx-900.group.jsonl").write_text(json.dumps({"exchanges": [PASTED, PASTED]}))
    (tmp_path / "fx-900.txt").write_text(
        '$ curl https://h.example.com/x\n{"message":"Limit Exceeded"}'
    )
    (tmp_path / "fx-900.log").write_text("nothing that can be read")
    return tmp_path


def test_pastes_are_measured_by_the_form_in_which_they_are_told(pasted: Path) -> None:
    found = pastes(pasted)
    assert {form: len(told) for form, told in found.items()} == {
        "exchanges": 1,
        "groups": 1,
        "texts": 1,
    }
    assert all(row.first_is_possible for told in found.values() for row in told)
    assert "true cause among candidates                       1  100.0%" in report(
        found["texts"], "pastes as texts"
    )


def test_pastes_are_found_where_the_environment_says(
    pasted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEWATCH_PASTES", str(pasted))
    assert pastes_directory() == pasted
    monkeypatch.setenv("GATEWATCH_PASTES", str(tmp_path / "nowhere"))
    assert pastes_directory() is None


@pytest.mark.timeout(600)  # each paste is explained by a process of its own
@pytest.mark.skipif(pastes_directory() is None, reason="the pastes are not at hand")
def test_what_people_pasted_is_diagnosed_as_well_as_what_was_recorded() -> None:
    directory = pastes_directory()
    assert directory is not None
    forms = pastes(directory)
    told = forms["exchanges"] + forms["texts"]
    assert not [row.id for row in told if row.is_confidently_wrong]
    assert not [row.id for row in told if row.is_certain_with_look_alike]
    assert not [row.id for row in told if not row.names_truth]
    assert share(told, "layer_is_right") >= 0.98
    assert share(told, "first_is_possible") >= 0.95

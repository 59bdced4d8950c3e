"""Every cause: a case that must match, and a near miss that must not; and what each must have."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from gatewatch.diagnosis.cause import PROSE, sections
from gatewatch.diagnosis.causes import catalogue
from gatewatch.diagnosis.diagnose import diagnose
from gatewatch.diagnosis.facts import Facts
from gatewatch.diagnosis.predictions.rules import Basis
from gatewatch.model import Confidence, Exchange, Guard
from tests.support import CORPUS, corpus, look, recorded

CASES = Path(__file__).parent / "cases"

PROVE_GUARD = {
    "iam_unsigned",
    "identity_source_missing",
    "cognito_token_missing",
    "cognito_token_rejected",
    "api_key_missing",
    "api_key_invalid",
    "jwt_rejected",
    "authorizer_denied",
    "authorizer_unauthorized",
    "resource_policy_deny",
}


def cases(kind: str) -> list[object]:
    return [
        pytest.param(file.stem, case, id=f"{file.stem}: {case['name']}")
        for file in sorted(CASES.glob("*.yaml"))
        for case in yaml.safe_load(file.read_text())[kind]
    ]


def exchanges(case: dict[str, object]) -> list[Exchange]:
    if "row" in case:
        return [recorded(str(case["row"]))]
    return [look(line) for line in case["looks"]]  # type: ignore[union-attr]


def facts(case: dict[str, object]) -> Facts:
    declared = case.get("guarded_by")
    return Facts(
        guarded_by=frozenset({Guard(str(declared))} if declared else ()),
        has_worked=bool(case.get("has_worked")),
    )


@pytest.mark.parametrize(("cause", "case"), cases("matches"))
def test_a_cause_is_among_the_candidates_of_its_cases(cause: str, case: dict[str, object]) -> None:
    diagnosis = diagnose(exchanges(case), facts(case))
    assert cause in [one.cause for one in diagnosis.candidates]
    if "confidence" in case:
        assert (diagnosis.cause, diagnosis.confidence) == (cause, case["confidence"])


@pytest.mark.parametrize(("cause", "case"), cases("misses"))
def test_a_cause_is_not_a_candidate_of_its_near_misses(cause: str, case: dict[str, object]) -> None:
    diagnosis = diagnose(exchanges(case), facts(case))
    assert cause not in [one.cause for one in diagnosis.candidates]


def test_every_cause_has_cases_and_every_case_a_cause() -> None:
    assert {file.stem for file in CASES.glob("*.yaml")} == set(catalogue())


@pytest.mark.parametrize("name", list(catalogue()))
def test_a_cause_is_complete(name: str) -> None:
    cause = catalogue()[name]
    assert cause.id == name
    assert tuple(sections(cause)) == PROSE
    assert all(sections(cause).values())
    assert cause.sources
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d", source.confirmed) for source in cause.sources)
    assert len(cause.title) <= 75


def test_only_the_agreed_causes_prove_a_guard() -> None:
    assert {name for name, cause in catalogue().items() if cause.proves_guard} == PROVE_GUARD


def test_an_inferred_prediction_alone_is_never_certain() -> None:
    # A body that reports a failure under a 200 is read into it, so it is likely at most.
    diagnosis = diagnose([look('GET HOST/prod/x -> rest 200 | {"status_code": 400}')])
    assert (diagnosis.cause, diagnosis.confidence) == ("masked_failure", Confidence.LIKELY)


ELSEWHERE = CORPUS.with_name("elsewhere.txt")
"""The rows that were recorded and are not in this copy of the corpus."""
_OUTSIDE = re.compile(r"index id \d{11}")


def test_what_is_said_to_be_recorded_was() -> None:
    """Else nobody could look it up, and what is inferred could pass for seen."""
    known = {*corpus(), *ELSEWHERE.read_text().split()}
    references = {
        (cause.id, row)
        for cause in catalogue().values()
        for source in cause.sources
        if source.basis is Basis.RECORDED and not _OUTSIDE.fullmatch(source.reference)
        for row in source.reference.split(", ")
    }
    assert [(cause, row) for cause, row in references if row not in known] == []


def test_no_row_stands_in_both_parts_of_the_corpus() -> None:
    assert corpus().keys().isdisjoint(ELSEWHERE.read_text().split())


def test_sources_say_how_they_are_known() -> None:
    kinds = {source.basis for cause in catalogue().values() for source in cause.sources}
    assert kinds == set(Basis)

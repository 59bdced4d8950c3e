"""The sandbox against the recorded corpus: every row is repeated, or it says why it cannot be."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from tests.conformance.replay import STAGINGS, Answered, Outcome, Replayed, compared, replayed
from tests.conformance.unstaged import UNSTAGED
from tests.support import corpus

# Bodies that a client had printed in its own layout, or that were pasted in part.
AS_PASTED = {
    *("fd-007", "fd-017", "fd-018", "fd-020", "fd-075", "fd-100", "ht-016"),
    *("fd-024", "fd-094", "fd-097", "fd-128", "fd-135"),
}
STAGED = [row for staging in STAGINGS for row in staging.rows]


@pytest.fixture(scope="module")
def found() -> dict[str, Replayed]:
    return {one.row: one for one in replayed()}


def test_every_row_is_staged_once_or_says_why_not() -> None:
    assert Counter([*STAGED, *UNSTAGED]) == Counter(list(corpus()))
    assert all(UNSTAGED.values())


@pytest.mark.parametrize("row", STAGED)
def test_a_row_is_repeated(found: dict[str, Replayed], row: str) -> None:
    wanted = Outcome.AS_PASTED if row in AS_PASTED else Outcome.REPRODUCED
    one = found[row]
    assert one.outcome == wanted, f"{one.because}: {one.recorded} / {one.answered}"


ROW = corpus()["ms-017"]
ANSWER = Answered(
    403,
    {
        "x-amzn-errortype": "MissingAuthenticationTokenException",
        "x-amzn-requestid": "r",
        "x-amz-apigw-id": "a",
    },
    '{"message":"Missing Authentication Token"}',
)
CHANGED = {
    "status": replace(ANSWER, status=404),
    "error type": replace(ANSWER, headers={**ANSWER.headers, "x-amzn-errortype": "Other"}),
    "body": replace(ANSWER, body='{"message":"Forbidden"}'),
    "x-amz-apigw-id": replace(ANSWER, headers={**ANSWER.headers, "x-amz-apigw-id": None}),
}


def test_the_same_answer_is_the_same() -> None:
    assert compared(ROW, ANSWER).outcome == Outcome.REPRODUCED


@pytest.mark.parametrize("what", CHANGED)
def test_a_changed_answer_is_noticed(what: str) -> None:
    answer = CHANGED[what]
    kept = {name: value for name, value in answer.headers.items() if value is not None}
    one = compared(ROW, replace(answer, headers=kept))
    assert (one.outcome, one.because) == (Outcome.DIFFERENT, what)


def test_a_space_that_was_recorded_counts() -> None:
    answer = replace(ANSWER, body='{"message": "Missing Authentication Token"}')
    assert compared(ROW, answer).outcome != Outcome.REPRODUCED

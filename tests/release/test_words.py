"""A release in words: whole where there is room, sensibly cut where there is none."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from gatewatch.model import Candidate, Finding, Layer, Outcome, Verdict
from gatewatch.release.decide import Decision, Release
from gatewatch.release.words import headline, told
from tests.builders import config, verdict
from tests.release.test_decide import BACKEND, BROKEN, LOST, ONE, OPEN, PASSES, REFUSED, released

UNSIGNED = Candidate("iam_unsigned", Layer.AUTH)


def test_a_stopped_release_names_route_layer_and_cause() -> None:
    assert told(released([BROKEN])).splitlines() == [
        "release stopped after 90 s: 1 newly failing, 1 passed",
        "- orders: GET /x as user: auth: authorizer_failure (certain), The authorizer itself is "
        "broken; it passed before this release (last at 2026-11-28 11:00:00 UTC); all of 19 looks "
        "failed",
    ]


@pytest.mark.parametrize(
    ("answer", "phrase"),
    [
        (LOST, "routing: one of route_not_found, wrong_method; it passed before"),
        (
            replace(LOST, layer=Layer.AMBIGUOUS, candidates=(*LOST.candidates, UNSIGNED)),
            "routing or auth: one of route_not_found, wrong_method, iam_unsigned; it passed",
        ),
        (BROKEN, "auth: authorizer_failure (certain), The authorizer itself is broken; it passed"),
        (
            verdict(finding=Finding.UNEXPECTED_STATUS, layer=Layer.OK, because="status 201"),
            "answering with an unexpected status (status 201); it passed before",
        ),
    ],
)
def test_a_failure_is_told_no_more_surely_than_it_is_known(answer: Verdict, phrase: str) -> None:
    assert phrase in told(released([answer]))


def test_an_exposure_is_told_first() -> None:
    lines = told(released([LOST], known=[PASSES, OPEN], beside=OPEN)).splitlines()
    assert lines[1].startswith("- orders: GET /x without a credential: open to everybody (")
    assert lines[2].startswith("- orders: GET /x as user: routing: ")


def test_what_failed_before_is_told_as_not_stopping() -> None:
    assert "- not stopping it: orders: GET /x as user: routing: one of" in told(
        released([LOST], known=[LOST, REFUSED])
    )
    assert "- not stopping it: orders: GET /x as user: backend: backend_error" in told(
        released([BACKEND])
    )


def test_a_release_stopped_at_once_says_nothing_of_what_had_passed_so_far() -> None:
    text = told(released([PASSES], beside=OPEN))
    assert "1 unknown" in headline(released([PASSES], beside=OPEN))
    assert len(text.splitlines()) == 2


def test_nobody_is_left_to_guess_that_there_is_no_baseline() -> None:
    text = told(released([LOST], known=[]))
    assert "nothing is known of it before this release" in text


def _large(number: int) -> Release:
    one = released([LOST])
    first = one.looks[0]
    looks = tuple(replace(first, route=f"GET /x/{at}\x1b[31m\n") for at in range(number))
    return replace(one, looks=looks)


@pytest.mark.parametrize("room", [120, 300, 1_000, 5_000])
@pytest.mark.parametrize("number", [1, 2, 100, 10_000])
def test_a_text_fits_and_counts_what_it_leaves_out(number: int, room: int) -> None:
    text = told(_large(number), room)
    lines = text.splitlines()
    assert len(text) <= room
    assert lines[0].startswith("release stopped after 90 s")
    shown = sum(line.startswith("- ") for line in lines)
    if shown < number:
        assert lines[-1] == f"and {number - shown} more"
    assert "\x1b" not in text


def test_a_release_without_looks_is_undecided() -> None:
    made = config(ONE)
    one = released([verdict(Outcome.SKIPPED, finding=None)], made=made, beside=None)
    assert one.decision is Decision.UNDECIDED

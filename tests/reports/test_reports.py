"""What holds for every format: valid, complete, without an answer's content, harmless."""

from __future__ import annotations

import json

import pytest
from msgspec.structs import replace

from gatewatch.config.lines import NOWHERE, Place, Places
from gatewatch.release.decide import Decision
from gatewatch.reports import Format, write
from tests.reports.releases import OPEN, SECRET, UNSETTLED, WHOLE, release
from tests.reports.schema import parsed

PLACES = Places({("orders", "GET /x"): Place("gatewatch.yaml", 12)}, {}, Place("gatewatch.yaml"))


@pytest.mark.parametrize("form", Format)
def test_every_failure_is_named_and_nothing_of_an_answer(form: Format) -> None:
    text = write(form, WHOLE, PLACES)
    for route in ("GET /x as user", "POST /orders as anonymous", "GET /old", "GET /reports"):
        assert route in text
    assert SECRET not in text


@pytest.mark.parametrize("form", Format)
def test_the_same_release_gives_the_same_text(form: Format) -> None:
    assert write(form, WHOLE, NOWHERE) == write(form, WHOLE, NOWHERE)


@pytest.mark.parametrize("form", Format)
def test_a_release_without_looks_is_reported(form: Format) -> None:
    assert "told in one sentence" in write(form, release(), NOWHERE)


def test_what_had_only_passed_when_another_look_stopped_the_release_is_not_red() -> None:
    """A proven exposure ends a verification at once: a thousand routes are not red beside it."""
    many = [replace(UNSETTLED, route=f"GET /{number}") for number in range(1_000)]
    whole = {form: write(form, release(OPEN, *many), PLACES) for form in Format}
    assert parsed(whole[Format.JUNIT]).attrib["errors"] == "0"
    assert whole[Format.JUNIT].count("<skipped ") == 1_000
    assert whole[Format.GITHUB].count("\n") == 2
    assert len(json.loads(whole[Format.SARIF])["runs"][0]["results"]) == 1
    assert "<summary>1,000 not settled</summary>" in whole[Format.MARKDOWN]


def test_what_has_not_settled_by_itself_is_red() -> None:
    undecided = release(UNSETTLED, decision=Decision.UNDECIDED)
    assert parsed(write(Format.JUNIT, undecided, PLACES)).attrib["errors"] == "1"
    assert write(Format.GITHUB, undecided, PLACES).startswith("::error file=")
    assert "### What stops it: 1" in write(Format.MARKDOWN, undecided, PLACES)

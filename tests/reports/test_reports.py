"""What holds for every format: valid, complete, without an answer's content, harmless."""

from __future__ import annotations

import pytest

from gatewatch.config.lines import NOWHERE, Place, Places
from gatewatch.reports import Format, write
from tests.reports.releases import SECRET, WHOLE, release

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

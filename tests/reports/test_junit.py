"""JUnit XML: valid; red is what stops the release, and nothing else; all else is seen."""

from __future__ import annotations

from xml.etree.ElementTree import Element

import pytest
from msgspec.structs import replace

from gatewatch.config.lines import NOWHERE
from gatewatch.release.checked import Checked
from gatewatch.reports import junit
from tests.reports.releases import (
    EVERYTHING,
    FIXED,
    IGNORED,
    NEW,
    OLDER,
    OPEN,
    RENAMED,
    SKIPPED,
    TOLERATED,
    UNKNOWN,
    WARNED,
    WHOLE,
    release,
)
from tests.reports.schema import parsed, problems_of_junit


def cases(*looks: Checked) -> list[Element]:
    return list(parsed(junit.write(release(*looks), NOWHERE)).iter("testcase"))


def test_it_is_valid() -> None:
    assert problems_of_junit(junit.write(WHOLE, NOWHERE)) == []


@pytest.mark.parametrize(
    ("written", "broken"),
    [
        pytest.param('tests="10" ', "", id="a_count_is_missing"),
        pytest.param("<skipped ", "<omitted ", id="an_unknown_element"),
        pytest.param("</failure>", "</failure><properties/>", id="a_misplaced_element"),
        pytest.param('time="90.000"', 'time="90 s"', id="a_time_with_a_unit"),
        pytest.param('classname="', 'class="', id="an_unknown_attribute"),
    ],
)
def test_a_broken_one_is_noticed(written: str, broken: str) -> None:
    text = junit.write(WHOLE, NOWHERE)
    assert written in text
    assert problems_of_junit(text.replace(written, broken))


@pytest.mark.parametrize(
    ("look", "tag", "told"),
    [
        pytest.param(OPEN, "failure", "open to everybody; it passed before", id="exposure"),
        pytest.param(NEW, "failure", "refused at routing: route_not_found or 1", id="new"),
        pytest.param(UNKNOWN, "error", "unknown; one of several", id="unknown_that_stops"),
        pytest.param(TOLERATED, "skipped", "unknown; one of several", id="unknown_that_does_not"),
        pytest.param(OLDER, "skipped", "older failure: refused at routing", id="older"),
        pytest.param(WARNED, "skipped", "warning: refused at backend", id="warned"),
        pytest.param(IGNORED, "skipped", "ignored: slower than expected", id="ignored"),
        pytest.param(SKIPPED, "skipped", "skipped; a public write", id="skipped"),
        pytest.param(FIXED, None, "", id="fixed"),
        pytest.param(RENAMED, None, "", id="passed"),
    ],
)
def test_only_what_stops_a_release_is_red(look: Checked, tag: str | None, told: str) -> None:
    (case,) = cases(look)
    assert [child.tag for child in case] == ([tag] if tag else [])
    assert all(told in child.attrib["message"] for child in case)


def test_a_failure_tells_what_it_is_and_what_is_known() -> None:
    (case,) = cases(NEW)
    assert case.attrib == {"classname": "orders", "name": "GET /x as user", "time": "0.042"}
    (failure,) = case
    assert failure.attrib["type"] == "routing/route_not_found"
    for line in (
        "layer: routing",
        "cause: route_not_found (ambiguous): The deployed stage has no such path",
        "or: wrong_method",
        "got: 403",
        "before: pass, last at 2026-11-27T09:00:00+00:00",
        "with sigv4: it tells a route",
    ):
        assert line in (failure.text or "")


def test_each_api_is_a_suite_with_its_counts() -> None:
    other = replace(NEW, api="stock")
    whole = parsed(junit.write(release(*EVERYTHING, other), NOWHERE))
    counted = {
        suite.attrib["name"]: [suite.attrib[name] for name in ("tests", "failures", "errors")]
        for suite in whole
    }
    assert counted == {"orders": ["10", "2", "1"], "stock": ["1", "1", "0"]}
    assert [whole.attrib[name] for name in ("tests", "failures", "errors")] == ["11", "3", "1"]


def test_the_entrance_is_named_where_an_api_has_several() -> None:
    other = replace(NEW, entrance="https://api.example.com")
    assert [case.attrib["name"] for case in cases(NEW, other)] == [
        f"GET /x as user at {NEW.entrance}",
        "GET /x as user at https://api.example.com",
    ]


def test_what_is_gone_is_told() -> None:
    text = junit.write(WHOLE, NOWHERE)
    assert "no longer configured:\nGET /gone as user at https://abc123" in text


def test_a_release_about_which_nothing_was_decided_is_red() -> None:
    whole = parsed(junit.write(release(SKIPPED), NOWHERE))
    assert whole.attrib["errors"] == "0"
    undecided = junit.write(release(), NOWHERE)
    assert problems_of_junit(undecided) == []
    assert parsed(undecided).attrib["errors"] == "1"

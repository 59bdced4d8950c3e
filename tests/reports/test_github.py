"""Annotations of GitHub: escaped as its toolkit unescapes them, and no more than it shows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from gatewatch.config.lines import NOWHERE, Place, Places
from gatewatch.release.checked import Checked
from gatewatch.reports import github
from tests.reports.releases import IGNORED, NEW, OLDER, OPEN, UNKNOWN, WARNED, WHOLE, release

PLACES = Places({("orders", "GET /x"): Place("api/a,b:c%.yaml", 12)}, {}, Place("g.yaml"))
_COMMAND = re.compile(r"::(?P<kind>error|warning|notice) (?P<properties>[^\n]*?)::(?P<told>.*)")


def read(text: str) -> Iterator[tuple[str, dict[str, str], str]]:
    """As the runner reads them: github.com/actions/runner, ActionCommand.TryParseV2."""
    for line in text.splitlines():
        found = _COMMAND.fullmatch(line)
        assert found is not None, line
        pairs = (one.partition("=") for one in found["properties"].split(","))
        properties = {name: _unescaped(value) for name, _, value in pairs}
        yield found["kind"], properties, _unescaped(found["told"])


def _unescaped(text: str) -> str:
    for code, sign in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(code, sign)
    return text


def test_an_annotation_points_at_the_routes_line() -> None:
    (annotation, _) = read(github.write(release(NEW), PLACES))
    kind, properties, told = annotation
    assert kind == "error"
    assert properties == {
        "file": "api/a,b:c%.yaml",
        "line": "12",
        "title": "orders: GET /x as user",
    }
    assert told.startswith("refused at routing: route_not_found or 1 look-alike; it passed before")


def test_without_a_file_there_is_no_place() -> None:
    ((_, properties, _), _) = read(github.write(release(NEW), NOWHERE))
    assert set(properties) == {"title"}


@pytest.mark.parametrize(
    ("look", "kind"),
    [
        pytest.param(OPEN, "error", id="exposure"),
        pytest.param(UNKNOWN, "error", id="unknown_that_stops"),
        pytest.param(OLDER, "warning", id="older"),
        pytest.param(WARNED, "warning", id="warned"),
        pytest.param(IGNORED, "notice", id="ignored"),
    ],
)
def test_each_is_as_grave_as_it_is(look: Checked, kind: str) -> None:
    assert next(read(github.write(release(look), PLACES)))[0] == kind


def test_no_more_than_github_shows_and_the_rest_is_counted() -> None:
    many = [replace(NEW, route=f"GET /{number}") for number in range(200)]
    old = [replace(OLDER, route=f"GET /old/{number}") for number in range(12)]
    found = list(read(github.write(release(OPEN, *many, *old), PLACES)))
    counted = Counter(kind for kind, _, _ in found)
    assert max(counted.values()) == 10
    assert found[0][1]["title"] == "orders: POST /orders as anonymous"
    assert found[-1][2].endswith("; 195 more that are not shown here")


def test_a_passed_release_is_a_notice() -> None:
    (last,) = read(github.write(release(replace(WHOLE.looks[-1])), PLACES))
    assert (last[0], last[1]["title"]) == ("notice", "Release passed")

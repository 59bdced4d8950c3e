"""The Markdown summary: what stops a release first; bounded; foreign text means nothing in it."""

from __future__ import annotations

import re

import pytest
from markdown_it import MarkdownIt
from msgspec.structs import replace

from gatewatch.config.lines import NOWHERE
from gatewatch.release.checked import Checked
from gatewatch.release.decide import Decision
from gatewatch.reports import markdown
from tests.reports.releases import (
    FIXED,
    GONE,
    IGNORED,
    NEW,
    OLDER,
    OPEN,
    RENAMED,
    SKIPPED,
    TOLERATED,
    UNKNOWN,
    UNSETTLED,
    WARNED,
    WHOLE,
    release,
)

_RENDERER = MarkdownIt("commonmark").enable("table")


def html(*looks: Checked) -> str:
    return _RENDERER.render(markdown.write(release(*looks), NOWHERE))


@pytest.mark.parametrize(
    ("decision", "sign"),
    [(Decision.PASSED, "✅"), (Decision.STOPPED, "❌"), (Decision.UNDECIDED, "❓")],
)
def test_it_begins_with_the_decision(decision: Decision, sign: str) -> None:
    text = markdown.write(release(NEW, decision=decision), NOWHERE)
    assert text.startswith(f"## {sign} Release {decision}\n")


@pytest.mark.parametrize(
    ("look", "title"),
    [
        pytest.param(OPEN, "What stops it: 1", id="exposure"),
        pytest.param(NEW, "What stops it: 1", id="new"),
        pytest.param(UNKNOWN, "What stops it: 1", id="unknown_that_stops"),
        pytest.param(OLDER, "Failing as before: 1", id="older"),
        pytest.param(WARNED, "Only warned about: 1", id="warned"),
        pytest.param(IGNORED, "Ignored: 1", id="ignored"),
        pytest.param(TOLERATED, "Unknown: 1", id="unknown_that_does_not"),
        pytest.param(FIXED, "Fixed: 1", id="fixed"),
        pytest.param(RENAMED, "Renamed: 1", id="renamed"),
        pytest.param(SKIPPED, "<summary>1 skipped</summary>", id="skipped"),
        pytest.param(RENAMED, "<summary>1 passed</summary>", id="passed"),
    ],
)
def test_each_look_stands_under_its_title(look: Checked, title: str) -> None:
    text = html(look)
    assert text.index(title) < text.index(f"<code>{look.route}</code>", text.index(title))


def test_a_row_tells_where_what_and_since_when() -> None:
    text = markdown.write(release(NEW), NOWHERE)
    assert (
        "| `GET /x` | `user` | routing | `route_not_found` or 1 look-alike | an answer | 403 |"
        " last good 2026-11-27 09:00 UTC |\n"
    ) in text


def test_an_exposure_is_told_as_one_and_not_as_a_layer() -> None:
    assert "| **exposure** | open to everybody | a refusal | 200 |" in markdown.write(
        release(OPEN), NOWHERE
    )


def test_what_is_gone_is_told() -> None:
    assert "- `orders: GET /gone as user`" in markdown.write(WHOLE, NOWHERE)


def test_columns_tell_only_what_differs() -> None:
    def columns(*looks: Checked) -> list[str]:
        return re.findall(r"<th>(.*?)</th>", html(*looks))[:3]

    entrance = replace(NEW, entrance="https://api.example.com")
    assert columns(NEW) == ["Route", "As", "Layer"]
    assert columns(NEW, replace(NEW, api="stock")) == ["API", "Route", "As"]
    assert columns(NEW, entrance) == ["Route", "As", "Entrance"]


def test_it_says_what_it_was_compared_with() -> None:
    assert "Compared with the stack's state of 2026-11-27 09:00 UTC; 19 rounds in 90 s." in (
        markdown.write(WHOLE, NOWHERE)
    )
    assert "Compared with nothing" in markdown.write(release(NEW, baseline=""), NOWHERE)


def test_a_hundred_rows_are_shown_and_the_rest_is_counted() -> None:
    many = [replace(NEW, route=f"GET /{number}") for number in range(10_000)]
    text = markdown.write(release(*many), NOWHERE)
    assert text.count("| `GET /") == 100
    assert "and 9,900 more" in text


def test_the_longest_summary_is_one_that_github_shows() -> None:
    wide = "\U0001f512`|" * 1_000
    looks = [
        replace(
            one,
            route=f"GET /{number}{wide}",
            caller=wide,
            because=wide,
            renamed=wide,
            api=f"{number}{wide}",
        )
        for number in range(200)
        for one in (*WHOLE.looks, replace(UNSETTLED, stops=False, action=None))
    ]
    gone = (replace(GONE, api=wide, route=wide, caller=wide),) * 200
    text = markdown.write(release(*looks, gone=gone, baseline=wide, because=wide), NOWHERE)
    assert len(text.encode()) < 1024 * 1024
    assert text.count("<details>") == text.count("</details>") == 4
    assert text.count("\n### ") == 8

"""docs/articles.md: every line of evidence is in the corpus and shows what the page claims."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gatewatch.diagnosis.diagnose import diagnose
from gatewatch.model import Exchange

from .support import corpus, recorded

PAGE = (Path(__file__).parent.parent / "docs" / "articles.md").read_text()
LINE = re.compile(
    r"^\| (?P<row>[a-z]+-\d+) \| (?P<method>\w+), [\w ]+ \| (?P<status>\d+) \| (?P<type>.+?)"
    r" \| (?P<body>.+?) \| \[(?P<cause>\w+)\]\(causes/(?P=cause)\.md\) \|$",
    re.MULTILINE,
)
NOT_SHOWN = "not shown"
LINES = [
    pytest.param(
        match.groupdict(), id=f"{match['row']}, line {PAGE[: match.start()].count(chr(10))}"
    )
    for match in LINE.finditer(PAGE)
]


def error_type(exchange: Exchange) -> str | None:
    headers = {name.lower(): value for name, value in exchange.response.headers.items()}
    return headers.get("x-amzn-errortype")


def test_every_line_of_every_table_is_checked() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| ")]
    tables = PAGE.count("\n## ")
    assert len(LINES) == len(rows) - 2 * tables
    assert len(LINES) > tables >= 10


@pytest.mark.parametrize("line", LINES)
def test_a_recorded_response_shows_what_the_page_claims(line: dict[str, str]) -> None:
    exchange = recorded(line["row"])
    assert exchange.request.method == line["method"]
    assert exchange.response.status == int(line["status"])
    told = error_type(exchange)
    assert line["type"] == (f"`{told}`" if told else NOT_SHOWN)
    assert line["body"] == NOT_SHOWN or line["body"].strip("`") in (exchange.response.body or "")


@pytest.mark.parametrize("line", LINES)
def test_the_claimed_cause_is_established_and_among_the_candidates(line: dict[str, str]) -> None:
    assert corpus()[line["row"]]["truth"]["cause"] == line["cause"]  # type: ignore[index]
    found = diagnose([recorded(line["row"])])
    assert line["cause"] in [one.cause for one in found.candidates]


def test_each_claim_has_evidence() -> None:
    for section in PAGE.split("\n## ")[1:]:
        assert LINE.search(section), section.splitlines()[0]

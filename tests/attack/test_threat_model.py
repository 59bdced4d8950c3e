"""The threat model: each of its lines names tests that there are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "threat-model.md"
_LINK = re.compile(r"\[(?P<test>test_\w+)\]\(\.\./(?P<file>tests/[\w/]+\.py)\)")
LINES = [line for line in PAGE.read_text().splitlines() if line.startswith("| ")][1:]


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.split("|")[3].strip()[:60])
def test_a_line_is_held_by_tests(line: str) -> None:
    named = [(one["file"], one["test"]) for one in _LINK.finditer(line)]
    assert named
    for file, test in named:
        assert re.search(rf"^def {test}\(", (ROOT / file).read_text(), re.MULTILINE), test


def test_the_page_is_found_from_the_others() -> None:
    assert "docs/threat-model.md" in (ROOT / "README.md").read_text()
    assert "threat-model.md" in (ROOT / "docs" / "account.md").read_text()

"""A release as a report that a pipeline's tools read: one file for each format.

Pure: text out of values. Nothing of an answer is repeated but its status: neither body nor header.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum

from gatewatch.config.lines import Places
from gatewatch.release.decide import Release
from gatewatch.reports import github, junit, markdown, sarif
from gatewatch.reports.look import excused


class Format(StrEnum):
    JUNIT = "junit"
    SARIF = "sarif"
    GITHUB = "github"
    MARKDOWN = "markdown"


_WRITERS: Mapping[Format, Callable[[Release, Places], str]] = {
    Format.JUNIT: junit.write,
    Format.SARIF: sarif.write,
    Format.GITHUB: github.write,
    Format.MARKDOWN: markdown.write,
}


def write(form: Format, release: Release, places: Places) -> str:
    """The whole text of a file, with its last line's end."""
    return _WRITERS[form](excused(release), places)

"""A release in each format, on standard output and in files."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

import msgspec

from gatewatch import reports
from gatewatch.cli.exits import UsageError
from gatewatch.config.lines import Places
from gatewatch.release.decide import Release


class Output(StrEnum):
    TEXT = "text"
    JSON = "json"
    JUNIT = "junit"
    SARIF = "sarif"
    GITHUB = "github"
    MARKDOWN = "markdown"


def wanted(given: str) -> tuple[Output, Path]:
    """Raises UsageError before anything is looked at."""
    form, is_told, file = given.partition("=")
    known = [str(one) for one in Output if one is not Output.TEXT]
    if form not in known or not is_told or not file:
        raise UsageError(
            f'--report: "{given}": expected FORMAT=FILE, with a format of {", ".join(known)}'
        )
    if not Path(file).absolute().parent.is_dir():
        raise UsageError(f"--report: {file}: there is no such folder")
    return Output(form), Path(file)


class Written:
    """A release in each format. `places`: where its routes are configured."""

    def __init__(self, found: Release, places: Places) -> None:
        self._found, self._places = found, places

    def text(self, form: Output) -> str:
        if form is Output.JSON:
            return _obeyed_by_no_runner(msgspec.json.encode(self._found).decode()) + "\n"
        return reports.write(reports.Format(form), self._found, self._places)

    def into(self, form: Output, file: Path) -> None:
        try:
            file.write_text(self.text(form), encoding="utf-8")
        except OSError as error:
            raise UsageError(f"--report: {file}: {error.strerror}") from None


def _obeyed_by_no_runner(json: str) -> str:
    """The same JSON: see `commanding_no_runner`."""
    return json.replace("##[", "#\\u0023[")

"""Where the problems of one file are gathered while its parts are read."""

from __future__ import annotations

from gatewatch.config.document import Document
from gatewatch.config.problems import Path, Problem


class Findings:
    """Collects problems, each with the line at which its place begins."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self.problems: list[Problem] = list(document.problems)

    def add(
        self,
        path: Path,
        expected: str,
        found: object | None = None,
        nearest: str | None = None,
    ) -> None:
        self.take([Problem(path, expected, found, nearest=nearest)])

    def take(self, problems: list[Problem]) -> None:
        for one in problems:
            line = self._document.line(one.path)
            self.problems.append(Problem(one.path, one.expected, one.found, line, one.nearest))

    def touch(self, path: Path) -> bool:
        """Whether anything at or below a place is wrong."""
        return any(one.path[: len(path)] == path for one in self.problems)

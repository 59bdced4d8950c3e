"""Collects the problems of one file while its parts are read."""

from __future__ import annotations

from collections.abc import Iterable

from gatewatch.config.document import Document
from gatewatch.config.problems import Path, Problem


class Findings:
    """The problems so far, each with the line at which its place begins."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self.problems: list[Problem] = []
        self._touched: set[Path] = set()
        self._keep(document.problems)

    def add(
        self,
        path: Path,
        expected: str,
        found: object | None = None,
        nearest: str | None = None,
    ) -> None:
        self.take([Problem(path, expected, found, nearest=nearest)])

    def take(self, problems: list[Problem]) -> None:
        self._keep(
            Problem(one.path, one.expected, one.found, self._document.line(one.path), one.nearest)
            for one in problems
        )

    def _keep(self, problems: Iterable[Problem]) -> None:
        for one in problems:
            self.problems.append(one)
            self._touched.update(one.path[:end] for end in range(len(one.path) + 1))

    def touch(self, path: Path) -> bool:
        """Whether anything at or below a place is wrong."""
        return path in self._touched

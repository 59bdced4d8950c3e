"""Collects the problems of a configuration while its parts are read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from gatewatch.config.document import Document
from gatewatch.config.problems import Near, Path, Problem


class Findings:
    """The problems of one file so far, each with the line at which its place begins.

    `file`: the name of an included one. `problems`: those of all files together.
    """

    def __init__(
        self, document: Document, problems: list[Problem] | None = None, file: str | None = None
    ) -> None:
        self.problems = [] if problems is None else problems
        self.file = file
        self._document = document
        self._touched: set[Path] = set()
        self._keep(replace(one, file=file) for one in document.problems)

    def add(
        self, path: Path, expected: str, found: object | None = None, near: Near | None = None
    ) -> None:
        self.take([Problem(path, expected, found, near=near)])

    def take(self, problems: Iterable[Problem]) -> None:
        self._keep(
            replace(one, line=self._document.line(one.path), file=self.file) for one in problems
        )

    def _keep(self, problems: Iterable[Problem]) -> None:
        for one in problems:
            self.problems.append(one)
            self._touched.update(one.path[:end] for end in range(len(one.path) + 1))

    def touch(self, path: Path) -> bool:
        """Whether anything at or below a place of this file is wrong."""
        return path in self._touched

    def line(self, path: Path) -> int | None:
        return self._document.line(path)

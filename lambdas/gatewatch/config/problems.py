"""What is wrong with a configuration: every problem at once, each with its place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

from gatewatch.redaction.looks import without_secrets

Path = tuple[str | int, ...]


Near = tuple[str, Iterable[str]]
"""A word, and those that may have been meant by it."""


@dataclass(frozen=True, slots=True)
class Problem:
    """`found` is the received value, or None where it is missing or might be a secret. `file`: an
    included one; None where it is the configuration itself."""

    path: Path
    expected: str
    found: object | None = None
    line: int | None = None
    near: Near | None = None
    file: str | None = None

    @property
    def nearest(self) -> str | None:
        """The word that was meant; compared only for problems that are told."""
        return None if self.near is None else nearest(*self.near)

    def __str__(self) -> str:
        parts = [f"{shown(self.path)}: "]
        if self.found is not None:
            parts.append(f"{_quoted(self.found)}: ")
        parts.append(self.expected)
        if (meant := self.nearest) is not None:
            parts.append(f' (did you mean "{meant}"?)')
        return "".join(parts)


_MOST_TOLD = 1_000
_MOST_COMPARED = 100


class ConfigError(Exception):
    """Raised for an unusable configuration; holds its problems, in the files' order: so many as
    anybody reads. `more`: how many there are besides."""

    def __init__(self, name: str, problems: Sequence[Problem]) -> None:
        self.name = name
        told = sorted(sorted(problems, key=_line)[:_MOST_TOLD], key=_place)
        compared, others = told[:_MOST_COMPARED], told[_MOST_COMPARED:]
        self.problems = (*compared, *(replace(one, near=None) for one in others))
        self.more = len(problems) - len(told)
        super().__init__("\n".join(self.lines()))

    def lines(self) -> Iterable[str]:
        for problem in self.problems:
            file = problem.file or self.name
            yield f"{file}:{problem.line}: {problem}" if problem.line else f"{file}: {problem}"
        if self.more:
            yield f"{self.name}: and {self.more:,} more problems"


def _line(problem: Problem) -> tuple[str, int]:
    return problem.file or "", problem.line or 0


def _place(problem: Problem) -> tuple[str, int, str]:
    return *_line(problem), shown(problem.path)


def shown(path: Path) -> str:
    """A path as people write it: `apis.orders.routes[2].access`."""
    text = ""
    for part in path:
        name = part if isinstance(part, int) else _safe(part)
        text += f"[{name}]" if isinstance(part, int) else f".{name}" if text else str(name)
    return text or "(the whole file)"


def nearest(word: str, words: Iterable[str]) -> str | None:
    return next(iter(get_close_matches(word, list(words), n=1, cutoff=0.6)), None)


_SHOWN_CHARACTERS = 60


def _quoted(value: object) -> str:
    text = _safe(repr(value) if not isinstance(value, str) else f'"{value}"')
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"


_USER_INFO = re.compile(r"(?<=://)[^\s/'\"]*@")
_AFTER_A_PATH = re.compile(r"(/[^\s?#'\"]*[?#])[^\s'\"]*[^\s'\":;,.)]")


def masked(text: str) -> str:
    """Hides user info in URLs, and the query of URLs and routes: it may hold a token."""
    text = _USER_INFO.sub("…", text) if "://" in text else text
    return without_secrets(_AFTER_A_PATH.sub(r"\1…", text) if "/" in text else text)


def _safe(text: str) -> str:
    """One printable line: a line end would begin a new problem."""
    text = masked(text)
    return "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text
    )

"""What is wrong with a configuration: every problem at once, each with its place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from gatewatch.redaction.looks import without_secrets

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """`found` is the received value, or None where it is missing or might be a secret."""

    path: Path
    expected: str
    found: object | None = None
    line: int | None = None
    nearest: str | None = None

    def __str__(self) -> str:
        parts = [f"{shown(self.path)}: "]
        if self.found is not None:
            parts.append(f"{_quoted(self.found)}: ")
        parts.append(self.expected)
        if self.nearest is not None:
            parts.append(f' (did you mean "{self.nearest}"?)')
        return "".join(parts)


class ConfigError(Exception):
    """Raised for an unusable configuration; holds all problems, in the file's order."""

    def __init__(self, name: str, problems: Sequence[Problem]) -> None:
        self.name = name
        self.problems = tuple(sorted(problems, key=lambda one: (one.line or 0, shown(one.path))))
        super().__init__("\n".join(self.lines()))

    def lines(self) -> Iterable[str]:
        for problem in self.problems:
            place = f"{self.name}:{problem.line}" if problem.line else self.name
            yield f"{place}: {problem}"


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
_AFTER_A_PATH = re.compile(r"(/[^\s?#'\"]*[?#])[^\s'\"]*[^\s'\":;,.]")


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

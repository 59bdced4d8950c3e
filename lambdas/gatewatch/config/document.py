"""YAML text as plain values with the line of each: the only importer of the YAML library."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

from gatewatch.config.problems import Path, Problem

_MOST_NODES = 200_000
_MOST_CHARACTERS = 5_000_000
_DEEPEST = 40
_ONCE = "this key only once"
_LEAST, _MOST = -(10**18), 10**18
_MOST_DIGITS = 40
_NOT_A_NUMBER = re.compile("[.](inf|nan)", re.IGNORECASE)


_UNREADABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Document:
    """`lines` gives the line, from 1, at which the value at a path begins."""

    value: object
    lines: dict[Path, int] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    def line(self, path: Path) -> int | None:
        """The line of a path, or of the nearest place above it."""
        for end in range(len(path), -1, -1):
            if path[:end] in self.lines:
                return self.lines[path[:end]]
        return None


def read_document(text: str) -> Document:
    if len(text) > _MOST_CHARACTERS:
        return Document(None, problems=(Problem((), "a file of at most 5 MB"),))
    try:
        node = yaml.compose(text, Loader=_Bounded)
    except yaml.YAMLError as error:
        return Document(None, problems=(_syntax(error),))
    except _TooMuchError:
        expected = f"a file of at most {_MOST_NODES:,} values"
        return Document(None, problems=(Problem((), expected),))
    except RecursionError:
        return Document(None, problems=(Problem((), "values nested less deeply"),))
    except (ValueError, OverflowError):
        # An escape such as "\UFFFFFFFF" that stands for no character.
        return Document(None, problems=(Problem((), "not YAML: an escape of no character"),))
    reader = _Reader()
    value = reader.value(node, ()) if node is not None else None
    return Document(value, reader.lines, tuple(reader.problems))


class _TooMuchError(Exception):
    """Raised while reading a file with too many values."""


class _Bounded(yaml.SafeLoader):
    """Stops before a file takes minutes and all memory to read."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._nodes = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        self._nodes += 1
        if self._nodes > _MOST_NODES:
            raise _TooMuchError
        return super().compose_node(parent, index)


_PIECE = re.compile(r"'[^'<][^']+'")


def _syntax(error: yaml.YAMLError) -> Problem:
    """The library's message, without the piece of the file that it repeats: maybe a secret."""
    mark = getattr(error, "problem_mark", None)
    message = getattr(error, "problem", None) or "text that YAML can read"
    message = _PIECE.sub("this", message)
    return Problem((), f"not YAML: {message}", line=mark.line + 1 if mark else None)


class _Reader:
    """Turns nodes into values of JSON's types, recording lines; bounded against alias bombs."""

    def __init__(self) -> None:
        self.lines: dict[Path, int] = {}
        self.problems: list[Problem] = []
        self._nodes = 0
        self._is_too_much = False

    def value(self, node: yaml.Node, path: Path) -> object:
        self._nodes += 1
        self.lines.setdefault(path, node.start_mark.line + 1)
        if self._nodes > _MOST_NODES or len(path) > _DEEPEST:
            if not self._is_too_much:
                self._complain(path, "less repeated or nested content", node)
            self._is_too_much = True
            return None
        match node:
            case yaml.MappingNode():
                return dict(self._pairs(node, path))
            case yaml.SequenceNode():
                return [self.value(item, (*path, at)) for at, item in enumerate(node.value)]
            case _ if _UNREADABLE.search(str(node.value)):
                self._complain(path, "text without control characters", node)
                return None
            case _:
                return self._scalar(node, path)

    def _pairs(self, node: yaml.MappingNode, path: Path) -> Iterator[tuple[str, object]]:
        seen: set[str] = set()
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode) or _UNREADABLE.search(key_node.value):
                self._complain(path, "a plain text as key", key_node)
                continue
            key = str(key_node.value)
            here = (*path, key)
            self.lines[here] = key_node.start_mark.line + 1
            if key in seen:
                self._complain(path if "credentials" in path[:-1] else here, _ONCE, key_node)
            seen.add(key)
            yield key, self.value(value_node, here)

    def _scalar(self, node: yaml.Node, path: Path) -> object:
        value = _scalar(node)
        if isinstance(value, (int, float)) and not _LEAST <= value <= _MOST:
            self._complain(path, "a number of at most 18 digits; quote it where it is a text", node)
            return None
        return value

    def _complain(self, path: Path, expected: str, node: yaml.Node) -> None:
        if len(self.problems) < 100:
            self.problems.append(Problem(path, expected, line=node.start_mark.line + 1))


def _scalar(node: yaml.Node) -> object:
    text = str(node.value)
    match node.tag:
        case "tag:yaml.org,2002:null":
            return None
        case "tag:yaml.org,2002:bool":
            return text.lower() in ("true", "yes", "on")
        case "tag:yaml.org,2002:int":
            return _number(text, int)
        case "tag:yaml.org,2002:float":
            return _number(text, float)
        case _:
            return text


def _number(text: str, kind: type[int] | type[float]) -> object:
    """A number; or the text, where it is no JSON number."""
    if len(text) > _MOST_DIGITS:
        return math.inf
    try:
        number = kind(text.replace("_", ""))
    except ValueError:
        return text
    return text if _NOT_A_NUMBER.search(text) else number

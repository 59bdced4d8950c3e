"""YAML text as plain values with the line of each: the only importer of the YAML library."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace

import yaml

from gatewatch.config.problems import Path, Problem

MOST_VALUES = 1_000_000
"""Keys among them: 50,000 routes with three keys each have half as many."""
MOST_CHARACTERS = 32_000_000
_DEEPEST = 40
_ONCE = "this key only once"
_LEAST, _MOST = -(10**18), 10**18
_MOST_DIGITS = 40
_MOST_COMPLAINTS = 100
_NOT_A_NUMBER = re.compile("[.](inf|nan)", re.IGNORECASE)
_TO_DO = "split it (`include`), or watch fewer routes"


_UNREADABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class _Branch:
    """The line, from 1, at which a mapping or a list begins, and the places in it."""

    line: int
    named: dict[str, _Place] = field(default_factory=dict)
    listed: list[_Place] = field(default_factory=list)


_Place = int | _Branch
"""Where a value stands: only a line where nothing is below it."""


def _line(place: _Place) -> int:
    return place if isinstance(place, int) else place.line


def _at(place: _Place, line: int) -> _Place:
    return line if isinstance(place, int) else replace(place, line=line)


@dataclass(frozen=True, slots=True)
class Document:
    """`size` counts the values and keys, those that an alias repeats as often as it does."""

    value: object
    place: _Place | None = None
    problems: tuple[Problem, ...] = ()
    size: int = 0

    def line(self, path: Path) -> int | None:
        """The line of a path, or of the nearest place above it."""
        place = self.place
        for part in path:
            found = _step(place, part)
            if found is None:
                break
            place = found
        return None if place is None else _line(place)


def _line_of(event: yaml.Event) -> int:
    mark = event.start_mark
    return 1 if mark is None else mark.line + 1


def _step(place: _Place | None, part: str | int) -> _Place | None:
    match place:
        case _Branch(named=named, listed=listed):
            if isinstance(part, str):
                return named.get(part)
            return listed[part] if part < len(listed) else None
        case _:
            return None


def read_document(text: str, most: int = MOST_VALUES) -> Document:
    """`most`: so many values and keys are read."""
    if len(text) > MOST_CHARACTERS:
        expected = f"expected a file of at most {MOST_CHARACTERS:,} characters"
        return _refused(Problem((), f"{expected}; here: {len(text):,}; {_TO_DO}"))
    if _FAST is not yaml.SafeLoader and not _LENIENT.search(text):
        with suppress(*_ENDS):
            return _Reader(yaml.parse(text, Loader=_FAST), most).document()
    try:
        return _Reader(yaml.parse(text, Loader=yaml.SafeLoader), most).document()
    except yaml.YAMLError as error:
        return _refused(_syntax(error))
    except (ValueError, OverflowError):
        # An escape such as "\UFFFFFFFF" that stands for no character.
        return _refused(Problem((), "not YAML: an escape of no character"))


_FAST = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""Ten times as fast, where the YAML library brings its parser in C. What it refuses is read again,
so that the same problem has the same words everywhere."""
_LENIENT = re.compile("\t|(?<!^)\ufeff")
"""Tabs and byte-order marks: the parser in C passes over some that the other refuses."""
_ENDS = (yaml.YAMLError, ValueError, OverflowError)


def _refused(problem: Problem) -> Document:
    return Document(None, problems=(problem,))


_PIECE = re.compile(r"'[^'<][^']+'")


def _syntax(error: yaml.YAMLError) -> Problem:
    """The library's message, without the piece of the file that it repeats: maybe a secret."""
    mark = getattr(error, "problem_mark", None)
    message = getattr(error, "problem", None) or "text that YAML can read"
    return Problem(
        (), f"not YAML: {_PIECE.sub('this', message)}", line=mark.line + 1 if mark else None
    )


def _not_yaml(message: str, event: yaml.Event) -> Problem:
    """The same where the text is YAML, but no one value."""
    return Problem((), f"not YAML: {_PIECE.sub('this', message)}", line=_line_of(event))


class _StopError(Exception):
    """Raised where a text cannot be read further, with the one problem that is told of it."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


@dataclass(frozen=True, slots=True)
class _Read:
    """A value that was read. `text`: of a scalar, as written; `size` and `height` as if everything
    that aliases repeat stood there."""

    value: object
    place: _Place
    text: str | None = None
    size: int = 1
    height: int = 0


class _Resolver(yaml.resolver.Resolver):
    def tag(self, text: str, implicit: tuple[bool, bool]) -> str:
        """What a scalar without a tag of its own is, by its text where it is plain."""
        return str(self.resolve(yaml.ScalarNode, text, implicit))  # type: ignore[no-untyped-call]


class _Reader:
    """Turns the parser's events into values of JSON's types, with their places. What aliases repeat
    is shared, counted each time, and so bounded."""

    def __init__(self, events: Iterator[yaml.Event], most: int) -> None:
        self.problems: list[Problem] = []
        self._events = events
        self._most = most
        self._size = 0
        self._path: list[str | int] = []
        self._anchors: dict[str, _Read | None] = {}
        self._texts: dict[str, str] = {}
        self._resolver = _Resolver()

    def document(self) -> Document:
        """The one document of the stream; an empty one where there is none."""
        try:
            return self._document()
        except _StopError as error:
            return _refused(error.problem)

    def _document(self) -> Document:
        next(self._events)
        if isinstance(next(self._events), yaml.StreamEndEvent):
            return Document(None)
        read = self._value(next(self._events))
        next(self._events)
        if not isinstance(following := next(self._events), yaml.StreamEndEvent):
            raise _StopError(_not_yaml("but found another document", following))
        return Document(read.value, read.place, tuple(self.problems), self._size)

    def _value(self, event: yaml.Event) -> _Read:
        if isinstance(event, yaml.AliasEvent):
            return self._repeated(event)
        anchor = event.anchor if isinstance(event, yaml.NodeEvent) else None
        if anchor is not None:
            self._check_anchor(anchor, event)
        self._count(1, event)
        read = self._read(event)
        if anchor is not None:
            self._anchors[anchor] = read
        return read

    def _check_anchor(self, anchor: str, event: yaml.Event) -> None:
        if anchor in self._anchors:
            raise _StopError(_not_yaml("second occurrence", event))
        self._anchors[anchor] = None

    def _repeated(self, event: yaml.AliasEvent) -> _Read:
        if (anchor := event.anchor or "") not in self._anchors:
            raise _StopError(_not_yaml(f"found undefined alias {anchor!r}", event))
        read = self._anchors[anchor]
        if (
            read is None
            or self._size + read.size > self._most
            or len(self._path) + read.height > _DEEPEST
        ):
            raise _StopError(self._problem("less repeated or nested content", event))
        self._count(read.size, event)
        return read

    def _count(self, size: int, event: yaml.Event) -> None:
        self._size += size
        if self._size > self._most:
            expected = f"expected at most {self._most:,} values and keys; here are more; {_TO_DO}"
            raise _StopError(self._problem(expected, event, path=()))
        if len(self._path) > _DEEPEST:
            expected = f"values nested less deeply: at most {_DEEPEST} levels"
            raise _StopError(self._problem(expected, event))

    def _read(self, event: yaml.Event) -> _Read:
        line = _line_of(event)
        match event:
            case yaml.MappingStartEvent():
                return self._mapping(line)
            case yaml.SequenceStartEvent():
                return self._sequence(line)
            case yaml.ScalarEvent():
                text = self._texts.setdefault(event.value, event.value)
                return _Read(self._scalar(event, text), line, text)
            case _:
                raise TypeError(f"no value begins with {event}")

    def _sequence(self, line: int) -> _Read:
        values: list[object] = []
        places: list[_Place] = []
        before, height = self._size, 0
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            self._path.append(len(values))
            read = self._value(event)
            self._path.pop()
            values.append(read.value)
            places.append(read.place)
            height = max(height, read.height)
        return _Read(
            values, _Branch(line, listed=places), size=1 + self._size - before, height=1 + height
        )

    def _mapping(self, line: int) -> _Read:
        values: dict[str, object] = {}
        places: dict[str, _Place] = {}
        before, height = self._size, 0
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._key(event)
            if key is None:
                self._skip(next(self._events))
                continue
            self._path.append(key)
            if key in values:
                hidden = "credentials" in self._path[:-2]
                self._complain(_ONCE, event, self._path[:-1] if hidden else self._path)
            read = self._value(next(self._events))
            self._path.pop()
            values[key] = read.value
            places[key] = _at(read.place, _line_of(event))
            height = max(height, read.height)
        return _Read(
            values, _Branch(line, named=places), size=1 + self._size - before, height=1 + height
        )

    def _key(self, event: yaml.Event) -> str | None:
        problems = len(self.problems)
        text = self._value(event).text
        del self.problems[problems:]
        if text is None or _UNREADABLE.search(text):
            self._complain("a plain text as key", event)
            return None
        return text

    def _skip(self, event: yaml.Event) -> None:
        """Read a value that stands nowhere."""
        problems = len(self.problems)
        self._value(event)
        del self.problems[problems:]

    def _scalar(self, event: yaml.ScalarEvent, text: str) -> object:
        if _UNREADABLE.search(text):
            self._complain("text without control characters", event)
            return None
        tag = event.tag
        if tag is None or tag == "!":
            # The two parsers differ in whether an empty scalar tagged "!" is plain.
            implicit = event.implicit if tag is None else _PLAIN
            tag = self._resolver.tag(text, implicit)
        value = _scalar(tag, text)
        if isinstance(value, (int, float)) and not _LEAST <= value <= _MOST:
            self._complain("a number of at most 18 digits; quote it where it is a text", event)
            return None
        return value

    def _complain(
        self, expected: str, event: yaml.Event, path: Iterable[str | int] | None = None
    ) -> None:
        if len(self.problems) < _MOST_COMPLAINTS:
            self.problems.append(self._problem(expected, event, path))

    def _problem(
        self, expected: str, event: yaml.Event, path: Iterable[str | int] | None = None
    ) -> Problem:
        place = self._path if path is None else path
        return Problem(tuple(place), expected, line=_line_of(event))


_PLAIN = (True, False)


def _scalar(tag: str, text: str) -> object:
    match tag:
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

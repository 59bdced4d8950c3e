"""The files of one configuration: the one that is named, and those that it includes.

An included file speaks for the APIs in it; settings of the whole stay in the main file. Names are
those of the whole: a credential of one file may be used in another, and stands in one only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import PurePath

import msgspec
from msgspec import inspect as types

from gatewatch.config import authored
from gatewatch.config.conform import deviations
from gatewatch.config.document import Document, read_document
from gatewatch.config.findings import Findings
from gatewatch.config.lookups import Included, Lookups, Missing
from gatewatch.config.problems import Path, Problem

MOST_VALUES_IN_ALL = 2_000_000
_OF_THE_WHOLE = frozenset(authored.File.__struct_fields__) - frozenset(
    authored.Included.__struct_fields__
)


@dataclass(frozen=True, slots=True)
class Part:
    """One file. `lookups` start at its folder, as its references to files do."""

    value: Mapping[str, object]
    findings: Findings
    lookups: Lookups
    folder: PurePath
    is_included: bool = False

    def mapping(self, key: str) -> dict[str, object]:
        found = self.value.get(key)
        return found if isinstance(found, dict) else {}


@dataclass(slots=True)
class Parts:
    """The main file first. `problems`: of all files. `is_whole`: whether each could be read, so
    that what is missing in them is missing indeed."""

    name: str
    problems: list[Problem] = field(default_factory=list)
    files: list[Part] = field(default_factory=list)
    is_whole: bool = True
    size: int = 0

    @property
    def main(self) -> Part:
        return self.files[0]

    def place(self, part: Part, path: Path) -> str:
        """Where something stands, for people."""
        file = part.findings.file or self.name
        return f"{file}:{part.findings.line(path)}"

    def take(self, part: Part | None) -> None:
        if part is None:
            self.is_whole = False
        else:
            self.files.append(part)


def read_parts(text: str, name: str, lookups: Lookups) -> Parts:
    """Every file, with each deviation from its type; `name` is the main one's."""
    parts = Parts(name)
    document = read_document(text)
    main = _main(document, Findings(document, parts.problems), lookups)
    parts.take(main)
    parts.size = document.size
    if main is not None:
        _include(main, parts)
    return parts


def _main(document: Document, findings: Findings, lookups: Lookups) -> Part | None:
    value = document.value
    if document.problems:
        return None
    if value is None:
        findings.add((), "an empty file; expected at least the key apis")
        return None
    findings.take(deviations(value, _type(authored.File)))
    if not isinstance(value, dict):
        return None
    if "apis" not in value and "include" not in value:
        findings.add(("apis",), "missing; expected a mapping")
    return Part(value, findings, lookups, PurePath())


@cache
def _type(kind: type[msgspec.Struct]) -> types.Type:
    return types.type_info(kind)


def _include(main: Part, parts: Parts) -> None:
    """Each file once, even if several patterns name it."""
    seen: set[str] = set()
    for at, one in _named(main, parts):
        if one.name in seen:
            continue
        seen.add(one.name)
        text = one.read()
        if isinstance(text, Missing):
            main.findings.add(("include", at), text.reason)
            parts.is_whole = False
            continue
        document = read_document(text)
        parts.size += document.size
        if parts.size > MOST_VALUES_IN_ALL:
            most = f"expected at most {MOST_VALUES_IN_ALL:,} values and keys in all files together"
            told = f"{most}; with {one.name} here are more; watch fewer routes, or in two stacks"
            main.findings.add(("include", at), told)
            parts.is_whole = False
            return
        parts.take(_included(one, document, main, parts))


def _named(main: Part, parts: Parts) -> Iterator[tuple[int, Included]]:
    patterns = main.value.get("include", [])
    parts.is_whole = parts.is_whole and isinstance(patterns, list)
    for at, pattern in enumerate(patterns if isinstance(patterns, list) else ()):
        path = ("include", at)
        found = None if main.findings.touch(path) else main.lookups.included(pattern)
        if isinstance(found, tuple):
            yield from ((at, one) for one in found)
            continue
        parts.is_whole = False
        if found is not None:
            main.findings.add(path, found.reason, pattern)


def _included(one: Included, document: Document, main: Part, parts: Parts) -> Part | None:
    place, value = PurePath(one.name), document.value
    findings = Findings(document, parts.problems, str(PurePath(parts.name).parent / place))
    if document.problems:
        return None
    if value is None:
        keys = ", ".join(authored.Included.__struct_fields__)
        findings.add((), f"an empty file; expected at least one of {keys}")
        return None
    own = value
    if isinstance(value, dict):
        own = {key: found for key, found in value.items() if key not in _OF_THE_WHOLE}
        _check_whole(value, PurePath(parts.name).name, findings)
    findings.take(deviations(own, _type(authored.Included)))
    if not isinstance(own, dict):
        return None
    folder = place.parent
    return Part(own, findings, main.lookups.within(folder), folder, is_included=True)


def _check_whole(value: Mapping[str, object], main: str, findings: Findings) -> None:
    for key in value:
        if key == "include":
            findings.add((key,), f"expected in {main} only: an included file includes no others")
        elif key in _OF_THE_WHOLE:
            findings.add((key,), f"expected in {main} only: it is a setting of the whole")

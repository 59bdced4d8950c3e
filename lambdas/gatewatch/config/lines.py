"""Where each route is configured: the file and the line, for reports that point at them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from gatewatch.config.lookups import Lookups
from gatewatch.config.parts import Part, read_parts


@dataclass(frozen=True, slots=True)
class Place:
    """`line` begins at 1; `file` as a reader of the report finds it."""

    file: str
    line: int = 1


@dataclass(frozen=True, slots=True)
class Places:
    """By API and route. `of_apis` and `otherwise` stand in for routes that are not configured, as
    those that are gone."""

    of_routes: Mapping[tuple[str, str], Place] = field(default_factory=dict)
    of_apis: Mapping[str, Place] = field(default_factory=dict)
    otherwise: Place | None = None

    def of(self, api: str, route: str) -> Place | None:
        return self.of_routes.get((api, route)) or self.of_apis.get(api) or self.otherwise


NOWHERE = Places()
"""Where the configuration is no file here, such as that of a stack."""


def places(text: str, name: str, lookups: Lookups) -> Places:
    """Of the file `name` with this text, and of those that it includes; whatever is wrong in
    them."""
    routes: dict[tuple[str, str], Place] = {}
    apis: dict[str, Place] = {}
    for part in read_parts(text, name, lookups).files:
        file = part.findings.file or name
        for api, written in part.mapping("apis").items():
            apis.setdefault(api, _place(part, file, "apis", api))
            for at, key in _routes(written):
                place = _place(part, file, "apis", api, "routes", at, key)
                routes.setdefault((api, _name(key)), place)
    return Places(routes, apis, Place(name))


def _routes(api: object) -> Iterator[tuple[int, str]]:
    listed = api.get("routes") if isinstance(api, dict) else None
    for at, entry in enumerate(listed if isinstance(listed, list) else ()):
        for key in entry if isinstance(entry, dict) else ():
            yield at, key


def _name(key: str) -> str:
    """As the canonical route is named."""
    method, _, template = key.partition(" ")
    return f"{method} {template.strip()}"


def _place(part: Part, file: str, *path: str | int) -> Place:
    return Place(file, part.findings.line(path) or 1)

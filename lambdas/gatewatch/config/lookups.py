"""What a file refers to but does not contain, and how it is looked up.

The caller does the look-up: reading a configuration calls nothing by itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePath

from gatewatch.config import authored
from gatewatch.config.findings import Findings
from gatewatch.config.problems import Path

_PARAMETER = re.compile(r"parameter-\d+\.invalid")
_WATCHED = re.compile(r"watched-\d+(-\d+)?\.invalid")


@dataclass(frozen=True, slots=True)
class Missing:
    """A failed look-up; `reason` repeats nothing of the value."""

    reason: str


LookUp = Callable[[str], str | Missing]
"""From a name to its text, or the reason why there is none."""


@dataclass(frozen=True, slots=True)
class Included:
    """A file that a configuration includes. `name`: its path, seen from the folder of the
    configuration; `read` gives its text, or the reason why there is none."""

    name: str
    read: Callable[[], str | Missing]


Files = Callable[[str], tuple[Included, ...] | Missing]
"""From a path or pattern to the files that it names, or the reason why there are none."""


def _nowhere(name: str) -> Missing:
    return Missing(f"{name} cannot be looked up here")


@dataclass(frozen=True, slots=True)
class Lookups:
    """`parameter`: the value of a parameter of Parameter Store. `ca_file`: the certificates of a
    file, in PEM form. `included`: further files of the configuration. `instead`: by API, the one
    URL at which it is looked at instead of all that are written."""

    parameter: LookUp = _nowhere
    ca_file: LookUp = _nowhere
    included: Files = _nowhere
    instead: Mapping[str, str] = field(default_factory=dict)

    def within(self, folder: PurePath) -> Lookups:
        """The same for a file in a folder below: the files that it names are beside it."""
        return replace(self, ca_file=lambda name: self.ca_file(str(folder / name)))

    def authority(self, name: str | None, path: Path, findings: Findings) -> str | None:
        """The text of a CA file, where one is named."""
        found = None if name is None else self.ca_file(name)
        if isinstance(found, Missing):
            findings.add(path, found.reason)
            return None
        return found


@dataclass(slots=True)
class Placeholders:
    """Stands for URLs that only a deployment will know; the same for the same parameter."""

    by_name: dict[str, str] = field(default_factory=dict)

    def __call__(self, name: str) -> str:
        number = len(self.by_name) + 1
        return self.by_name.setdefault(name, f"https://parameter-{number}.invalid")


def is_parameter(host: str) -> bool:
    """Whether a host stands for the value of a parameter: nobody can have its name (RFC 2606)."""
    return bool(_PARAMETER.fullmatch(_name(host)))


def of_watched(api: int, entrance: int) -> str:
    """Stands for a URL of an API that a CDK app watches, until a deployment knows it."""
    return f"https://watched-{api}{f'-{entrance}' if entrance > 1 else ''}.invalid"


def is_placeholder(host: str) -> bool:
    """Whether only a deployment knows the host that this one stands for."""
    return is_parameter(host) or bool(_WATCHED.fullmatch(_name(host)))


def _name(host: str) -> str:
    return host.partition(":")[0]


def urls(
    written: authored.Api,
    look_up: LookUp,
    path: Path,
    findings: Findings,
    instead: str | None = None,
) -> Iterator[tuple[str, str]]:
    """Every URL of an API with its key in the file; parameters are replaced by their values."""
    if instead is not None:
        yield "url", instead
        return
    yield "url", _found(written.url, look_up, (*path, "url"), findings)
    for key, listed in (("also_at", written.also_at), ("closed_at", written.closed_at)):
        for at, one in enumerate(listed):
            yield key, _found(one, look_up, (*path, key, at), findings)


def _found(
    url: str | authored.UrlParameter, look_up: LookUp, path: Path, findings: Findings
) -> str:
    return url if isinstance(url, str) else _value(url.ssm, look_up, path, findings)


NO_URL = "https://invalid.invalid"


def _value(name: str, look_up: LookUp, path: Path, findings: Findings) -> str:
    """A value that is no URL is never repeated: it may be somebody's secret."""
    value = look_up(name)
    if isinstance(value, Missing):
        findings.add(path, value.reason)
    elif not re.fullmatch(authored.URL_PATTERN, value):
        findings.add(path, f"ssm {name}: expected it to hold {authored.URL}")
    else:
        return value
    return NO_URL

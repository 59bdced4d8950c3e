"""A release as annotations of GitHub Actions, printed to the log of a step.

https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from gatewatch.config.lines import Place, Places
from gatewatch.release.checked import Checked
from gatewatch.release.decide import Decision, Release
from gatewatch.reports.look import Level, Names, clean, level, reason

MOST = 9
"""Of each kind. GitHub shows ten of a step, and the last line is one too."""

_COMMANDS: Mapping[Level, str] = {
    Level.ERROR: "error",
    Level.WARNING: "warning",
    Level.NOTE: "notice",
}


def write(release: Release, places: Places) -> str:
    """The gravest of each kind, then one line on the whole."""
    return "".join(f"{line}\n" for line in _lines(release, places))


def _lines(release: Release, places: Places) -> Iterator[str]:
    names, counted = Names(release), Counter[Level]({Level.WARNING: len(release.doubts)})
    for doubt in release.doubts:
        yield _command("warning", clean(doubt), {"title": "Baseline"})
    for look in release.looks:
        if (grave := level(look)) is None:
            continue
        counted[grave] += 1
        if counted[grave] <= MOST:
            yield _annotation(look, grave, names, places.of(look.api, look.route))
    yield _last(release, sum(max(0, number - MOST) for number in counted.values()))


def _annotation(look: Checked, grave: Level, names: Names, place: Place | None) -> str:
    title = clean(f"{look.api}: {names.of(look)}")
    return _command(_COMMANDS[grave], reason(look), _at(place) | {"title": title})


def _at(place: Place | None) -> dict[str, str]:
    return {} if place is None else {"file": clean(place.file), "line": str(place.line)}


def _last(release: Release, left_out: int) -> str:
    kind = "notice" if release.decision is Decision.PASSED else "error"
    told = clean(release.because)
    if left_out:
        told += f"; {left_out:,} more that are not shown here"
    return _command(kind, told, {"title": f"Release {release.decision}"})


def _command(kind: str, message: str, properties: Mapping[str, str]) -> str:
    told = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{kind} {told}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")

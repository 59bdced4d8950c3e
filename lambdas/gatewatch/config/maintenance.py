"""Turns authored maintenance windows into canonical ones: each opens some day, closes again, and
covers APIs that exist."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files

import msgspec

from gatewatch.config import authored
from gatewatch.config.canonical import Window
from gatewatch.config.cron import CronError, parse_cron
from gatewatch.config.findings import Findings
from gatewatch.config.limits import seconds
from gatewatch.config.problems import Path
from gatewatch.config.values import MOST_WINDOWS, WINDOW
from gatewatch.config.windows import next_start, shortest_interval

_PLACE = ("maintenance",)
_MINUTE = 60


def windows(
    raw: object, apis: Collection[str], findings: Findings, own: Collection[str] | None = None
) -> tuple[Window, ...]:
    """The valid windows; problems of the others are recorded. `own`: the APIs of an included file,
    which its windows cover where they name none."""
    entries = raw if isinstance(raw, list) else []
    if len(entries) > MOST_WINDOWS:
        findings.add(_PLACE, f"expected at most {MOST_WINDOWS} windows, not {len(entries)}")
        return ()
    found = (_window(one, apis, (*_PLACE, at), findings, own) for at, one in enumerate(entries))
    return tuple(one for one in found if one is not None)


def _window(
    raw: object,
    apis: Collection[str],
    path: Path,
    findings: Findings,
    own: Collection[str] | None,
) -> Window | None:
    if findings.touch(path):
        return None
    written = msgspec.convert(raw, authored.Window)
    covered = covered_apis(written.apis, apis, path, findings, own)
    return opened(written, path, findings, covered or ())


def opened(
    written: authored.Window, path: Path, findings: Findings, covered: tuple[str, ...] = ()
) -> Window | None:
    """The window, if its times are usable."""
    _check_times(written, path, findings)
    if findings.touch(path):
        return None
    window = Window(
        cron=None if written.cron is None else " ".join(written.cron.upper().split()),
        start=written.start,
        for_seconds=_lasts(written),
        timezone=written.timezone,
        apis=covered,
    )
    _check_pauses(window, written, path, findings)
    return window


def covered_apis(
    written: tuple[str, ...] | None,
    apis: Collection[str],
    path: Path,
    findings: Findings,
    own: Collection[str] | None,
) -> tuple[str, ...] | None:
    """The APIs that something is for: those that it names, or else all (None), or those of the
    included file that it stands in (`own`)."""
    if written == ():
        whole = "for all" if own is None else "for those of this file"
        findings.add((*path, "apis"), f"expected at least one API; leave the key out {whole}")
    for at, name in enumerate(written or ()):
        if name not in apis:
            findings.add((*path, "apis", at), "no such API", name, near=(name, apis))
    if written is not None or own is None:
        return written
    if not own:
        findings.add((*path, "apis"), "missing; this file has no APIs of its own")
    return tuple(own)


def _check_times(written: authored.Window, path: Path, findings: Findings) -> None:
    if (written.cron is None) is (written.start is None):
        findings.add(path, "expected one of cron and from")
    if written.cron is not None:
        try:
            parse_cron(written.cron)
        except CronError as error:
            findings.add((*path, "cron"), str(error), written.cron)
    if written.start is not None and not _is_moment(written.start):
        findings.add((*path, "from"), "expected a moment such as 2026-12-01T02:00", written.start)
    lasts = _lasts(written)
    least, most = WINDOW
    if not least <= lasts <= most or lasts % _MINUTE:
        expected = "expected whole minutes from 1m to 15d"
        findings.add((*path, "for"), expected, written.duration)
    if written.timezone not in _zones():
        expected = "no such time zone; expected one such as Europe/Berlin or UTC"
        findings.add(
            (*path, "timezone"), expected, written.timezone, near=(written.timezone, _zones())
        )


def _lasts(written: authored.Window) -> float:
    """Rounded, since 2.3 hours are whole minutes."""
    return round(seconds(written.duration), 3)


def _is_moment(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


@cache
def _zones() -> frozenset[str]:
    """The time zones of the package: the account has no others, while a machine may know more."""
    return frozenset((files("tzdata") / "zones").read_text(encoding="utf-8").split())


_ANY_DAY = datetime(2024, 1, 1, tzinfo=UTC)


def _check_pauses(window: Window, written: authored.Window, path: Path, findings: Findings) -> None:
    """A window that never closes would silence the monitor; one that never opens is a mistake."""
    if window.cron is None:
        return
    if next_start(window, _ANY_DAY) is None:
        findings.add((*path, "cron"), "expected a day that there is", written.cron)
    shortest = shortest_interval(window)
    if shortest <= window.for_seconds:
        expected = f"expected less than the {shortest / _MINUTE:g}m from one start to the next"
        findings.add((*path, "for"), expected, written.duration)

"""Every fault of the sandbox for a quarter of an hour, at the default intervals."""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime
from pathlib import Path

from gatewatch.sandbox.faults import FAULTS
from tests.nights.night import minute_of
from tests.worlds import Local, everything, worlds

HEALTHY, BROKEN, MENDED = 2, 15, 13
_QUIET = re.compile(r"^defaults:.*\n", re.MULTILINE)


def heard_of(name: str, folder: Path) -> tuple[list[str], list[str]]:
    """What is said of a fault and of its end, and what of it should not have been said."""
    with worlds(folder, lambda *place: _QUIET.sub("", everything(*place))) as both:
        local = both.local
        for _ in range(HEALTHY):
            local.minute()
        healthy = local.sandbox.world
        local.sandbox.change(FAULTS[name].apply)
        for _ in range(BROKEN):
            local.minute()
        local.sandbox.change(lambda _: healthy)
        for _ in range(MENDED):
            local.minute()
        return _lines(local), list(_faults(local))


def _lines(side: Local) -> list[str]:
    return [
        " | ".join((f"{minute_of(datetime.fromisoformat(at))} {kind} {line}", *news))
        for at, kind, _, line, news in side.messages
    ]


def _faults(side: Local) -> list[str]:
    by_incident: dict[str, list[str]] = {}
    found = []
    for _, kind, name, _, news in side.messages:
        by_incident.setdefault(name, []).append(kind)
        if kind == "changed" and not news:
            found.append(f"{name}: a change that says nothing new")
    for name, kinds in by_incident.items():
        counted = Counter(kinds)
        if counted["opened"] != 1 or counted["resolved"] != 1:
            found.append(f"{name}: {dict(counted)}")
    if not side.messages:
        found.append("nothing was said")
    return found

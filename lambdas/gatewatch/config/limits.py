"""The bounds of times in the file, and their length in seconds."""

from __future__ import annotations

import re

import msgspec

from gatewatch.config.authored import NEVER
from gatewatch.config.findings import Findings
from gatewatch.config.problems import Path
from gatewatch.config.values import (
    DEADLINE,
    EVERY,
    REMINDER,
    ROUNDS,
    SETTLES,
    TIMEOUT,
    WITHIN,
    Span,
)

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_TIMES = {
    "every": (EVERY, "from 1s to 1d"),
    "anonymous_every": (EVERY, "from 1s to 1d"),
    "timeout": (TIMEOUT, "from 10ms to 5m"),
    "within": (WITHIN, "from 1ms to 5m"),
    "remind_every": (REMINDER, "from 5m to 30d, or never"),
}
_OF_VERIFICATION = {
    "duration": ("for", SETTLES, "from 1s to 1h"),
    "every": ("every", ROUNDS, "from 100ms to 5m"),
    "deadline": ("deadline", DEADLINE, "from 1s to 2h"),
}


def seconds(duration: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)([a-z]+)", duration).groups()  # type: ignore[union-attr]
    return float(number) * _UNITS[unit]


def check_times(written: msgspec.Struct, path: Path, findings: Findings) -> None:
    """No time may be zero, and none may last for ever."""
    for name, ((least, most), bounds) in _TIMES.items():
        value = getattr(written, name, None)
        if value not in (None, NEVER) and not least <= seconds(value) <= most:
            findings.add((*path, name), f"expected a duration {bounds}", value)


def check_verification(written: msgspec.Struct, path: Path, findings: Findings) -> None:
    """The same for the times of a verification, which are shorter."""
    for name, (key, span, bounds) in _OF_VERIFICATION.items():
        value = getattr(written, name)
        if value is not None and not _is_in(seconds(value), span):
            findings.add((*path, key), f"expected a duration {bounds}", value)


def _is_in(value: float, span: Span) -> bool:
    return span[0] <= value <= span[1]

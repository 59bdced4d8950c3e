"""Which times and headers a configuration may ask for."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from gatewatch.config.authored import NEVER
from gatewatch.config.findings import Findings
from gatewatch.config.headers import directs
from gatewatch.config.problems import Path
from gatewatch.gateway.url import API_ID_HEADER

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_CREDENTIAL_HEADERS = ("authorization", "x-api-key", "cookie", "x-amz-security-token")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"([\x21-\x7e]([\x20-\x7e\t]*[\x21-\x7e])?)?")
_TIMES = {
    "every": (1.0, 86_400.0, "from 1s to 1d"),
    "anonymous_every": (1.0, 86_400.0, "from 1s to 1d"),
    "timeout": (0.01, 300.0, "from 10ms to 5m"),
    "within": (0.001, 300.0, "from 1ms to 5m"),
    "remind_every": (300.0, 30 * 86_400.0, "from 5m to 30d, or never"),
}


def seconds(duration: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)([a-z]+)", duration).groups()  # type: ignore[union-attr]
    return float(number) * _UNITS[unit]


def check_times(written: msgspec.Struct, path: Path, findings: Findings) -> None:
    """No time may be nothing, nor so long that it never ends."""
    for name, (least, most, told) in _TIMES.items():
        value = getattr(written, name, None)
        if value not in (None, NEVER) and not least <= seconds(value) <= most:
            findings.add((*path, name), f"expected a duration {told}", value)


def check_headers(headers: Mapping[str, str], path: Path, findings: Findings) -> None:
    for name, value in headers.items():
        place = (*path, name)
        if name.lower() in _CREDENTIAL_HEADERS:
            findings.add(place, "expected a credential under `as` instead")
        elif name.lower() == API_ID_HEADER:
            findings.add(place, "expected `api_id` of the API instead")
        elif directs(name):
            findings.add(place, "expected another header: this one would change what is called")
        elif not _HEADER_NAME.fullmatch(name):
            findings.add(place, "expected the name of a header such as X-Tenant")
        elif not _HEADER_VALUE.fullmatch(value):
            findings.add(place, "expected a value of printable ASCII characters")

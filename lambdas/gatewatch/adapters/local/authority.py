"""Reads certificates of a private authority from files on people's machines; a deployed
configuration contains their text."""

from __future__ import annotations

import re
import ssl
from pathlib import Path

from gatewatch.config.lookups import LookUp, Missing

_CERTIFICATE = re.compile(
    r"-----BEGIN CERTIFICATE-----\s[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----"
)
_MOST_CHARACTERS = 16_384
_MOST_BYTES = 1_000_000


def authorities(folder: Path) -> LookUp:
    """Relative file names start at `folder`, the configuration's own."""
    return lambda name: read_authority(folder / name)


def read_authority(file: Path) -> str | Missing:
    """The certificates in PEM form, without the file's other text."""
    try:
        with file.open("rb") as opened:
            text = opened.read(_MOST_BYTES).decode("ascii", errors="replace")
    except OSError as error:
        return Missing(f"{file.name}: {_reason(error)}")
    if "PRIVATE KEY-----" in text:
        return Missing(f"{file.name}: it holds a private key; expected certificates only")
    found = "".join(f"{one}\n" for one in _CERTIFICATE.findall(text))
    if not found:
        return Missing(f"{file.name}: it holds no PEM certificate (BEGIN CERTIFICATE)")
    if len(found) > _MOST_CHARACTERS:
        return Missing(
            f"{file.name}: expected at most {_MOST_CHARACTERS} characters, the certificates of "
            "your own authority only"
        )
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=found)
    except ssl.SSLError:
        return Missing(f"{file.name}: its certificate is damaged")
    return found


def _reason(error: OSError) -> str:
    return "no such file" if isinstance(error, FileNotFoundError) else str(error.strerror)

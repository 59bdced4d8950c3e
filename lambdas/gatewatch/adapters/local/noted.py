"""Latches that the state could not store when they were set, in a file beside it, one per line.

Nobody can read or write a locked state; but anybody can append a line.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import msgspec

from gatewatch.model import Held

Write = tuple[str, str, str]
"""(api, route, entrance)."""


class Noted:
    """Every method raises OSError where the file cannot be used."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def add(self, write: Write, held: Held) -> None:
        line = msgspec.json.encode((*write, held)) + b"\n"
        where = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(where, line)
            os.fsync(where)
        finally:
            os.close(where)

    def all(self) -> Mapping[Write, Held]:
        """A line that a kill cut short does not count."""
        found: dict[Write, Held] = {}
        for line in self._file.read_bytes().splitlines() if self._file.exists() else ():
            with suppress(msgspec.DecodeError):
                *write, held = msgspec.json.decode(line, type=tuple[str, str, str, Held])
                found[write[0], write[1], write[2]] = held
        return found

    def clear(self) -> None:
        self._file.unlink(missing_ok=True)

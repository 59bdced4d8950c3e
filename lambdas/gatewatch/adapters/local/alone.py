"""Which of several processes does what only one may do at a time."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from threading import Lock


class Alone:
    """A lock on a file, which the operating system ends with the process, however it ends."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._held: sqlite3.Connection | None = None
        self._lock = Lock()

    def is_ours(self) -> bool:
        """Whether this process holds it; takes it if nobody does. Raises OSError and
        sqlite3.Error where the file cannot be used."""
        with self._lock:
            if self._held is None:
                self._held = self._taken()
            return self._held is not None

    def _taken(self) -> sqlite3.Connection | None:
        os.close(os.open(self._file, os.O_CREAT | os.O_RDWR, 0o600))
        connection = sqlite3.connect(
            self._file, timeout=0, isolation_level=None, check_same_thread=False
        )
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            connection.close()
            if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
                return None
            raise
        return connection

    def release(self) -> None:
        with self._lock:
            if self._held is not None:
                self._held.close()
            self._held = None

"""The head of an answer: whole, and that of the final answer."""

from __future__ import annotations

from http.client import HTTPException, HTTPResponse, IncompleteRead, parse_headers
from typing import Any

_MOST_INTERIM = 100


class InterimError(HTTPException):
    """Raised when no final answer follows: another protocol was chosen, or interim ones only."""


class _Head:
    """What a head is read from; remembers the last line."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self.last = b""

    def readline(self, limit: int = -1) -> bytes:
        self.last = self._file.readline(limit)
        return self.last

    def close(self) -> None:
        self._file.close()


class FinalResponse(HTTPResponse):
    """Takes a head for an answer only if it is final and whole.

    The library would take any interim answer but 100 (RFC 9110, section 15.2) for the final one,
    and that for the answer to the connection's next request; and a head that breaks off for all
    of it. `_read_status` is a private hook: see its test.
    """

    def begin(self) -> None:
        file, head = self.fp, _Head(self.fp)
        self.fp = head  # type: ignore[assignment]
        try:
            super().begin()
        finally:
            self.fp = file
        if head.last not in (b"\r\n", b"\n"):
            raise IncompleteRead(head.last)

    def _read_status(self) -> tuple[str, int, str]:
        for _ in range(_MOST_INTERIM):
            version, status, reason = super()._read_status()  # type: ignore[misc]
            if status >= 200:
                return version, status, reason
            if status == 101:
                break
            parse_headers(self.fp)
        raise InterimError

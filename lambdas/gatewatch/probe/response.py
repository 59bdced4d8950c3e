"""The head of an answer: whole, bounded, and that of the final answer."""

from __future__ import annotations

from http.client import HTTPException, HTTPResponse, IncompleteRead, parse_headers
from typing import Any

from gatewatch.probe.flight import FloodError, flight

HEAD_BYTES = 65_536
"""The bytes of all heads of an answer, interim ones included. API Gateway passes on 10,240 bytes.
https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html"""

_MOST_INTERIM = 100


class InterimError(HTTPException):
    """Raised when no final answer follows: after another protocol, or only interim answers."""


class _Head:
    """The source of a head, up to the bound; keeps the last line."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._left = HEAD_BYTES
        self.last = b""

    def readline(self, limit: int = HEAD_BYTES) -> bytes:
        """Raises FloodError."""
        self.last = self._file.readline(min(limit, self._left + 1))
        self._left -= len(self.last)
        if self._left < 0:
            raise FloodError(f"its head goes on after {HEAD_BYTES} bytes")
        return self.last

    def close(self) -> None:
        self._file.close()

    @property
    def is_at_end_of_line(self) -> bool:
        return self.last.endswith(b"\n")


class FinalResponse(HTTPResponse):
    """Accepts a head only if it is final and whole.

    The library would take any interim answer but 100 (RFC 9110, section 15.2) for the final one,
    and the final one for the answer to the connection's next request. It would also take a head
    that breaks off for a whole one. `_read_status` is a private hook: see its test.
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
                self._know(version, status)
                return version, status, reason
            if status == 101:
                break
            parse_headers(self.fp)
        raise InterimError("no final answer")

    def _know(self, version: str, status: int) -> None:
        """Record the status, whatever becomes of the rest."""
        if version.startswith("HTTP/1.") and self.fp.is_at_end_of_line:  # type: ignore[attr-defined]
            flight().status = status

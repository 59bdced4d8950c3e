"""A raw answer: it may hold secrets, so it stays in memory."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import NoReturn

from gatewatch.attempt import Attempt
from gatewatch.model import SentCredential, Unsent


@dataclass(frozen=True, slots=True, repr=False, eq=False, kw_only=True)
class RawExchange:
    """The result of one attempt. It cannot be printed, compared or serialised by accident.

    `status` 0: no HTTP response; then `error` says why in the form `class: text`. With a status,
    `error` says why the answer is not whole. `not_sent`: why the request was never sent. `fault`:
    what failed on our side after it was sent, so that only the status is known. Times are
    milliseconds since the attempt was handed over.
    """

    attempt: Attempt
    sent_at: str
    credentials: tuple[SentCredential, ...] = ()
    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    head_is_whole: bool = True
    body: bytes = b""
    body_is_whole: bool = True
    error: str | None = None
    not_sent: Unsent | None = None
    fault: str | None = None
    address: str | None = None
    elapsed_ms: float = 0.0
    phases_ms: dict[str, float] = field(default_factory=dict)
    certificate_expires: str | None = None

    def without_answer(self, fault: str) -> RawExchange:
        """The same with only the status of the answer; the request still counts as sent."""
        return replace(
            self, headers=(), head_is_whole=False, body=b"", body_is_whole=False, fault=fault
        )

    def __repr__(self) -> str:
        return "RawExchange(…)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a raw exchange holds secrets and is never serialised")

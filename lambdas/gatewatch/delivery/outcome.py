"""What an answer of a channel means: taken, to be tried again, or refused for good."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What came back: status 0 where no whole answer came, and `error` says why. `retry_after`: the
    header, as it was sent."""

    status: int = 0
    error: str | None = None
    retry_after: str | None = None
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """The channel has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Later:
    """It may take it later; `after_seconds`, where it said when. `because` holds no secret."""

    because: str
    after_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """It never takes this message. `because` holds no secret."""

    because: str


Outcome = Taken | Later | Refused

"""The machine's own clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from time import monotonic


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class SteadyClock:
    """The time when it was made, and what has passed since: nobody sets it meanwhile."""

    def __init__(self) -> None:
        self._began = datetime.now(UTC)
        self._mark = monotonic()

    def now(self) -> datetime:
        return self._began + timedelta(seconds=monotonic() - self._mark)

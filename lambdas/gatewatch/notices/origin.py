"""Where a message comes from: what its reader needs, at night, to find the incident."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

USUAL_NAME = "Gatewatch"
"""Of a stack, and so of its deployment, unless somebody gives another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """A deployed service has all of these. On one machine all are absent, and `options` name the
    files in which a command finds the same incidents.

    `deployment` is the name in the metrics, `stack` the one that commands take; `monitor`: which of
    those in the stack, where it has several; `dashboard`: its name, where there is one.
    """

    account: str | None = None
    region: str | None = None
    deployment: str | None = None
    stack: str | None = None
    monitor: str | None = None
    dashboard: str | None = None
    options: tuple[str, ...] = ()

    def command(self, *words: str) -> str:
        """A `gatewatch` command, ready to paste."""
        return shlex.join(("gatewatch", *words, *self._place()))

    def _place(self) -> tuple[str, ...]:
        stack = ("--stack", self.stack) if self.stack else ()
        region = ("--region", self.region) if self.stack and self.region else ()
        monitor = ("--monitor", self.monitor) if self.stack and self.monitor else ()
        return (*stack, *region, *monitor, *self.options)


UNNAMED = Origin()
"""An unknown origin; commands then work where they are typed."""

"""What is known about a route besides the exchanges with it."""

from __future__ import annotations

from dataclasses import dataclass

from gatewatch.model import Guard


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known besides the exchanges.

    `guarded_by` is declared intent: it shows which guard refused, never that one did. `settling`:
    a deployment was so recent that answers may still be mixed. `has_worked`: the same URL has let
    somebody in before.
    """

    guarded_by: frozenset[Guard] = frozenset()
    settling: bool = False
    has_worked: bool = False


NO_FACTS = Facts()

"""API keys, and the usage plans that tie them to stages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Quota:
    """Requests in a day; `offset` of them count as used already."""

    limit: int
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Rate:
    """A token bucket: `burst` at once, refilled at `per_second`."""

    per_second: float
    burst: int


@dataclass(frozen=True, slots=True)
class UsagePlan:
    """`stages` are (API id, stage name) pairs."""

    keys: frozenset[str]
    stages: frozenset[tuple[str, str]]
    quota: Quota | None = None
    rate: Rate | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """The keys of the account by value (True: enabled), and its plans by name."""

    keys: Mapping[str, bool] = field(default_factory=dict)
    plans: Mapping[str, UsagePlan] = field(default_factory=dict)

    def plan_of(self, key: str, api_id: str, stage: str) -> str | None:
        """The name of the plan by which an enabled key may use a stage."""
        if not self.keys.get(key, False):
            return None
        of_this = (
            name
            for name, plan in self.plans.items()
            if key in plan.keys and (api_id, stage) in plan.stages
        )
        return next(of_this, None)

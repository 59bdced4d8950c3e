"""What a stack is doing: whoever verifies must know whether it goes forward or back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class StackState:
    """`changed_at`: when its last update began, or its creation."""

    status: str
    changed_at: datetime

    @property
    def is_changing(self) -> bool:
        return self.status.endswith("_IN_PROGRESS")

    @property
    def is_rolling_back(self) -> bool:
        """https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html"""
        return self.is_changing and "ROLLBACK" in self.status

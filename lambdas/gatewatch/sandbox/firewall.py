"""A web ACL: rules that block or challenge a request by what it looks like."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Action(StrEnum):
    BLOCK = "block"
    CHALLENGE = "challenge"


@dataclass(frozen=True, slots=True)
class CustomResponse:
    """What a block says in place of the default."""

    status: int
    body: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """Matches when every condition that is set holds; with none set, every request.

    `user_agent` is part of that header, in lower case; `body_over` a size in bytes.
    """

    action: Action = Action.BLOCK
    user_agent: str | None = None
    path: str | None = None
    body_over: int | None = None
    response: CustomResponse | None = None

    def matches(self, user_agent: str, path: str, length: int) -> bool:
        return (
            (self.user_agent is None or self.user_agent in user_agent.lower())
            and (self.path is None or path.startswith(self.path))
            and (self.body_over is None or length > self.body_over)
        )


WebAcl = tuple[Rule, ...]

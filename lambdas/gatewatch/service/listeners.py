"""Whether anybody hears what is told: a topic without subscribers, or under a key that is out of
use, keeps every message to itself. It asks through a port and sends nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

_AT_MINUTE = 7


class UnaskableError(Exception):
    """Raised where a topic says nothing of itself, such as one of another account; gives the
    reason."""


@dataclass(frozen=True, slots=True)
class TopicState:
    """`exists` is False for a topic that is gone. `key`: how its key is, such as `Enabled`; None
    where it has none, or where only its owner may know."""

    exists: bool = True
    confirmed: int = 0
    pending: int = 0
    key: str | None = None


class TopicStates(Protocol):
    def of(self, topic: str) -> TopicState:
        """Raises UnaskableError."""


@dataclass(frozen=True, slots=True)
class Unheard:
    topic: str
    because: str


def is_asked_at(tick: datetime) -> bool:
    """Once an hour, whichever function is warm: nobody keeps when it was asked last."""
    return tick.minute == _AT_MINUTE


def unheard(
    topics: Iterable[str], states: TopicStates, has_time: Callable[[], bool]
) -> tuple[list[Unheard], list[Unheard]]:
    """The topics that nobody hears, and those of which nothing is known: these are no good news
    either. The tick itself must not wait for them, so none is asked once time is short."""
    silent: list[Unheard] = []
    unknown: list[Unheard] = []
    for topic in dict.fromkeys(topics):
        if not has_time():
            unknown.append(Unheard(topic, "not asked: the time of this tick is up"))
            continue
        try:
            silent += [Unheard(topic, one) for one in _reasons(states.of(topic))]
        except UnaskableError as error:
            unknown.append(Unheard(topic, str(error)))
    return silent, unknown


def _reasons(state: TopicState) -> Iterator[str]:
    if not state.exists:
        yield "it is gone"
        return
    if not state.confirmed:
        waiting = f"; {state.pending} not confirmed yet" if state.pending else ""
        yield f"nobody is subscribed{waiting}"
    if state.key not in (None, _USABLE):
        yield f"its KMS key is of no use: {state.key}"


_USABLE = "Enabled"
"""https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html"""

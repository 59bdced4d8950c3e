"""What the channels of an API know of its incidents, and the messages that wait for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import msgspec

from gatewatch.notices.notice import Notice


class Ear(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a channel knows of an open incident that it was told of. `acknowledged`: when that was
    done which it was told of last; `news`: what it is to be told after its quiet hours."""

    acknowledged: str = ""
    news: tuple[str, ...] = ()


class Audience(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The channels that were told of an open incident, by key; `since`: when it was announced."""

    since: str
    ears: dict[str, Ear] = {}


Place = tuple[str, str]
"""An incident's id, and a channel's key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The messages that wait, the oldest first, and what the channels know of each incident.
    `dropped`: what had no room."""

    outbox: tuple[Notice, ...] = ()
    audiences: Mapping[str, Audience]
    dropped: frozenset[Place] = frozenset()


def places(found: Iterable[Notice]) -> frozenset[Place]:
    return frozenset((one.incident.id, one.channel) for one in found)

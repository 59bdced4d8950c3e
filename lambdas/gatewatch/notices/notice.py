"""News of an incident on its way to one channel."""

from __future__ import annotations

import msgspec

from gatewatch.config.canonical import Channel
from gatewatch.incidents.announce import AnnouncementKind
from gatewatch.model import Incident


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One message to one channel. The same news sent twice has the same `message_id`.

    `channel` tells it from others (`Channel.key`); `via` is the channel itself where it is no plain
    topic. `news`: what is new since the last message, in lines for people. `waits_until`: the end
    of the channel's quiet hours, before which it is not sent.
    """

    message_id: str
    kind: AnnouncementKind
    at: str
    channel: str = msgspec.field(name="topic")
    incident: Incident
    news: tuple[str, ...] = ()
    via: Channel | msgspec.UnsetType = msgspec.UNSET
    waits_until: str | msgspec.UnsetType = msgspec.UNSET

    @property
    def is_posted(self) -> bool:
        """Whether its channel is a hook."""
        return isinstance(self.via, Channel) and self.via.hook is not msgspec.UNSET

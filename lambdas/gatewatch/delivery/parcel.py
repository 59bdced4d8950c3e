"""One message on its way to one channel outside, as it waits in a queue or in a file."""

from __future__ import annotations

import msgspec

from gatewatch.config.canonical import HEARTBEAT, Channel, Heartbeat
from gatewatch.notices.bulletin import Bulletin, bulletin_card
from gatewatch.notices.card import Card, card_of
from gatewatch.notices.notice import Notice
from gatewatch.notices.origin import Origin


class Beat(msgspec.Struct, frozen=True, kw_only=True):
    """One sign of life: of the minute `at`. It is worth nothing once the next one is due."""

    at: str
    to: Heartbeat
    deployment: str | None = None
    version: str = ""


class Parcel(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Exactly one of a notice, a bulletin and a beat. `to`: the channel of the first two."""

    to: Channel | None = None
    notice: Notice | None = None
    bulletin: Bulletin | None = None
    beat: Beat | None = None

    @property
    def id(self) -> str:
        """The same for the same message, however often it is sent."""
        if self.notice is not None:
            return self.notice.message_id
        if self.bulletin is not None:
            return self.bulletin.message_id
        return "" if self.beat is None else f"beat {self.beat.at}"

    @property
    def lane(self) -> str:
        """Parcels of one lane are delivered one after the other."""
        return HEARTBEAT if self.to is None else self.to.key


def card(parcel: Parcel, origin: Origin) -> Card | None:
    """What it says; None for a beat."""
    if (one := parcel.notice) is not None:
        return card_of(one.message_id, one.kind, one.at, one.incident, origin=origin, news=one.news)
    return None if parcel.bulletin is None else bulletin_card(parcel.bulletin, origin)

"""Messages to event buses, as events that rules match.

https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from gatewatch.adapters.aws.client import client, region_of
from gatewatch.config.canonical import Channel
from gatewatch.notices.bulletin import Bulletin, bulletin_card
from gatewatch.notices.card import Card, card_of
from gatewatch.notices.notice import Notice
from gatewatch.notices.origin import UNNAMED, Origin
from gatewatch.notices.shapes import event
from gatewatch.service.ports import UnacceptableError, UndeliveredError


class EventBridgePublisher:
    """To buses of this account and region by their names, and to others by their ARNs. `origin` is
    what messages say of this service."""

    def __init__(self, origin: Origin = UNNAMED) -> None:
        self._origin = origin

    def publish(self, notice: Notice) -> None:
        card = card_of(
            notice.message_id,
            notice.kind,
            notice.at,
            notice.incident,
            origin=self._origin,
            news=notice.news,
        )
        _put(notice.via, card)

    def post(self, bulletin: Bulletin) -> None:
        _put(bulletin.via, bulletin_card(bulletin, self._origin))


def _put(via: object, card: Card) -> None:
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    if not isinstance(via, Channel) or not isinstance(via.bus, str):
        raise UnacceptableError("it names no event bus")
    bus = via.bus
    entry = {
        "Time": datetime.fromisoformat(card.at),
        "Source": event.SOURCE,
        "DetailType": event.detail_type(card),
        "Resources": list(event.resources(card)),
        "Detail": event.body(card),
        "EventBusName": bus,
    }
    try:
        answer = client("events", region_of(bus)).put_events(Entries=[entry])
    except (ClientError, BotoCoreError, ResponseParserError, ValueError) as error:
        code = str(_told(error).get("Code", ""))
        raise _failed(bus, code or type(error).__name__) from error
    for one in answer.get("Entries", []):
        if code := one.get("ErrorCode"):
            raise _failed(bus, str(code))
    if answer.get("FailedEntryCount"):
        raise UndeliveredError(f"{bus}: it was not accepted")


_OF_THE_EVENT = frozenset(
    {"InvalidArgument", "MalformedDetail", "RedactionFailure", "ValidationException"}
)
"""https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsResultEntry.html"""


def _failed(bus: str, code: str) -> UndeliveredError | UnacceptableError:
    """A fault in the event affects no other one; else a later try may get through."""
    kind = UnacceptableError if code in _OF_THE_EVENT else UndeliveredError
    return kind(f"{bus}: {code}")


def _told(error: Exception) -> Mapping[str, Any]:
    found: Mapping[str, Any] = getattr(error, "response", {}).get("Error", {})
    return found

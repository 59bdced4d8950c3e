"""Sends each message the way of its channel: to a topic, an event bus, or on to the deliverer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from msgspec import UNSET, UnsetType

from gatewatch.config.canonical import Channel
from gatewatch.delivery.outcome import Later, Outcome, Refused, Taken
from gatewatch.delivery.parcel import Parcel
from gatewatch.delivery.standing import after
from gatewatch.notices.bulletin import Bulletin
from gatewatch.notices.notice import Notice
from gatewatch.own_fault import log_own_fault
from gatewatch.service.deliveries import message, of_bulletin, of_notice
from gatewatch.service.ports import (
    ChannelTable,
    Queue,
    Teller,
    UnacceptableError,
    UndeliveredError,
)


class ChannelPublisher:
    """A Publisher and a Board. What it hands on counts as sent once the queue has it.

    `deliveries` is None where nothing was posted at deployment.
    """

    def __init__(
        self,
        topics: Teller,
        buses: Teller,
        deliveries: Queue | None,
        table: ChannelTable,
        now: Callable[[], datetime],
    ) -> None:
        self._topics = topics
        self._buses = buses
        self._deliveries = deliveries
        self._table = table
        self._now = now

    def publish(self, notice: Notice) -> None:
        if isinstance(notice.via, Channel) and notice.is_posted:
            self._hand_on(of_notice(notice.via, notice))
            return
        with self._noted(notice.channel):
            self._teller(notice.via).publish(notice)

    def post(self, bulletin: Bulletin) -> None:
        if isinstance(bulletin.via, Channel) and bulletin.is_posted:
            self._hand_on(of_bulletin(bulletin.via, bulletin))
            return
        with self._noted(bulletin.channel):
            self._teller(bulletin.via).post(bulletin)

    def _teller(self, via: Channel | UnsetType) -> Teller:
        is_bus = isinstance(via, Channel) and via.bus is not UNSET
        return self._buses if is_bus else self._topics

    def _hand_on(self, parcel: Parcel) -> None:
        """It waits from before the queue has it, so that no delivery is faster."""
        if self._deliveries is None:
            raise UndeliveredError(f"{parcel.lane}: nothing posts to it yet: needs cdk deploy")
        self._without_stopping(parcel.lane, lambda: self._table.add_waiting(parcel.lane, parcel.id))
        try:
            self._deliveries.send([message(parcel)])
        except Exception as error:
            raise UndeliveredError(f"{parcel.lane}: {type(error).__name__}") from error

    @contextmanager
    def _noted(self, channel: str) -> Iterator[None]:
        """Notes what became of a message. One that we cannot make waits, and holds up no other
        channel."""
        try:
            yield
        except UndeliveredError as error:
            self._note(channel, Later(because=str(error)))
            raise
        except UnacceptableError as error:
            self._note(channel, Refused(because=str(error)))
            raise
        except Exception as error:
            because = log_own_fault("publishing_failed", channel, error)
            self._note(channel, Later(because=because))
            raise UndeliveredError(f"{channel}: {because}") from error
        self._note(channel, Taken())

    def _note(self, channel: str, outcome: Outcome) -> None:
        def note() -> None:
            standing = after(self._table.standing(channel), outcome, self._now().isoformat())
            self._table.set_standing(standing)

        self._without_stopping(channel, note)

    def _without_stopping(self, channel: str, note: Callable[[], None]) -> None:
        """No message waits or comes twice because it cannot be noted how its channel fares."""
        try:
            note()
        except Exception as error:  # noqa: BLE001 - logged
            log_own_fault("standing_not_noted", channel, error)

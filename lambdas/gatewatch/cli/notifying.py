"""Telling the channels of a configuration from this machine, and saying how they fare."""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec import UNSET
from msgspec.structs import replace

from gatewatch.adapters.local.clock import SystemClock
from gatewatch.cli.exits import AS_EXPECTED, UNDECIDED, UsageError, say
from gatewatch.cli.show import count
from gatewatch.config.canonical import HEARTBEAT, Channel, Config, Heartbeat, Hook
from gatewatch.delivery.outcome import Later, Outcome, Refused, Taken
from gatewatch.delivery.standing import Standing
from gatewatch.incidents.correlate import moment
from gatewatch.notices.origin import Origin
from gatewatch.own_fault import log_own_fault
from gatewatch.ports import StateError

if TYPE_CHECKING:
    from gatewatch.adapters.local.courier import Carry
    from gatewatch.adapters.local.sqlite import SqliteStore
    from gatewatch.delivery.parcel import Parcel

Notify = Annotated[
    bool,
    typer.Option(
        "--notify",
        help="Tell the channels of `notify:` from here. A service that is deployed from the same "
        "file tells them as well: each would be told twice.",
    ),
]
SOON_SECONDS = 30.0


class Notifying:
    """Delivers what waits in a state, beside the looks."""

    def __init__(self, config: Config, store: SqliteStore, folder: Path, place: Origin) -> None:
        from gatewatch.adapters.local.courier import Courier
        from gatewatch.adapters.local.heart import Heart

        if not config.notify and config.heartbeat is UNSET:
            raise UsageError("--notify: the configuration names nobody to tell; expected notify:")
        carry, clock = carrier(config, folder, place), SystemClock()
        self.channels = config.notify
        self._store = store
        self._called = called(config)
        self._fares = Fares(self._called)
        self._courier = Courier(
            store, config.notify, carry, clock, self._fares.tell, self._fares.trouble
        )
        self._heart = (
            Heart(config.heartbeat, store, carry, clock, self._fares.tell)
            if isinstance(config.heartbeat, Heartbeat)
            else None
        )

    def start(self) -> None:
        """A state that cannot be used now may be later."""
        try:
            gone = self._courier.start()
            with self._store.outbox_now() as box:
                self._fares.know(box.standings())
        except StateError as error:
            self._fares.trouble(str(error))
            return
        for name, waited in gone.items():
            say(f"notify: {count(waited, 'message')} to {name} dropped: the channel left notify:")

    def tick(self, *, is_good: bool) -> None:
        """After each tick. `is_good`: all its looks are stored."""
        self._courier.wake()
        if self._heart is not None and is_good:
            self._heart.beat()

    def finish(self, *, is_hurried: bool = False) -> int:
        """Waits half a minute for what can be delivered, and says what is left; returns the exit
        code."""
        self._courier.finish(0.0 if is_hurried else SOON_SECONDS)
        if self._heart is not None:
            self._heart.finish()
        try:
            with self._store.outbox_now() as box:
                standings = box.standings()
        except StateError as error:
            say(f"notify: {error}")
            return UNDECIDED
        self._fares.know(standings)
        left = [one for one in standings.values() if one.waiting]
        for one in left:
            why = f": {one.because}{_asked(one)}" if one.because else ""
            told = (
                f"{count(one.waiting, 'message')} for {self._called.get(one.channel, one.channel)}"
            )
            say(f"notify: {told} undelivered{why}; {_NEXT}")
        return UNDECIDED if left or self._fares.has_lost else AS_EXPECTED


def _asked(one: Standing) -> str:
    return f"; it asked to wait until {moment(one.asked_until)}" if one.asked_until else ""


_NEXT = "whoever runs next with --notify tries again"


def called(config: Config) -> dict[str, str]:
    """The names of channels, and of the heartbeat, for people."""
    return {HEARTBEAT: "the heartbeat", **{one.key: one.called for one in config.notify}}


class Fares:
    """Says how channels fare, when that changes. `has_lost`: a message was refused, or given up."""

    def __init__(self, called: dict[str, str]) -> None:
        self._called = called
        self._lock = Lock()
        self._dropped: dict[str, int] = {}
        self._trouble: str | None = None
        self.has_lost = False

    def tell(self, before: Standing, after: Standing) -> None:
        name = self._called.get(after.channel, after.channel)
        if after.refused > before.refused:
            self.has_lost = True
            say(f"notify: {name} refused a message for good: {after.refused_because}")
        if after.failing_since and not before.failing_since:
            say(f"notify: {name} takes nothing: {after.because}; it is tried again")
        if before.failing_since and not after.failing_since:
            say(f"notify: {name} takes messages again")

    def know(self, standings: dict[str, Standing]) -> None:
        """Says what was given up since it knew last, since too many messages wait."""
        for key, one in standings.items():
            more = one.dropped - self._dropped.setdefault(key, one.dropped)
            if more > 0:
                self.has_lost = True
                name = self._called.get(key, key)
                say(f"notify: {count(more, 'message')} for {name} given up for later ones")
            self._dropped[key] = one.dropped

    def trouble(self, text: str) -> None:
        """Once, and again when it is another."""
        with self._lock:
            is_new, self._trouble = text != self._trouble, text
        if is_new:
            say(f"notify: {text}; it is tried again")


def carrier(config: Config, folder: Path, place: Origin) -> Carry:
    """Sends from this machine. Secrets are read anew for each message, since one that was refused
    may have been replaced; topics and buses get theirs with the AWS rights of whoever runs it."""
    from gatewatch.adapters.secrets import reader
    from gatewatch.delivery.deliver import deliver
    from gatewatch.probe.posting import Poster
    from gatewatch.probe.vault import Vault

    ranges = () if config.network is None else config.network.ranges
    poster = Poster(ranges, is_local=True, contact=config.contact)

    def carry(parcel: Parcel) -> Outcome:
        if _is_posted(parcel):
            vault = Vault(reader(folder), SystemClock())
            return deliver(parcel, place, vault.secret, poster.send)
        return _published(parcel, place)

    return carry


def _is_posted(parcel: Parcel) -> bool:
    if parcel.beat is not None:
        return not parcel.beat.to.topic
    return parcel.to is not None and isinstance(parcel.to.hook, Hook)


def _published(parcel: Parcel, place: Origin) -> Outcome:
    """To a topic or an event bus."""
    from gatewatch.adapters.aws.beats import published_beat
    from gatewatch.service.ports import UnacceptableError, UndeliveredError

    try:
        if parcel.beat is not None:
            return published_beat(parcel.beat)
        _publish(parcel, parcel.to or Channel(), place)
    except UndeliveredError as error:
        return Later(because=str(error))
    except UnacceptableError as error:
        return Refused(because=str(error))
    except Exception as error:  # noqa: BLE001 - one message must not stop the others
        return Refused(because=log_own_fault("delivery_failed", parcel.lane, error))
    return Taken()


def _publish(parcel: Parcel, channel: Channel, place: Origin) -> None:
    from gatewatch.adapters.aws.eventbridge import EventBridgePublisher
    from gatewatch.adapters.aws.sns import SnsPublisher

    is_topic = channel.bus is UNSET
    teller = SnsPublisher(channel.key, place) if is_topic else EventBridgePublisher(place)
    via = UNSET if channel.is_plain else channel
    if parcel.notice is not None:
        teller.publish(replace(parcel.notice, via=via))
    elif parcel.bulletin is not None:
        teller.post(replace(parcel.bulletin, via=via))

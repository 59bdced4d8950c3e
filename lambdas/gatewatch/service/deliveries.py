"""Delivers what waits for the channels that are no topics: one parcel at a time, those of a channel
in their order.

A message is marked once its channel has accepted it: it comes twice only if the process dies
between the two.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from gatewatch.config.canonical import Channel, Heartbeat
from gatewatch.delivery.backoff import wait_seconds
from gatewatch.delivery.outcome import Later, Outcome, Refused, Taken
from gatewatch.delivery.parcel import Beat, Parcel
from gatewatch.delivery.standing import after
from gatewatch.notices.bulletin import Bulletin
from gatewatch.notices.notice import Notice
from gatewatch.own_fault import log_own_fault
from gatewatch.service.ledger import shorter, without_evidence
from gatewatch.service.ports import ChannelTable, Message, Queue
from gatewatch.service.published import Allowed

_log = logging.getLogger(__name__)

_MOST_BYTES = 250_000
"""https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html"""
TRIED_FOR = timedelta(days=1)
_SOON = timedelta(minutes=1)
"""What is taken within it was not undelivered: many channels refuse a message now and then."""
_FEWER = (100, 20, 2)


def of_notice(channel: Channel, notice: Notice) -> Parcel:
    return Parcel(to=Channel(name=channel.name), notice=replace(notice, via=UNSET))


def of_bulletin(channel: Channel, bulletin: Bulletin) -> Parcel:
    return Parcel(to=Channel(name=channel.name), bulletin=replace(bulletin, via=UNSET))


def message(parcel: Parcel) -> Message:
    """Its lane is the channel. Evidence is left out where it does not fit, then members."""
    body = b""
    for shape in _shapes(parcel):
        body = msgspec.json.encode(shape)
        if len(body) <= _MOST_BYTES:
            break
    lane = _digest(parcel.lane)
    return Message(body=body, lane=lane, once=_digest(f"{lane} {parcel.id}"))


def _shapes(parcel: Parcel) -> Iterator[Parcel]:
    yield parcel
    if (notice := parcel.notice) is not None:
        bare = without_evidence(notice.incident)
        yield replace(parcel, notice=replace(notice, incident=bare))
        for most in _FEWER:
            told = replace(notice, incident=shorter(bare, most), news=notice.news[:most])
            yield replace(parcel, notice=told)


def _digest(text: str) -> str:
    """SQS takes no spaces: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html"""
    return sha256(text.encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """A message as it was received: since when it waits, and for how many times it came."""

    body: str
    since: datetime
    tries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Handled:
    """`again_seconds`: when it is to come again; None: it is done. The others are counts."""

    again_seconds: float | None = None
    sent: int = 0
    undelivered: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What a delivery needs. `give`: hands a parcel to its channel. `dead`: where lies what was
    given up."""

    allowed: Allowed
    table: ChannelTable
    give: Callable[[Parcel], Outcome]
    dead: Queue
    now: datetime


def handle(arrived: Arrived, desk: Desk) -> Handled:
    """Whatever this raises, the message comes again."""
    parcel = _read(arrived.body)
    if parcel is None:
        _log.error("parcel_unreadable")
        _lay_aside(arrived, desk)
        return Handled(refused=1)
    if parcel.beat is not None and _is_over(parcel.beat, desk.now):
        _log.info("beat_dropped", extra={"at": parcel.beat.at})
        return Handled()
    outcome, is_new = _given(parcel, desk)
    match outcome:
        case Taken():
            _note(parcel, outcome, desk, is_done=True)
            return Handled(sent=int(is_new and parcel.beat is None))
        case Refused(because=because):
            _log.error("parcel_refused", extra={**_named(parcel), "reason": because})
            _note(parcel, outcome, desk, is_done=True)
            return Handled(refused=1)
        case Later():
            return _later(parcel, outcome, arrived, desk)


def _read(body: str) -> Parcel | None:
    try:
        found = msgspec.json.decode(body, type=Parcel)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
    of = [one for one in (found.notice, found.bulletin, found.beat) if one is not None]
    return found if len(of) == 1 and (found.to is None) is (found.beat is not None) else None


def _is_over(beat: Beat, now: datetime) -> bool:
    """A sign of life is worth nothing once the next one is due."""
    try:
        return now >= _ends(beat)
    except (TypeError, ValueError):
        return True


def _ends(beat: Beat) -> datetime:
    return datetime.fromisoformat(beat.at) + timedelta(seconds=beat.to.every_seconds)


def _given(parcel: Parcel, desk: Desk) -> tuple[Outcome, bool]:
    """What became of it, and whether it was sent now. A beat may be sent twice."""
    bound = _bound(parcel, desk.allowed)
    if bound is None:
        return Refused(because="the stack was not deployed for it: needs cdk deploy"), False
    if bound.beat is not None:
        return desk.give(bound), True
    if desk.table.is_delivered(bound.id):
        return Taken(), False
    outcome = desk.give(bound)
    if isinstance(outcome, Taken):
        desk.table.set_delivered(bound.id)
    return outcome, True


def _bound(parcel: Parcel, allowed: Allowed) -> Parcel | None:
    """The parcel on the way that a deployment granted, whatever was pushed since: None where it
    granted none."""
    if parcel.beat is not None:
        return None if allowed.heartbeat is None else _beating(parcel.beat, allowed.heartbeat)
    hook = allowed.hooks.get(parcel.lane)
    return None if hook is None else replace(parcel, to=Channel(name=parcel.lane, hook=hook))


def _beating(beat: Beat, to: Heartbeat) -> Parcel:
    return Parcel(beat=replace(beat, to=replace(to, every_seconds=beat.to.every_seconds)))


def _later(parcel: Parcel, outcome: Later, arrived: Arrived, desk: Desk) -> Handled:
    told = {**_named(parcel), "reason": outcome.because, "tries": arrived.tries}
    seconds = wait_seconds(arrived.tries, outcome.after_seconds)
    if (beat := parcel.beat) is not None:
        _log.warning("beat_undelivered", extra=told)
        _note(parcel, outcome, desk)
        is_last = _is_over(beat, desk.now + timedelta(seconds=seconds))
        return Handled(again_seconds=None if is_last else seconds)
    age = desk.now - arrived.since
    if age >= TRIED_FOR:
        _log.error("parcel_given_up", extra=told)
        _lay_aside(arrived, desk)
        _note(parcel, outcome, desk, is_done=True)
        return Handled(undelivered=1)
    _log.warning("parcel_undelivered", extra={**told, "again_seconds": seconds})
    _note(parcel, outcome, desk)
    return Handled(again_seconds=seconds, undelivered=int(age >= _SOON))


def _lay_aside(arrived: Arrived, desk: Desk) -> None:
    """Where the alarm of dead letters sees it. The queue counts tries, and none of these by age."""
    once = sha256(arrived.body.encode("utf-8", "surrogatepass")).hexdigest()
    body = arrived.body.encode("utf-8", "replace")
    desk.dead.send([Message(body=body, lane="given-up", once=once)])


def _note(parcel: Parcel, outcome: Outcome, desk: Desk, *, is_done: bool = False) -> None:
    """How the channel fares; no message waits or comes twice for want of this."""
    try:
        before = desk.table.standing(parcel.lane)
        standing = after(before, outcome, desk.now.isoformat())
        desk.table.set_standing(standing, done=parcel.id if is_done else None)
    except Exception as error:  # noqa: BLE001 - logged
        log_own_fault("standing_not_noted", parcel.lane, error)


def _named(parcel: Parcel) -> dict[str, str]:
    known = {"channel": parcel.lane, "notice": parcel.id}
    if parcel.notice is not None:
        known |= {"api": parcel.notice.incident.api, "incident": parcel.notice.incident.id}
    return known

"""The writer of an API: absorbs the news, keeps the incidents, and sends the announcements.

Wake-ups of one API never run concurrently (the queue's lanes prevent it), and the ledger's version
detects it if they do. Wherever a run is interrupted, the next wake-up goes on.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache

import msgspec
from msgspec.structs import replace

from gatewatch.config.canonical import Api
from gatewatch.incidents.acknowledge import Ack
from gatewatch.incidents.ahead import later
from gatewatch.incidents.correlate import OPEN
from gatewatch.incidents.links import Link, credential_of
from gatewatch.incidents.states import keys_of
from gatewatch.incidents.track import Key
from gatewatch.model import Incident
from gatewatch.notices.notice import Notice
from gatewatch.service.ledger import (
    Ledger,
    absorb,
    acknowledged,
    announced_incident,
    filed,
    ledger_believed,
    sent,
    to_be_filed,
    to_be_linked,
)
from gatewatch.service.ports import Publisher, Table, UnacceptableError, UndeliveredError
from gatewatch.service.state_slices import Slice, slice_believed, without
from gatewatch.service.wake_up import WakeUp

_log = logging.getLogger(__name__)

FindApi = Callable[[str, str], Api | None]
"""(key of a configuration, name) → the API in it."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """`sent` does not count what was handed on to the deliverer, which counts it. `undelivered`
    messages stay in the outbox; the next sweep tries again. `refused` ones were given up: their
    channel accepts them in no form, or has accepted none for so long that there is no room for
    more. `ahead`: how many incidents had times ahead of wake-up and clock, which were not believed.
    """

    sent: int = 0
    undelivered: int = 0
    refused: int = 0
    ahead: int = 0


def handle_wake_up(
    call: WakeUp, table: Table, publisher: Publisher, find: FindApi, now: datetime | None = None
) -> Delivery:
    """Do what a wake-up asks for. Raises OvertakenError where another writer was faster.

    `now`: the writer's own time; None: the time in the wake-up.
    """
    now = later(call.at, now or datetime.fromisoformat(call.at))
    stored = table.ledger(call.api)
    before, ahead = ledger_believed(stored, now)
    if call.compare is None and _has_heard(before, call):
        return Delivery()
    since = table.news(call.api)
    slices = [slice_believed(one, now) for one in table.all(call.api)]
    keys = _configured(call, find)
    acks = [] if call.compare is None else table.acks(call.api)
    after = absorb(acknowledged(before, acks), slices, call.about, call.at, keys, _Others(table))
    if before.is_quiet and not after.is_quiet:
        table.add_news(call.api)
        since += 1
    if before.is_restless is not after.is_restless:
        table.set_restless(call.api, wanted=after.is_restless)
    if after != stored:
        after = table.save_ledger(after)
    _settle(slices, keys, table)
    _release(acks, table)
    dropped = _log_dropped(before, after)
    after, told = _deliver(after, table, publisher)
    left = _linked(_filed(after, table), table)
    if keys is not None:
        _compared(call, left, table)
    if left.is_quiet:
        table.clear_news(call.api, since)
    return dataclasses.replace(told, ahead=ahead, refused=told.refused + dropped)


class _Others:
    """What the other APIs' writers keep, read once: a ledger says whether an incident was
    announced. Claims are read anew each time."""

    def __init__(self, table: Table) -> None:
        self.claimed, self.claim = table.claimed, table.claim
        self.links = cache(table.links)
        self._ledger = cache(table.ledger)

    def announced(self, api: str, incident: str) -> Incident | None:
        return announced_incident(self._ledger(api), incident)


def _filed(ledger: Ledger, table: Table) -> Ledger:
    """File incidents after announcing them, so that messages wait for nothing else. Resolved ones
    leave the ledger once they are filed."""
    waiting = to_be_filed(ledger)
    if not waiting:
        return ledger
    for one in waiting:
        _unlink_ended(one, table)
        table.file(one)
    return table.save_ledger(filed(ledger))


def _unlink_ended(incident: Incident, table: Table) -> None:
    """Its link may have been made and not recorded, or its credential only claimed."""
    scope = credential_of(incident)
    if incident.state != OPEN and scope is not None:
        table.unlink(Link(scope=scope, api=incident.api, incident=incident.id))


def _linked(ledger: Ledger, table: Table) -> Ledger:
    """Publish links to the incidents in which a credential fails, and to no others. The ledger
    records them only afterwards: an interrupted run does it again."""
    wanted = to_be_linked(ledger)
    if wanted == ledger.linked:
        return ledger
    places = {(one.scope, one.incident) for one in wanted}
    for one in ledger.linked - wanted:
        if (one.scope, one.incident) not in places:
            table.unlink(one)
    for one in wanted - ledger.linked:
        table.link(one)
    return table.save_ledger(replace(ledger, linked=wanted))


def _has_heard(ledger: Ledger, call: WakeUp) -> bool:
    return (
        not ledger.outbox
        and not ledger.unfiled
        and all(ledger.heard.get(name, 0) >= number for name, number in call.news.items())
    )


def _configured(call: WakeUp, find: FindApi) -> list[Key] | None:
    if call.compare is None:
        return None
    api = find(call.compare, call.api) if call.digest is not None else None
    return [] if api is None else list(keys_of(api))


def _settle(slices: list[Slice], configured: list[Key] | None, table: Table) -> None:
    """Mark the news of slices as absorbed, and remove states that are no longer watched."""
    for one in slices:
        if one.news:
            table.set_heard(one, one.untold[-1].number)
        gone = [] if configured is None else _gone(one, configured)
        if gone:
            table.save(without(one, gone))


def _release(acks: list[Ack], table: Table) -> None:
    """Finish acknowledgements once the incidents have them: release writes, remove the items."""
    for ack in acks:
        for route in ack.release:
            table.release(ack.api, route)
        table.remove_ack(ack)


def _gone(one: Slice, configured: list[Key]) -> list[Key]:
    known = frozenset(configured)
    return [state.key for state in one.states if state.key not in known]


def _deliver(ledger: Ledger, table: Table, publisher: Publisher) -> tuple[Ledger, Delivery]:
    """Mark each message as sent before sending the next one. A channel that does not accept one
    gets no later one before it; but none waits behind one that the channel refuses for good, nor
    behind one that waits for the end of quiet hours."""
    accepted = undelivered = refused = 0
    silent: set[str] = set()
    for notice in ledger.outbox:
        if notice.waits_until is not msgspec.UNSET:
            continue
        if notice.channel in silent:
            undelivered += 1
            continue
        taken = True
        try:
            publisher.publish(notice)
            accepted += not notice.is_posted
        except UndeliveredError as error:
            undelivered += 1
            silent.add(notice.channel)
            _log.warning("notice_undelivered", extra={"api": ledger.api, "reason": str(error)})
            continue
        except UnacceptableError as error:
            refused, taken = refused + 1, False
            _log.error("notice_refused", extra={**_named(notice), "reason": str(error)})
        ledger = table.save_ledger(sent(ledger, notice, accepted=taken))
    return ledger, Delivery(sent=accepted, undelivered=undelivered, refused=refused)


def _log_dropped(before: Ledger, after: Ledger) -> int:
    dropped = after.given_up - before.given_up
    for incident, channel in sorted(dropped):
        told = {"api": after.api, "incident": incident, "channel": channel}
        _log.error("notice_dropped", extra=told)
    return len(dropped)


def _named(notice: Notice) -> dict[str, str]:
    return {
        "api": notice.incident.api,
        "incident": notice.incident.id,
        "notice": notice.message_id,
        "kind": notice.kind,
    }


def _compared(call: WakeUp, left: Ledger, table: Table) -> None:
    """An API that left the configuration is forgotten once its last message was accepted."""
    if call.digest is not None:
        table.set_swept(call.api, call.digest)
    elif left.is_quiet:
        table.forget(call.api)

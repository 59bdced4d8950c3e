"""The desk: sends test messages, tells when a pause begins and ends, and removes done errands.

Calls never run concurrently (the queue's lane prevents it). What was told is stored after each
message: wherever a run is interrupted, the next call goes on.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256

import msgspec
from msgspec.structs import replace

from gatewatch import __version__
from gatewatch.config.canonical import Channel
from gatewatch.delivery.outbox import OWN
from gatewatch.notices.bulletin import PAUSED, RESUMED, TEST, Bulletin
from gatewatch.service.errands import (
    ENDING,
    LASTING,
    Answer,
    DeskCall,
    Errand,
    ErrandKind,
    Pause,
    Told,
    covering,
    mutes,
    pauses,
)
from gatewatch.service.ports import Board, ErrandTable, UnacceptableError, UndeliveredError

_log = logging.getLogger(__name__)
TESTED_FOR = timedelta(minutes=3)
"""A test that arrives later than anybody waits for it only puzzles."""
TOLD_FOR = timedelta(days=1)


@dataclass(slots=True)
class Desked:
    """How many messages were `sent`, `undelivered` (tried again by the next call) and `refused`."""

    counted: Counter[str] = field(default_factory=Counter)


def attend(call: DeskCall, table: ErrandTable, board: Board) -> Desked:
    """Do what the errands of a tick ask for. Those that are done are removed."""
    desked = Desked()
    for name in call.spoilt:
        _refuse(name, call, table)
    _test(_of(call.errands, ErrandKind.TEST), call, table, board, desked)
    _tell_of_pauses(call, table, board, desked)
    _clear(call, table)
    return desked


def _of(errands: Sequence[Errand], kind: ErrandKind) -> list[Errand]:
    return sorted((one for one in errands if one.kind is kind), key=lambda one: (one.at, one.id))


def _refuse(name: str, call: DeskCall, table: ErrandTable) -> None:
    _log.warning("errand_refused", extra={"errand": name})
    table.set_answer(Answer(id=name, at=call.at, refused="it is not in order"))
    table.remove_errand(name)


def _test(
    tests: Sequence[Errand], call: DeskCall, table: ErrandTable, board: Board, desked: Desked
) -> None:
    """All tests that wait together are one, so that nobody is flooded; each is answered."""
    if not tests:
        return
    first = tests[0]
    before = table.answer(first.id) or Answer(id=first.id, at=call.at)
    channels = {one.key: one for one in (OWN, *call.channels)}
    asked = _tested(tests, channels)
    wanted = [_bulletin(first, TEST, channels[key], call.at) for key in asked]
    after = _tell(wanted, before, TESTED_FOR, call, table, board, desked)
    for one in tests:
        table.set_answer(replace(after, id=one.id))
        if all(told.is_over for told in after.told):
            table.remove_errand(one.id)


def _tested(tests: Sequence[Errand], known: Iterable[str]) -> list[str]:
    """The keys of the channels that these tests name together; one that names none is for all."""
    named = {key for one in tests for key in one.channels}
    are_all = any(not one.channels for one in tests)
    return [key for key in known if are_all or key in named]


def _tell_of_pauses(call: DeskCall, table: ErrandTable, board: Board, desked: Desked) -> None:
    """When a pause begins, and when it is over, by itself or by somebody; to the deployment's own
    topic. One that was over before it was told is not told."""
    in_force = {one.id: one for one in pauses(call.errands, datetime.fromisoformat(call.at))}
    for one in _of(call.errands, ErrandKind.PAUSE):
        before = table.answer(one.id) or Answer(id=one.id, at=call.at)
        is_over = one.id not in in_force
        if not is_over:
            wanted = [_bulletin(one, PAUSED, OWN, call.at)]
        else:
            wanted = list(_endings(one, before, list(in_force.values()), call))
        after = _tell(wanted, before, TOLD_FOR, call, table, board, desked)
        if is_over and all(told.is_over for told in after.told if told.kind == RESUMED):
            table.set_answer(after)
            table.remove_errand(one.id)


def _endings(
    errand: Errand, before: Answer, in_force: Sequence[Pause], call: DeskCall
) -> Iterator[Bulletin]:
    """Of what is looked at again; what another pause still covers is not."""
    was_told = any(one.kind == PAUSED and one.is_delivered for one in before.told)
    again = tuple(api for api in errand.apis if covering(in_force, api) is None)
    still_all = any(not one.apis for one in in_force)
    if not was_told or still_all or (errand.apis and not again):
        return
    by = next((one.by for one in call.errands if errand.id in one.ends), None)
    others = {api for one in in_force for api in one.apis} if not errand.apis else set[str]()
    yield replace(
        _bulletin(errand, RESUMED, OWN, call.at),
        apis=again,
        ended_by=by,
        still_paused=tuple(sorted(others)),
    )


def _bulletin(errand: Errand, kind: str, channel: Channel, at: str) -> Bulletin:
    names = "\0".join((errand.id, kind, channel.key))
    return Bulletin(
        message_id=sha256(names.encode()).hexdigest()[:32],
        kind=kind,
        at=at,
        channel=channel.key,
        via=msgspec.UNSET if channel.is_plain else channel,
        by=errand.by,
        why=errand.why,
        version=__version__,
        apis=errand.apis,
        until=errand.until,
    )


def _tell(
    wanted: Sequence[Bulletin],
    before: Answer,
    tried_for: timedelta,
    call: DeskCall,
    table: ErrandTable,
    board: Board,
    desked: Desked,
) -> Answer:
    """The answer after each of these messages was sent that is not over yet. It is stored before
    the next one is sent."""
    answer = before
    known = {_place(one): one for one in before.told}
    for one in wanted:
        earlier = known.get((one.kind, one.channel))
        if earlier is None or not earlier.is_over:
            since = (earlier and earlier.since) or call.at
            late = datetime.fromisoformat(call.at) - datetime.fromisoformat(since) >= tried_for
            told = replace(_post(one, board, desked, is_last=late), since=since)
            others = [each for each in answer.told if _place(each) != _place(told)]
            answer = replace(answer, told=(*others, told))
            table.set_answer(answer)
    return answer


def _place(told: Told) -> tuple[str, str]:
    return told.kind, told.topic


def _post(bulletin: Bulletin, board: Board, desked: Desked, *, is_last: bool) -> Told:
    told = Told(kind=bulletin.kind, topic=bulletin.channel, is_over=True)
    known = {"kind": bulletin.kind, "notice": bulletin.message_id}
    try:
        board.post(bulletin)
    except UndeliveredError as error:
        desked.counted["undelivered"] += 1
        _log.warning("bulletin_undelivered", extra={**known, "reason": str(error)})
        return replace(told, is_over=is_last, because=str(error))
    except UnacceptableError as error:
        desked.counted["refused"] += 1
        _log.error("bulletin_refused", extra={**known, "reason": str(error)})
        return replace(told, because=f"refused: {error}")
    desked.counted["sent"] += not bulletin.is_posted
    return replace(told, is_delivered=True)


def _clear(call: DeskCall, table: ErrandTable) -> None:
    """Looks are dispatch's, and done once it has answered. Of mutes, nothing is told. What ends
    pauses or mutes waits until they are gone, or they would go on."""
    in_force = {one.id for one in mutes(call.errands, datetime.fromisoformat(call.at))}
    waiting = {one.id for one in call.errands if one.kind in LASTING}
    for one in call.errands:
        is_done = one.kind is ErrandKind.LOOKS and table.answer(one.id) is not None
        is_over = one.kind is ErrandKind.MUTE and one.id not in in_force
        if is_done or is_over or (one.kind in ENDING and not waiting & set(one.ends)):
            table.remove_errand(one.id)

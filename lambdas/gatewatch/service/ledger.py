"""The memory of an API's one writer: its open incidents, what it has heard, what is yet unsaid.

All of it is stored as one, so that an incident cannot change without the message that says so.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

import msgspec
from msgspec.structs import replace

from gatewatch.config.canonical import Channel
from gatewatch.correlate import OPEN, correlate
from gatewatch.learn import key_of
from gatewatch.model import Incident
from gatewatch.service.notice import OWN, Notice, merged, notices
from gatewatch.service.slices import Slice, latest
from gatewatch.track import Key, RouteState, Transition, Turn, retire

_LARGEST_BYTES = 350_000


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What the configuration says of an API to whoever tells of it."""

    team: str | None = None
    runbook: str | None = None
    channels: tuple[Channel, ...] = (OWN,)


class Ledger(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`heard` is the last number taken up of each slice. Resolved incidents stay until they are
    filed, notices until their channel has accepted them."""

    api: str
    version: int = 0
    heard: dict[str, int] = {}
    incidents: tuple[Incident, ...] = ()
    outbox: tuple[Notice, ...] = ()

    @property
    def open(self) -> tuple[Incident, ...]:
        return tuple(one for one in self.incidents if one.state == OPEN)

    @property
    def is_quiet(self) -> bool:
        return not self.incidents and not self.outbox


def hear(
    before: Ledger,
    slices: Sequence[Slice],
    about: About,
    at: str,
    configured: Iterable[Key] | None = None,
) -> Ledger:
    """The ledger after all news in these slices, and after `configured` lost some routes.

    Transitions are taken up in the order of their time, each once, so that a failure that has
    ended already is told with its beginning and its end.
    """
    news = [
        one.transition
        for part in slices
        for one in part.news
        if one.number > before.heard.get(part.name, 0)
    ]
    states = {state.key: state for state in latest(slices)}
    incidents = {one.id: one for one in before.incidents}
    found: list[Notice] = []
    for moment, turns, known in _moments(news, states, at):
        told = _told(before.api, known, incidents, turns, about)
        found += notices(incidents, told, about.channels, moment)
        incidents |= {one.id: one for one in told}
    if configured is not None:
        turns = _retired(list(states.values()), incidents.values(), configured, at)
        told = _told(before.api, states, incidents, turns, about)
        found += notices(incidents, told, about.channels, at)
        incidents |= {one.id: one for one in told}
    return replace(
        before,
        heard={**before.heard, **{one.name: one.untold[-1].number for one in slices if one.news}},
        incidents=tuple(incidents.values()),
        outbox=(*before.outbox, *merged(found)),
    )


def _moments(
    news: list[Transition], states: dict[Key, RouteState], at: str
) -> Iterator[tuple[str, list[Transition], dict[Key, RouteState]]]:
    """The news by time, each with the states as they were then; last, what is known now."""
    ordered = sorted(news, key=lambda one: one.at)
    last = {one.state.key: one.at for one in ordered}
    then = dict(states)
    for moment, group in groupby(ordered, key=lambda one: one.at):
        turns = list(group)
        for one in turns:
            is_last = last[one.state.key] == moment
            then[one.state.key] = states.get(one.state.key, one.state) if is_last else one.state
        yield moment, turns, dict(then)
    yield at, [], states


def _told(
    api: str,
    states: dict[Key, RouteState],
    incidents: dict[str, Incident],
    turns: Sequence[Transition],
    about: About,
) -> list[Incident]:
    if not turns and not any(one.state == OPEN for one in incidents.values()):
        return []
    found = correlate(api, list(states.values()), list(incidents.values()), turns)
    return [replace(one, team=about.team, runbook=about.runbook) for one in found]


def _retired(
    states: Sequence[RouteState],
    incidents: Iterable[Incident],
    configured: Iterable[Key],
    at: str,
) -> list[Transition]:
    """Whatever fails, or is a member of an open incident, and is watched no more."""
    known = frozenset(configured)
    _, gone = retire(states, known, at)
    stated = {one.key for one in states}
    members = {
        key_of(one) for incident in incidents for one in incident.members if one.until is None
    }
    forgotten = sorted(members - known - stated)
    blank = [RouteState(route=route, entrance=place, caller=who) for route, place, who in forgotten]
    return [*gone, *(Transition(Turn.RETIRED, state, at) for state in blank)]


def filed(ledger: Ledger) -> Ledger:
    """Without the resolved incidents, once they are kept elsewhere."""
    return replace(ledger, incidents=ledger.open)


def sent(ledger: Ledger, notice: Notice) -> Ledger:
    left = tuple(one for one in ledger.outbox if one.message_id != notice.message_id)
    return replace(ledger, outbox=left)


class _Packed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    heard: dict[str, int] = {}
    incidents: tuple[Incident, ...] = ()
    outbox: tuple[Notice, ...] = ()


def pack(ledger: Ledger) -> bytes:
    """Evidence is left out where it would not fit into an item."""
    packed = _packed(ledger)
    return packed if len(packed) <= _LARGEST_BYTES else _packed(_lighter(ledger))


def _packed(ledger: Ledger) -> bytes:
    whole = _Packed(heard=ledger.heard, incidents=ledger.incidents, outbox=ledger.outbox)
    return zlib.compress(msgspec.json.encode(whole), 6)


def _lighter(ledger: Ledger) -> Ledger:
    return replace(
        ledger,
        incidents=tuple(without_evidence(one) for one in ledger.incidents),
        outbox=tuple(
            replace(one, incident=without_evidence(one.incident)) for one in ledger.outbox
        ),
    )


def without_evidence(incident: Incident) -> Incident:
    return replace(incident, evidence=(), ruled_out=())


def unpack(api: str, packed: bytes, version: int) -> Ledger:
    whole = msgspec.json.decode(zlib.decompress(packed), type=_Packed)
    return Ledger(
        api=api,
        version=version,
        heard=whole.heard,
        incidents=whole.incidents,
        outbox=whole.outbox,
    )

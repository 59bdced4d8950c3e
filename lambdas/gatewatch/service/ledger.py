"""The memory of an API's one writer: its open incidents, what it has heard, what is yet unsaid.

All of it is stored as one, so that an incident cannot change without the message that says so.
"""

from __future__ import annotations

import lzma
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby

import msgspec
from msgspec.structs import replace

from gatewatch.acknowledge import Ack, acknowledge
from gatewatch.config.canonical import Channel
from gatewatch.config.windows import Opening, open_at
from gatewatch.correlate import OPEN, correlate
from gatewatch.learn import key_of
from gatewatch.maintenance import hold
from gatewatch.model import EXPOSURES, Incident
from gatewatch.service.notice import OWN, Notice, Said, bounded, merged, notices, told
from gatewatch.service.reminder import reminders
from gatewatch.service.slices import Slice, latest
from gatewatch.track import Key, RouteState, Transition, Turn, retire

_LARGEST_BYTES = 350_000
_LZMA = b"\xfd7zXZ\x00"


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What the configuration says of an API to whoever tells of it.

    `maintenance`: its windows that are open, or were within the last hour.
    """

    team: str | None = None
    runbook: str | None = None
    channels: tuple[Channel, ...] = (OWN,)
    maintenance: tuple[Opening, ...] = ()
    remind_every_seconds: float | None = None


class Ledger(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`heard` is the last number taken up of each slice, `said` what was last told of each open
    incident, and `said_at` when; of one that is not in it, nobody was told. Resolved incidents
    stay until they are filed, notices until their channel has accepted them."""

    api: str
    version: int = 0
    heard: dict[str, int] = {}
    incidents: tuple[Incident, ...] = ()
    said: dict[str, Said] = {}
    said_at: dict[str, str] = {}
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
    """The ledger after all news in these slices, and after `configured` lost some routes; what
    stayed as it was is told again when that is due.

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
    story = _Story(before, about)
    for moment, turns, known in _moments(news, states, at):
        story.go_on(known, turns, moment)
    if configured is not None:
        gone = _retired(list(states.values()), story.incidents.values(), configured, at)
        story.go_on(states, gone, at)
    found = merged(story.found)
    after = replace(
        before,
        heard={**before.heard, **{one.name: one.untold[-1].number for one in slices if one.news}},
        incidents=tuple(story.incidents.values()),
        said=story.said,
        said_at={**before.said_at, **{one.incident.id: one.at for one in found}},
        outbox=bounded((*before.outbox, *found)),
    )
    return _reminded(after, about, at)


def _reminded(ledger: Ledger, about: About, at: str) -> Ledger:
    """A channel that has not yet taken its last message of an incident is left out."""
    open_ones = [one for one in ledger.open if _may_be_told(one, ledger.said, about, at)]
    due = reminders(open_ones, ledger.said_at, about.remind_every_seconds, about.channels, at)
    waiting = {(one.incident.id, one.topic) for one in ledger.outbox}
    new = (one for one in due if (one.incident.id, one.topic) not in waiting)
    return replace(
        ledger,
        outbox=(*ledger.outbox, *new),
        said_at={**ledger.said_at, **{one.incident.id: at for one in due}},
    )


class _Story:
    """What the incidents of an API come to from moment to moment, and what is to be said."""

    def __init__(self, before: Ledger, about: About) -> None:
        self._api = before.api
        self._about = about
        self.incidents = {one.id: one for one in before.incidents}
        self.said = dict(before.said)
        self.found: list[Notice] = []

    def go_on(self, states: Mapping[Key, RouteState], turns: Sequence[Transition], at: str) -> None:
        incidents = self._incidents(states, turns, at)
        now = [one for one in incidents if _may_be_told(one, self.said, self._about, at)]
        self.found += notices(self.said, now, self._about.channels, at)
        self.said |= {one.id: told(one) for one in now}
        self.incidents |= {one.id: one for one in incidents}

    def _incidents(
        self, states: Mapping[Key, RouteState], turns: Sequence[Transition], at: str
    ) -> list[Incident]:
        known = self.incidents
        if not turns and not any(one.state == OPEN for one in known.values()):
            return []
        about = self._about
        return [
            replace(
                hold(one, about.maintenance, at, is_new=one.id not in known),
                team=about.team,
                runbook=about.runbook,
            )
            for one in correlate(self._api, list(states.values()), list(known.values()), turns)
        ]


def _may_be_told(incident: Incident, said: Mapping[str, Said], about: About, at: str) -> bool:
    """In a window: ends, exposures, and what is not held; but nothing more of what was told."""
    if incident.state != OPEN or incident.finding in EXPOSURES:
        return True
    if incident.held_until is not None:
        return False
    in_maintenance = open_at(about.maintenance, datetime.fromisoformat(at))
    return incident.id not in said or in_maintenance is None


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


def acknowledged(ledger: Ledger, acks: Iterable[Ack]) -> Ledger:
    """The ledger with these names in its incidents; what is over already stays as it is."""
    incidents = ledger.incidents
    for ack in acks:
        incidents = tuple(
            acknowledge(one, ack.who) if one.id in ack.incidents else one for one in incidents
        )
    return replace(ledger, incidents=incidents)


def filed(ledger: Ledger) -> Ledger:
    """Without the resolved incidents, once they are kept elsewhere."""
    known = {one.id for one in ledger.open}
    said = {name: what for name, what in ledger.said.items() if name in known}
    said_at = {name: at for name, at in ledger.said_at.items() if name in known}
    return replace(ledger, incidents=ledger.open, said=said, said_at=said_at)


def sent(ledger: Ledger, notice: Notice) -> Ledger:
    left = tuple(one for one in ledger.outbox if one.message_id != notice.message_id)
    return replace(ledger, outbox=left)


class _Packed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    heard: dict[str, int] = {}
    incidents: tuple[Incident, ...] = ()
    said: dict[str, Said] = {}
    said_at: dict[str, str] = {}
    outbox: tuple[Notice, ...] = ()


def pack(ledger: Ledger) -> bytes:
    """Evidence is left out where it would not fit into an item. An incident of thousands of
    members waits once for each channel: LZMA looks back far enough to see that it is the same."""
    packed = zlib.compress(_encoded(ledger), 6)
    if len(packed) > _LARGEST_BYTES:
        lighter = _encoded(_lighter(ledger))
        packed = zlib.compress(lighter, 6)
        return packed if len(packed) <= _LARGEST_BYTES else lzma.compress(lighter)
    return packed


def _encoded(ledger: Ledger) -> bytes:
    whole = _Packed(
        heard=ledger.heard,
        incidents=ledger.incidents,
        said=ledger.said,
        said_at=ledger.said_at,
        outbox=ledger.outbox,
    )
    return msgspec.json.encode(whole)


def _lighter(ledger: Ledger) -> Ledger:
    return replace(
        ledger,
        incidents=tuple(without_evidence(one) for one in ledger.incidents),
        outbox=tuple(
            replace(one, incident=without_evidence(one.incident)) for one in ledger.outbox
        ),
    )


def document(incident: Incident) -> bytes:
    """An incident as it is filed, compressed; whole where it fits into an item."""
    whole = zlib.compress(msgspec.json.encode(incident), 6)
    if len(whole) <= _LARGEST_BYTES:
        return whole
    return zlib.compress(msgspec.json.encode(without_evidence(incident)), 6)


def read_document(filed: bytes) -> Incident:
    return msgspec.json.decode(zlib.decompress(filed), type=Incident)


def without_evidence(incident: Incident) -> Incident:
    return replace(incident, evidence=(), ruled_out=())


def unpack(api: str, packed: bytes, version: int) -> Ledger:
    decompress = lzma.decompress if packed.startswith(_LZMA) else zlib.decompress
    whole = msgspec.json.decode(decompress(packed), type=_Packed)
    return Ledger(
        api=api,
        version=version,
        heard=whole.heard,
        incidents=whole.incidents,
        said=whole.said,
        said_at=whole.said_at,
        outbox=whole.outbox,
    )

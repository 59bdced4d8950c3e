"""The memory of an API's one writer: open incidents, absorbed news, and messages not yet sent.

All of it is stored as one, so that an incident cannot change without its message.
"""

from __future__ import annotations

import lzma
import zlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby

import msgspec
from msgspec.structs import replace

from gatewatch.config.canonical import Channel
from gatewatch.delivery.outbox import OWN, is_heard, still_known
from gatewatch.delivery.telling import assumed, tell
from gatewatch.incidents.acknowledge import Ack, applied
from gatewatch.incidents.ahead import believed, believed_memory
from gatewatch.incidents.announce import Announced, AnnouncementKind, fully_announced
from gatewatch.incidents.correlate import OPEN
from gatewatch.incidents.learn import key_of
from gatewatch.incidents.links import ALONE, Claim, Link, Links, link_of
from gatewatch.incidents.story import ApiContext as ApiAbout
from gatewatch.incidents.story import Story, is_restless
from gatewatch.incidents.track import Key, RouteState, Transition, Turn, retire
from gatewatch.model import Finding, Incident, Layer, Muted, Paused, Severity
from gatewatch.notices.audience import Audience, Place, Told, places
from gatewatch.notices.notice import Notice
from gatewatch.notices.visible import cut
from gatewatch.service.items import expanded, first_fitting
from gatewatch.service.state_slices import Slice, latest


class WriterContext(ApiAbout, frozen=True, kw_only=True):
    """The API's context, and the channels that get its incidents. `apart`: the keys of those that
    get the incidents of some APIs only."""

    channels: tuple[Channel, ...] = (OWN,)
    apart: frozenset[str] = frozenset()

    def is_heard_with(self, incident: Incident, claim: Claim) -> bool:
        is_heard_here = is_heard(incident, claim, self.channels, self.apart)
        return super().is_heard_with(incident, claim) and is_heard_here


class Ledger(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`heard` is the last absorbed number of each slice, `said` what was last announced of each
    open incident; others were not announced. Resolved incidents stay until they are filed
    (`unfiled` has them, and changed open ones), notices until their channel has accepted them.
    `is_restless` is what its record says. `linked`: the links to its incidents that the writers of
    other APIs can read. `given_up`: each (incident, topic) whose last message was refused for good,
    or dropped for later ones, so that the topic never got it. `audiences`: who was told of each
    announced incident that is open."""

    api: str
    version: int = 0
    heard: dict[str, int] = {}
    incidents: tuple[Incident, ...] = ()
    said: dict[str, Announced] = {}
    unfiled: frozenset[str] = frozenset()
    is_restless: bool = False
    outbox: tuple[Notice, ...] = ()
    linked: frozenset[Link] = frozenset()
    given_up: frozenset[Place] = frozenset()
    audiences: dict[str, Audience] = {}

    @property
    def open(self) -> tuple[Incident, ...]:
        return tuple(one for one in self.incidents if one.state == OPEN)

    @property
    def is_quiet(self) -> bool:
        return not self.incidents and not self.outbox and not self.linked


def absorb(
    before: Ledger,
    slices: Sequence[Slice],
    about: WriterContext,
    at: str,
    configured: Iterable[Key] | None = None,
    links: Links = ALONE,
) -> Ledger:
    """The ledger after all news in these slices, and after `configured` lost some routes; unchanged
    incidents get reminders when due. `links`: what other APIs' writers published.

    Transitions are absorbed in the order of their time, each once, so that a failure that has ended
    already is announced with its beginning and its end.
    """
    news = [
        one.transition for part in slices for one in part.news if one.number > _heard(before, part)
    ]
    states = {state.key: state for state in latest(slices)}
    story = Story(before.api, about, before.incidents, before.said, links)
    for moment, turns, known in _moments(news, states, at):
        story.go_on(known, turns, moment)
    if configured is not None:
        gone = _retired(list(states.values()), story.incidents.values(), configured, at)
        story.go_on(states, gone, at)
    story.remind(at)
    told = _told(before, story, about.channels, at)
    is_sweep = configured is not None
    return replace(
        before,
        heard={**before.heard, **{one.name: one.untold[-1].number for one in slices if one.news}},
        incidents=tuple(story.incidents.values()),
        said=story.said,
        unfiled=before.unfiled | _with_news(before, story),
        is_restless=is_restless(story.incidents.values(), at),
        outbox=still_known(told.outbox, about.channels) if is_sweep else told.outbox,
        given_up=before.given_up | told.dropped,
        audiences=dict(told.audiences),
    )


def _told(before: Ledger, story: Story, channels: Sequence[Channel], at: str) -> Told:
    """Everybody, of what is new; an earlier version of the service kept no audiences."""
    audiences = {
        one.id: before.audiences.get(one.id) or assumed(one, before.said[one.id], channels)
        for one in before.open
        if one.id in before.said
    }
    known = Told(outbox=before.outbox, audiences=audiences)
    return tell(known, story, before.said, channels, at)


def _heard(before: Ledger, part: Slice) -> int:
    """The number up to which a slice was absorbed. A slice that counts below that was lost and
    began anew: all of it is news."""
    number = before.heard.get(part.name, 0)
    last = max((part.heard, *(one.number for one in part.untold)))
    return number if number <= last else 0


def ledger_believed(ledger: Ledger, now: datetime) -> tuple[Ledger, int]:
    """The ledger without moments that are ahead of now, and how many incidents had some."""
    found = believed_memory(now, (), ledger.incidents, ledger.said)
    audiences = {
        name: replace(one, since=believed(one.since, now)) for name, one in ledger.audiences.items()
    }
    if not found.taken_back and (found.said, audiences) == (ledger.said, ledger.audiences):
        return ledger, 0
    said = dict(found.said)
    after = replace(ledger, incidents=found.incidents, said=said, audiences=audiences)
    return after, max(1, found.taken_back)


def _with_news(before: Ledger, story: Story) -> frozenset[str]:
    """The announced incidents, and the others that began, ended, or are not looked at or muted
    now."""
    known = {one.id: _standing(one) for one in before.incidents}
    told = {
        one.incident.id for one in story.announcements if one.kind is not AnnouncementKind.REMINDER
    }
    moved = {one.id for one in story.incidents.values() if known.get(one.id) != _standing(one)}
    return frozenset(told | moved)


def _standing(incident: Incident) -> tuple[str, Paused | None, Muted | None]:
    return incident.state, incident.paused, incident.muted


def _moments(
    news: list[Transition], states: dict[Key, RouteState], at: str
) -> Iterator[tuple[str, list[Transition], dict[Key, RouteState]]]:
    """The news by time, each with the states as they were then; last, the current states."""
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
    """Whatever fails, or is a member of an open incident, and is no longer watched."""
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
    """The ledger with these acknowledgements; resolved incidents stay as they are."""
    incidents, named = ledger.incidents, ledger.unfiled
    for ack in acks:
        named |= {one.id for one in incidents if one.id in ack.incidents}
        incidents = tuple(
            applied(ack, one) if one.id in ack.incidents else one for one in incidents
        )
    return replace(ledger, incidents=incidents, unfiled=named)


def to_be_filed(ledger: Ledger) -> list[Incident]:
    return [one for one in ledger.incidents if one.id in ledger.unfiled or one.state != OPEN]


def filed(ledger: Ledger) -> Ledger:
    """Without the resolved incidents, once they are filed."""
    known = {one.id for one in ledger.open}
    said = {name: what for name, what in ledger.said.items() if name in known}
    return replace(
        ledger,
        incidents=ledger.open,
        said=said,
        unfiled=frozenset(),
        given_up=frozenset(one for one in ledger.given_up if one[0] in known),
        audiences={name: one for name, one in ledger.audiences.items() if name in known},
    )


def to_be_linked(ledger: Ledger) -> frozenset[Link]:
    """The links that the writers of other APIs should see now."""
    found = (link_of(one) for one in ledger.open)
    return frozenset(one for one in found if one is not None)


def sent(ledger: Ledger, notice: Notice, *, accepted: bool = True) -> Ledger:
    """The ledger without a notice that was accepted or given up."""
    left = tuple(one for one in ledger.outbox if one.message_id != notice.message_id)
    place = places((notice,))
    given_up = ledger.given_up - place if accepted else ledger.given_up | place
    return replace(ledger, outbox=left, given_up=given_up)


def announced_incident(ledger: Ledger, incident: str) -> Incident | None:
    """An open incident that was announced, is not muted, and of which no message was given up.
    Another incident may rely on it: nobody else would announce that one."""
    given_up = {name for name, _ in ledger.given_up}
    if incident not in ledger.said or incident in given_up:
        return None
    return next((one for one in ledger.open if one.id == incident and one.muted is None), None)


class _Packed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`said` and `said_at` were written before `told` was, and are only read."""

    heard: dict[str, int] = {}
    incidents: tuple[Incident, ...] = ()
    told: dict[str, Announced] = {}
    said: dict[str, tuple[str, str, str, str]] = {}
    said_at: dict[str, str] = {}
    unfiled: frozenset[str] = frozenset()
    is_restless: bool = False
    outbox: tuple[Notice, ...] = ()
    linked: frozenset[Link] = frozenset()
    given_up: frozenset[Place] = frozenset()
    audiences: dict[str, Audience] = {}


def pack_ledger(ledger: Ledger) -> bytes:
    """The stored form; `_shapes` leave out ever more until it fits into an item.

    Members are never left out: the recovery of a missing member would never be announced. Where
    they alone do not fit, writing fails, and the alarm of errors rings.
    """
    return first_fitting(_shapes(ledger))


def _shapes(ledger: Ledger) -> Iterator[bytes]:
    """An incident of thousands of members waits once for each channel: LZMA looks back far enough
    to find the repetition."""
    yield zlib.compress(_encoded(ledger), 6)
    lighter = _lighter(ledger)
    yield zlib.compress(_encoded(lighter), 6)
    yield lzma.compress(_encoded(lighter))
    for most in _FEWER:
        yield lzma.compress(_encoded(_shorter(lighter, most)))


_FEWER = (20, 2)


def _shorter(ledger: Ledger, most: int) -> Ledger:
    """At most so many lines of history and of news, and so many members in waiting messages."""
    waiting = (replace(one, incident=shorter(one.incident, most)) for one in ledger.outbox)
    return replace(
        ledger,
        incidents=tuple(_with_history(one, most) for one in ledger.incidents),
        outbox=tuple(waiting),
        audiences={name: _with_news_of(one, most) for name, one in ledger.audiences.items()},
    )


def _with_news_of(audience: Audience, most: int) -> Audience:
    ears = {
        key: replace(ear, news=tuple(cut(one, _LONGEST_TEXT) for one in ear.news[-most:]))
        for key, ear in audience.ears.items()
    }
    return replace(audience, ears=ears)


def _encoded(ledger: Ledger) -> bytes:
    whole = _Packed(
        heard=ledger.heard,
        incidents=ledger.incidents,
        told=ledger.said,
        unfiled=ledger.unfiled,
        is_restless=ledger.is_restless,
        outbox=ledger.outbox,
        linked=ledger.linked,
        given_up=ledger.given_up,
        audiences=ledger.audiences,
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


def filed_document(incident: Incident) -> bytes:
    """The filed form of an incident, compressed; whole where it fits into an item."""
    return first_fitting(_documents(incident))


def _documents(incident: Incident) -> Iterator[bytes]:
    yield _compressed(incident)
    bare = without_evidence(incident)
    yield _compressed(bare)
    for most in (1000, 100, *_FEWER):
        yield _compressed(shorter(bare, most))


def _compressed(incident: Incident) -> bytes:
    return zlib.compress(msgspec.json.encode(incident), 6)


def read_filed(filed: bytes) -> Incident:
    return msgspec.json.decode(zlib.decompress(filed), type=Incident)


def shorter(incident: Incident, most: int) -> Incident:
    """For readers only: at most so many members and lines of history."""
    return replace(_with_history(incident, most), members=incident.members[:most])


_LONGEST_TEXT = 300


def _with_history(incident: Incident, most: int) -> Incident:
    updates = tuple(
        replace(one, text=cut(one.text, _LONGEST_TEXT)) for one in incident.updates[-most:]
    )
    return replace(incident, updates=updates, because=cut(incident.because, _LONGEST_TEXT))


def without_evidence(incident: Incident) -> Incident:
    return replace(incident, evidence=(), ruled_out=())


def unpack_ledger(api: str, packed: bytes, version: int) -> Ledger:
    whole = msgspec.json.decode(expanded(packed), type=_Packed)
    before = {name: _said_before(whole, name) for name in whole.said if name in whole.said_at}
    return Ledger(
        api=api,
        version=version,
        heard=whole.heard,
        incidents=tuple(
            fully_announced(one) if one.id in before else one for one in whole.incidents
        ),
        said={**before, **whole.told},
        unfiled=whole.unfiled,
        is_restless=whole.is_restless,
        outbox=whole.outbox,
        linked=whole.linked,
        given_up=whole.given_up,
        audiences=whole.audiences,
    )


def _said_before(whole: _Packed, name: str) -> Announced:
    finding, layer, cause, severity = whole.said[name]
    return Announced(
        at=whole.said_at[name],
        finding=Finding(finding),
        layer=Layer(layer),
        cause=cause,
        severity=Severity(severity),
    )

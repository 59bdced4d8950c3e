"""What people ask of the deployed service: a test message, a pause or a mute and its end, looks at
once.

An errand waits in an item of its own, as an acknowledgement does: people need no other permission
to write. Dispatch reads them with each tick; it leaves out what is paused, and looks at once where
asked. The desk sends the messages and removes what is done.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec
from msgspec.structs import replace

from gatewatch.config.canonical import Channel
from gatewatch.incidents.mute import Mute
from gatewatch.model import Verdict
from gatewatch.service.items import first_fitting


class ErrandKind(StrEnum):
    TEST = "test"
    PAUSE = "pause"
    RESUME = "resume"
    LOOKS = "looks"
    MUTE = "mute"
    UNMUTE = "unmute"


class Errand(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`at` and `by`: when it was asked, by the clock of who asked. `apis`: which; none: all.

    `route`: the one to be looked at, or muted. `channels`: the keys of those that are tested; none:
    all. `until`: the end of a pause or a mute, which end by
    themselves. `ends`: the ids of the pauses that a resumption ends, or of mutes.
    """

    id: str
    kind: ErrandKind
    at: str
    by: str
    why: str | None = None
    apis: tuple[str, ...] = ()
    route: str | None = None
    until: str | None = None
    ends: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()


def is_lasting(errand: Errand) -> bool:
    """Whether it says what is looked at or told: a pause or a mute, or what ends some."""
    return errand.kind in LASTING or errand.kind in ENDING


LASTING = (ErrandKind.PAUSE, ErrandKind.MUTE)
ENDING = (ErrandKind.RESUME, ErrandKind.UNMUTE)


LONGEST_TEXT = 500
MOST_NAMED = 100
LONGEST_PAUSE = timedelta(days=7)
_CLOCKS_DIFFER = timedelta(minutes=10)
_MOST_AHEAD = timedelta(hours=1)
_MOST_BYTES = 10_000
_ID = re.compile(r"[0-9a-f]{32}")


def is_in_order(errand: Errand, now: datetime) -> bool:
    """Whether the service may act on it: people may store anything in that item, and others read it
    in their terminals and mail. A pause or a mute that ends later than any may is none, nor is one
    that says to begin much later: `now` may be a tick's that comes late, but not by so much."""
    at = moment_of(errand.at)
    texts = (
        errand.by,
        errand.why or "",
        *errand.apis,
        errand.route or "",
        *errand.ends,
        *errand.channels,
    )
    until = moment_of(errand.until)
    return (
        _ID.fullmatch(errand.id) is not None
        and at is not None
        and at - now <= _MOST_AHEAD
        and all(len(text) <= LONGEST_TEXT and text.isprintable() for text in texts)
        and max(len(errand.apis), len(errand.ends), len(errand.channels)) <= MOST_NAMED
        and len(msgspec.json.encode(errand)) <= _MOST_BYTES
        and (errand.kind in LASTING) is (errand.until is not None)
        and (errand.kind in ENDING or not errand.ends)
        and (errand.kind is not ErrandKind.MUTE or len(errand.apis) == 1)
        and (errand.until is None or _ends_in_time(until, now))
    )


def _ends_in_time(until: datetime | None, now: datetime) -> bool:
    return until is not None and until - now <= LONGEST_PAUSE + _CLOCKS_DIFFER


def moment_of(written: str | None) -> datetime | None:
    """None for whatever is no time with its zone."""
    try:
        found = datetime.fromisoformat(written or "")
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


class Pause(msgspec.Struct, frozen=True, kw_only=True):
    """What is not looked at, and until when. `apis`: none: all; `id`: its errand's."""

    id: str
    by: str
    since: str
    until: str
    why: str | None = None
    apis: tuple[str, ...] = ()

    def covers(self, api: str) -> bool:
        return not self.apis or api in self.apis


def pauses(errands: Iterable[Errand], now: datetime) -> tuple[Pause, ...]:
    """The pauses in force: those whose time is not over, and that nobody has ended."""
    return tuple(
        Pause(id=one.id, by=one.by, since=one.at, until=until, why=one.why, apis=one.apis)
        for one, until in _in_force(errands, ErrandKind.PAUSE, now)
    )


def mutes(errands: Iterable[Errand], now: datetime) -> tuple[Mute, ...]:
    """The mutes in force."""
    return tuple(
        Mute(
            id=one.id,
            api=one.apis[0],
            route=one.route,
            by=one.by,
            since=one.at,
            until=until,
            why=one.why,
        )
        for one, until in _in_force(errands, ErrandKind.MUTE, now)
    )


def _in_force(
    errands: Iterable[Errand], kind: ErrandKind, now: datetime
) -> Iterator[tuple[Errand, str]]:
    known = list(errands)
    ended = {name for one in known for name in one.ends}
    for one in known:
        is_meant = one.kind is kind and one.id not in ended
        if is_meant and one.until is not None and now < datetime.fromisoformat(one.until):
            yield one, one.until


def covering(found: Iterable[Pause], api: str) -> Pause | None:
    """Of several that cover an API, the one that ends last."""
    own = [one for one in found if one.covers(api)]
    return max(own, key=lambda one: datetime.fromisoformat(one.until), default=None)


class Told(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one message. `topic` is empty for the deployment's own; `because`: why it was
    not delivered. `is_over`: it is not tried again. `since`: when it was tried first."""

    kind: str
    topic: str
    is_delivered: bool = False
    is_over: bool = False
    because: str | None = None
    since: str | None = None


class Answer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What has become of an errand; whoever asked reads it.

    `refused`: why nothing is done. `told`: its messages. Of looks: the `tick` that dealt them out,
    how many `routes` at entrances, and in how many `shards`, each of which writes its verdicts.
    """

    id: str
    at: str
    refused: str | None = None
    told: tuple[Told, ...] = ()
    tick: str | None = None
    routes: int = 0
    shards: int = 0


class Tick(msgspec.Struct, frozen=True, kw_only=True):
    """The last tick, for `gatewatch status`. `paused`: routes at entrances that it left out."""

    at: str
    version: str
    due: int = 0
    paused: int = 0


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """What waits in the table. `spoilt`: the names of items that hold no errand."""

    errands: tuple[Errand, ...] = ()
    spoilt: tuple[str, ...] = ()


def in_order(waiting: Waiting, now: datetime) -> Waiting:
    """What the service may act on now. What it may not act on is spoilt."""
    taken, spoilt = list[Errand](), list(waiting.spoilt)
    for one in waiting.errands:
        if is_in_order(one, now):
            taken.append(one)
        else:
            spoilt.append(one.id)
    return Waiting(errands=tuple(taken), spoilt=tuple(spoilt))


class DeskCall(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Wakes the desk, with what a tick found waiting; `channels` has all topics of messages."""

    at: str
    errands: tuple[Errand, ...]
    channels: tuple[Channel, ...]
    spoilt: tuple[str, ...] = ()


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """What one shard answers to whoever asked: its verdicts, and how many requests it sent.
    `stale`: so many routes at entrances were left, since they were due again already."""

    verdicts: tuple[Verdict, ...]
    requests: int
    stale: int = 0


def pack_looked(looked: Looked) -> bytes:
    """The stored form; without evidence where that would not fit into an item."""
    return first_fitting(_shapes(looked))


def _shapes(looked: Looked) -> Iterator[bytes]:
    yield zlib.compress(msgspec.json.encode(looked), 6)
    bare = tuple(replace(one, evidence=(), ruled_out=()) for one in looked.verdicts)
    yield zlib.compress(msgspec.json.encode(replace(looked, verdicts=bare)), 6)


def unpack_looked(packed: bytes) -> Looked:
    return msgspec.json.decode(zlib.decompress(packed), type=Looked)

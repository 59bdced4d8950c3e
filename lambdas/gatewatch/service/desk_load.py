"""What one message carries to the desk, of all that waits: what ends something comes first.

What is left out comes with a later tick. Only what does not end by itself could keep out others for
long: the pauses and mutes in force. They come last, the newest first, since the older ones were
told before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import msgspec
from msgspec.structs import replace

from gatewatch.service.errands import ENDING, Errand, Waiting, moment_of

_MOST_BYTES = 100_000
_MOST_SPOILT_BYTES = 50_000


def carried(waiting: Waiting, now: datetime) -> Waiting:
    return Waiting(
        errands=tuple(_fitting(waiting.errands, now)),
        spoilt=tuple(_fitting_names(waiting.spoilt)),
    )


def _fitting(errands: Sequence[Errand], now: datetime) -> Iterator[Errand]:
    """The desk removes what ends pauses or mutes and ends nothing that it sees. So it goes with
    these, or names only those that go with it."""
    left = _MOST_BYTES
    taken = set[str]()
    waiting = {one.id for one in errands}
    for one in _in_turn(errands, now):
        ends = tuple(name for name in one.ends if name in taken or name not in waiting)
        found = replace(one, ends=ends)
        size = len(msgspec.json.encode(found))
        if one.id in taken or (one.ends and not ends) or size > left:
            continue
        left -= size
        taken.add(one.id)
        yield found


def _in_turn(errands: Sequence[Errand], now: datetime) -> Iterator[Errand]:
    """Some come twice. What ends something comes after it."""
    by_age = sorted(errands, key=lambda one: (one.at, one.id))
    known = {one.id: one for one in errands}
    for one in by_age:
        if one.kind in ENDING:
            yield from (known[name] for name in one.ends if name in known)
            yield one
    yield from (one for one in by_age if _is_over(one, now))
    yield from (one for one in by_age if one.until is None and one.kind not in ENDING)
    yield from reversed(by_age)


def _is_over(errand: Errand, now: datetime) -> bool:
    until = moment_of(errand.until)
    return until is not None and until <= now


def _fitting_names(names: Sequence[str]) -> Iterator[str]:
    """As they are sent: an escaped character is several bytes."""
    left = _MOST_SPOILT_BYTES
    for one in names:
        left -= len(msgspec.json.encode(one)) + 1
        if left < 0:
            return
        yield one

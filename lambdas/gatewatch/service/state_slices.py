"""Route states in the service: those of a few routes of one API, packed as one item.

A slice also holds the transitions that the API's writer has not absorbed yet. A state and its
news are stored as one, so that neither can be lost without the other. It stores nothing itself.
"""

from __future__ import annotations

import dataclasses
import lzma
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256

import msgspec
from msgspec.structs import replace

from gatewatch.config.canonical import Api
from gatewatch.incidents.ahead import A_MOMENT, believed, lead, state_believed
from gatewatch.incidents.states import tracked
from gatewatch.incidents.track import Key, Patience, RouteState, Symptom, Transition, Turn
from gatewatch.model import Verdict
from gatewatch.notices.visible import cut
from gatewatch.service.failure import Failure, counts_as, possible
from gatewatch.service.items import expanded, first_fitting

ROUTES_PER_SLICE = 8
RECOVERY_SHOWS_FOR = timedelta(minutes=10)


class Untold(msgspec.Struct, frozen=True):
    """A transition by its number in its slice; numbers only grow."""

    number: int
    transition: Transition


class Recovered(msgspec.Struct, frozen=True):
    """A route that failed until `at`, and the metrics that counted it."""

    key: Key
    at: str
    failures: tuple[Failure, ...]


class Slice(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`name` has the number of slices and this one's place. `version` counts writes; `heard` is the
    number of the last transition that the writer has absorbed. `exact`: from when until when every
    look is written (see `seldom`)."""

    api: str
    name: str
    version: int = 0
    heard: int = 0
    states: tuple[RouteState, ...] = ()
    untold: tuple[Untold, ...] = ()
    recovered: tuple[Recovered, ...] = ()
    exact: tuple[str, str] | None = None

    @property
    def news(self) -> tuple[Untold, ...]:
        return tuple(one for one in self.untold if one.number > self.heard)


def slice_believed(one: Slice, now: datetime) -> Slice:
    """The slice without times that are ahead of now (see `ahead`). News keeps its order: what
    came later in a slice happened later."""
    states = tuple(state_believed(state, now) for state in one.states)
    untold = tuple(_untold_believed(one.untold, now))
    recovered = tuple(replace(gone, at=believed(gone.at, now)) for gone in one.recovered)
    exact = None if one.exact is not None and lead(one.exact[0], now) else one.exact
    found = replace(one, states=states, untold=untold, recovered=recovered, exact=exact)
    return one if found == one else found


def _untold_believed(untold: Sequence[Untold], now: datetime) -> Iterable[Untold]:
    """From last to first: a time that is set back comes right before the next one."""
    found: list[Untold] = []
    latest = now
    for one in reversed(untold):
        told, at = one.transition, min(latest, datetime.fromisoformat(one.transition.at))
        if lead(told.at, now):
            at = latest - A_MOMENT
            state = state_believed(told.state, at)
            told = dataclasses.replace(told, at=at.isoformat(), state=state)
        latest = at
        found.append(Untold(one.number, told))
    return reversed(found)


def slice_count(api: Api) -> int:
    """A power of two, so that it seldom changes while routes come and go."""
    wanted = -(-len(api.routes) // ROUTES_PER_SLICE)
    return 1 << max(0, wanted - 1).bit_length()


def slice_name(route: str, count: int) -> str:
    """The slice of a route, by the hash of its name alone."""
    number = int.from_bytes(sha256(route.encode()).digest()[:4], "big") % count
    return f"{count}-{number}"


def advance(
    before: Slice, verdicts: Sequence[Verdict], patience: Mapping[str, Patience], at: str
) -> Slice:
    """The slice after these verdicts of one tick; the same object where nothing changes.

    An older tick changes no state that a newer one has written, and a repeated tick changes
    nothing.
    """
    states, transitions = tracked(before.states, verdicts, patience, at)
    if tuple(states) == before.states:
        return before
    first = max(before.heard, *(one.number for one in before.untold), _floor(at)) + 1
    return replace(
        before,
        states=tuple(states),
        untold=(*before.news, *(Untold(first + n, one) for n, one in enumerate(transitions))),
        recovered=_recovered(before, transitions, at),
    )


def _floor(at: str) -> int:
    """Numbers start from the time, so that a lost slice does not repeat them."""
    return int(datetime.fromisoformat(at).timestamp()) * 1000


def _recovered(before: Slice, transitions: Iterable[Transition], at: str) -> tuple[Recovered, ...]:
    since = datetime.fromisoformat(at) - RECOVERY_SHOWS_FOR
    problems = {state.key: state.problem for state in before.states}
    recent = [one for one in before.recovered if datetime.fromisoformat(one.at) > since]
    new = [
        Recovered(one.state.key, at, _counted(problem))
        for one in transitions
        if one.turn is Turn.RECOVERED and (problem := problems[one.state.key]) is not None
    ]
    return (*recent, *new)


def _counted(problem: Symptom) -> tuple[Failure, ...]:
    name = counts_as(possible(problem))
    return () if name is None else (name,)


def without(before: Slice, gone: Iterable[Key]) -> Slice:
    """The slice without states that have left the configuration."""
    left = frozenset(gone)
    return replace(before, states=tuple(one for one in before.states if one.key not in left))


def latest(slices: Iterable[Slice]) -> list[RouteState]:
    """Every state once; where the number of slices has changed, the newer of two."""
    found: dict[Key, RouteState] = {}
    for state in (state for one in slices for state in one.states):
        known = found.get(state.key)
        if known is None or known.seen_at < state.seen_at:
            found[state.key] = state
    return list(found.values())


def recut(missing: Sequence[str], slices: Sequence[Slice], api: str) -> list[Slice]:
    """Slices that were never written, filled from those of another count that hold their
    routes."""
    known = latest(slices)
    return [
        Slice(
            api=api,
            name=name,
            states=tuple(one for one in known if slice_name(one.route, _count(name)) == name),
        )
        for name in missing
    ]


def _count(name: str) -> int:
    return int(name.partition("-")[0])


class _Packed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    states: tuple[RouteState, ...] = ()
    untold: tuple[Untold, ...] = ()
    recovered: tuple[Recovered, ...] = ()
    exact: tuple[str, str] | None = None


def pack_slice(one: Slice) -> bytes:
    """The stored form of a slice without its name and counters. Evidence is left out where it would
    not fit into an item, and then everything else that is not needed to go on."""
    return first_fitting(_shapes(one))


def _shapes(one: Slice) -> Iterator[bytes]:
    yield zlib.compress(_encoded(one), 6)
    lighter = _encoded(_lighter(one))
    yield zlib.compress(lighter, 6)
    yield lzma.compress(lighter)


def _lighter(one: Slice) -> Slice:
    told = tuple(Untold(each.number, _news(each.transition)) for each in one.untold)
    return replace(one, states=tuple(map(_state, one.states)), untold=told)


def _news(transition: Transition) -> Transition:
    return dataclasses.replace(transition, state=_state(transition.state))


def _state(state: RouteState) -> RouteState:
    return replace(state, problem=_problem(state.problem), suspect=_problem(state.suspect))


def _problem(found: Symptom | None) -> Symptom | None:
    if found is None:
        return None
    because = cut(found.because, _LONGEST_TEXT)
    return replace(found, because=because, evidence=(), ruled_out=())


_LONGEST_TEXT = 300


def _encoded(one: Slice) -> bytes:
    whole = _Packed(states=one.states, untold=one.untold, recovered=one.recovered, exact=one.exact)
    return msgspec.json.encode(whole)


def unpack_slice(api: str, name: str, packed: bytes, version: int, heard: int) -> Slice:
    whole = msgspec.json.decode(expanded(packed), type=_Packed)
    return Slice(
        api=api,
        name=name,
        version=version,
        heard=heard,
        states=whole.states,
        untold=whole.untold,
        recovered=whole.recovered,
        exact=whole.exact,
    )

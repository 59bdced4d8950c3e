"""Which looks are written: while a slice is at rest, its passes are written seldom.

A pass that would change nothing but when a route was last seen goes unwritten for a while, since
such writes would be most of the table's bill. An older look must still not count after it: a look
that is stored before its route is due again is the newest there can be, and a later one is doubted
where newer passes may be missing. It changes nothing then, and from then on every look is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import gcd

from msgspec.structs import replace

from gatewatch.config.canonical import Api
from gatewatch.incidents.states import overtaken
from gatewatch.incidents.track import Key, Patience, RouteState, is_overtaken
from gatewatch.model import Outcome, Verdict
from gatewatch.plan import whole_minutes
from gatewatch.service.state_slices import Slice, advance, slice_believed

SELDOM = timedelta(minutes=30)
"""How long a state may stay unwritten, and how long every look is written after a change.

Strangers look every five minutes by default, each route of a slice at its own minute: so the passes
of such a slice are written five times in thirty minutes, and others once. Only `last good` in a
message is less precise for it, and says so.
"""


@dataclass(frozen=True, slots=True)
class Moment:
    """`at`: the tick of the looks; `now`: when they are stored; `every`: by route, how long no
    newer look can come."""

    at: str
    now: datetime
    every: Mapping[str, timedelta]

    @property
    def tick(self) -> datetime:
        return datetime.fromisoformat(self.at)


@dataclass(frozen=True, slots=True)
class Kept:
    """A slice after some looks. `is_written`: it must be stored; `dropped`: how many looks changed
    nothing, since a later one had counted or may have."""

    slice: Slice
    is_written: bool
    dropped: int = 0


def intervals(api: Api) -> dict[str, timedelta]:
    """How long after a look at a route the next one comes at the earliest, whoever calls."""
    return {
        one.name: timedelta(
            minutes=gcd(
                whole_minutes(one.every_seconds), whole_minutes(one.anonymous_every_seconds)
            )
        )
        for one in api.routes
    }


def keep(
    stored: Slice, verdicts: Sequence[Verdict], patience: Mapping[str, Patience], moment: Moment
) -> Kept:
    """The slice after these verdicts of one tick, and whether to write it."""
    before = slice_believed(stored, moment.now)
    states = {state.key: state for state in before.states}
    doubted = [one for one in verdicts if _is_doubted(states.get(_key(one)), before, one, moment)]
    counting = [one for one in verdicts if one not in doubted]
    after = advance(_vague(before, counting, moment), counting, patience, moment.at)
    dropped = overtaken(before.states, verdicts, moment.at) + len(doubted)
    if not doubted and after is stored:
        return Kept(after, False, dropped)
    if not doubted and before is stored and _is_quiet(before, after, patience):
        return Kept(after, _is_due(before, after, moment), dropped)
    return Kept(replace(after, exact=_exact(before, moment.now)), True, dropped)


def _key(one: Verdict) -> Key:
    return (one.route, one.entrance, one.caller)


def _is_doubted(state: RouteState | None, known: Slice, look: Verdict, moment: Moment) -> bool:
    """Whether it says more than that all is well, and a newer pass may have gone unwritten."""
    if state is None or _says_nothing(look) or not _is_at_rest(state):
        return False
    if is_overtaken(state, moment.at) or moment.now < moment.tick + moment.every[look.route]:
        return False
    if known.exact is not None:
        begin, end = map(datetime.fromisoformat, known.exact)
        if begin <= moment.tick and moment.now <= end:
            return False
    return not _is_old(state, moment)


def _says_nothing(look: Verdict) -> bool:
    return look.outcome is Outcome.PASS or (
        look.outcome is Outcome.SKIPPED and look.finding is None
    )


def _is_at_rest(state: RouteState) -> bool:
    """Whether a pass may go unwritten. Whatever else was seen, it ends or counts."""
    return not (state.is_failing or state.recent or state.unknowns)


def _is_old(state: RouteState, moment: Moment) -> bool:
    """Whether the next look must be written, so that none after it is missing."""
    return not state.seen_at or moment.tick >= (datetime.fromisoformat(state.seen_at) + SELDOM)


def _vague(before: Slice, verdicts: Iterable[Verdict], moment: Moment) -> Slice:
    """The slice before looks that may fail: where passes may be missing since the last one that is
    written, the last good moment is that or a later one."""
    failing = {_key(one) for one in verdicts if not _says_nothing(one)}
    states = tuple(
        replace(one, good_or_later=True)
        if one.key in failing and _may_lack(one, before, moment)
        else one
        for one in before.states
    )
    return before if states == before.states else replace(before, states=states)


def _may_lack(state: RouteState, known: Slice, moment: Moment) -> bool:
    """Whether passes may be missing between this state and a look of now."""
    if state.last_good is None or not _is_at_rest(state) or is_overtaken(state, moment.at):
        return False
    seen = datetime.fromisoformat(state.seen_at)
    if moment.tick <= seen + moment.every[state.route]:
        return False
    if known.exact is None:
        return True
    begin, end = map(datetime.fromisoformat, known.exact)
    return not (begin <= seen and moment.tick <= end)


def _is_quiet(before: Slice, after: Slice, patience: Mapping[str, Patience]) -> bool:
    """Whether no decision depends on the difference. A slice that was never written is not quiet:
    it would be cut anew from the old ones at every look."""
    return bool(before.version) and _bare(before, patience) == _bare(after, patience)


def _bare(one: Slice, patience: Mapping[str, Patience]) -> Slice:
    return replace(one, states=tuple(_without_time(each, patience) for each in one.states))


def _without_time(state: RouteState, patience: Mapping[str, Patience]) -> RouteState:
    """More passes than a recovery needs change nothing, and last good is only told."""
    if state.is_failing or state.route not in patience:
        return state
    passes = min(state.passes, patience[state.route].resolve_after)
    return replace(state, seen_at="", last_good=None, good_or_later=False, passes=passes)


def _is_due(before: Slice, after: Slice, moment: Moment) -> bool:
    """Whether a quiet slice is written all the same: soon after a change, and now and then."""
    known = {state.key: state for state in before.states}
    moved = [known[one.key] for one in after.states if one != known[one.key]]
    if not moved:
        return False
    is_exact = before.exact is not None and moment.tick <= datetime.fromisoformat(before.exact[1])
    return is_exact or any(_is_old(one, moment) for one in moved)


def _exact(before: Slice, now: datetime) -> tuple[str, str]:
    """From when until when every look is written: it goes on, or it begins now."""
    begin, end = now.isoformat(), (now + SELDOM).isoformat()
    if before.exact is not None and now <= datetime.fromisoformat(before.exact[1]):
        begin = before.exact[0]
    return begin, end

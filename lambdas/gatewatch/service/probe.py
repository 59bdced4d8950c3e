"""One shard: take its looks, judge them, store the states, and wake the writers for news."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gatewatch.config.windows import open_at
from gatewatch.incidents.ahead import later, lead
from gatewatch.incidents.states import patience_of
from gatewatch.incidents.track import Patience
from gatewatch.looking.latches import LatchKeeper
from gatewatch.looking.loop import results_of, take_looks
from gatewatch.looking.result import ProbeResult
from gatewatch.model import Finding, Held, Layer, Verdict
from gatewatch.own_fault import log_own_fault
from gatewatch.plan import held_back
from gatewatch.ports import Clock, Transport
from gatewatch.service.errands import Looked
from gatewatch.service.ports import OvertakenError, Queue, Table
from gatewatch.service.seldom import Moment, intervals, keep
from gatewatch.service.shards import Shard, fresh
from gatewatch.service.state_slices import Slice, slice_name
from gatewatch.service.wake_up import WakeUp

_TRIES = 5
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Probed:
    """The result of a shard. `stale` counts the routes that were left to their next tick;
    `maintenance` has the APIs with an open window, and since when.

    `dropped` counts looks that changed nothing, since a later one had counted or may have; `ahead`
    counts states with a time ahead of tick and clock, which was not believed.
    """

    at: str
    results: tuple[ProbeResult, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    slices: tuple[Slice, ...] = ()
    requests: int = 0
    stale: int = 0
    maintenance: Mapping[str, datetime] = field(default_factory=dict)
    dropped: int = 0
    ahead: int = 0


def unreadable(probed: Probed) -> dict[str, str]:
    """Why each needed credential could not be read, by the finding's scope."""
    return {
        one.scope: one.because
        for one in probed.verdicts
        if one.finding is Finding.CREDENTIAL_UNREADABLE and one.scope is not None
    }


def _held(shard: Shard, table: Table) -> dict[tuple[str, str, str], Held]:
    """What has been latched since, if there are writes to send: a processed shard may come again.
    Raises, before anything is sent, where no latch could be set."""
    return {
        (api, route, entrance): held
        for api in sorted(shard.holding)
        for (route, entrance), held in table.held(api).items()
    }


Tell = Callable[[Sequence[Verdict]], None]


def tell_nobody(_: Sequence[Verdict]) -> None:
    pass


def probe(
    shard: Shard,
    clock: Clock,
    transport: Transport,
    table: Table,
    changes: Queue,
    tell: Tell = tell_nobody,
) -> Probed:
    """A repeated shard looks again and counts once. `tell` gets the verdicts before any of them is
    stored."""
    part = shard.part if shard.is_asked else ""
    shard, stale = fresh(shard, clock.now())
    latched = _held(shard, table)
    due = [held_back(one, latched) for one in shard.probes()]
    asked = results_of(due, shard.signers, frozenset(shard.let_in))
    holds = LatchKeeper(table)
    requests = take_looks(asked, transport, holds.on_answer)
    verdicts = [verdict for result in asked for verdict in result.judged()]
    tell(verdicts)
    storing = _Storing()
    with storing.step("latches"):
        holds.settle(asked)
    kept = _keep(shard, verdicts, clock, table, storing)
    with storing.step("entrances"):
        _enter(shard, verdicts, table)
    with storing.step("answer"):
        if shard.is_asked:
            looked = Looked(verdicts=tuple(verdicts), requests=requests, stale=stale)
            table.set_looked(shard.at, part, looked)
    slices = tuple(one.slice for one in kept)
    with storing.step("calls"):
        _call(shard, slices, table, changes)
    storing.end()
    return Probed(
        shard.at,
        tuple(asked),
        tuple(verdicts),
        slices,
        requests,
        stale,
        _in_maintenance(shard),
        dropped=sum(one.dropped for one in kept),
        ahead=sum(one.ahead for one in kept),
    )


class _Storing:
    """Stores step by step: a failing step stops no other, and its error is raised at the end, so
    that the shard comes again."""

    def __init__(self) -> None:
        self._failed: list[Exception] = []

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # noqa: BLE001 - logged; raised by `end`
            log_own_fault("storing_failed", what, error)
            self._failed.append(error)

    def end(self) -> None:
        if self._failed:
            raise self._failed[0]


def _in_maintenance(shard: Shard) -> dict[str, datetime]:
    at = datetime.fromisoformat(shard.at)
    found = {name: open_at(one.maintenance, at) for name, one in shard.about.items()}
    return {name: opening.since for name, opening in found.items() if opening is not None}


@dataclass(frozen=True, slots=True)
class _KeptSlice:
    """A slice after these looks; the rest as in Probed."""

    slice: Slice
    dropped: int
    ahead: int


def _keep(
    shard: Shard, verdicts: Sequence[Verdict], clock: Clock, table: Table, storing: _Storing
) -> list[_KeptSlice]:
    """Store what these verdicts change; the slices after them."""
    patience: dict[str, dict[str, Patience]] = defaultdict(dict)
    every: dict[str, dict[str, timedelta]] = defaultdict(dict)
    for api in shard.apis:
        patience[api.name] |= patience_of(api)
        every[api.name] |= intervals(api)
    found: dict[str, dict[str, list[Verdict]]] = defaultdict(lambda: defaultdict(list))
    for one in verdicts:
        found[one.api][slice_name(one.route, shard.slices[one.api])].append(one)
    kept: list[_KeptSlice] = []
    for name, by_slice in found.items():
        with storing.step(name):
            soonest = dict.fromkeys(every[name], _MINUTE) if shard.is_asked else every[name]
            at = _At(shard.at, clock, soonest, shard.is_asked)
            kept += _keep_api(name, by_slice, patience[name], at, table)
    return kept


@dataclass(frozen=True, slots=True)
class _At:
    """The moments of one tick's looks. `is_asked`: they come between those of the schedule, so each
    is written: what goes unwritten is taken to be no newer than its route's interval allows. And
    the schedule's next look may follow within a minute."""

    tick: str
    clock: Clock
    every: Mapping[str, timedelta]
    is_asked: bool

    def now(self) -> Moment:
        return Moment(self.tick, later(self.tick, self.clock.now()), self.every)


def _keep_api(
    api: str,
    by_slice: Mapping[str, Sequence[Verdict]],
    patience: Mapping[str, Patience],
    at: _At,
    table: Table,
) -> list[_KeptSlice]:
    """A slice that another probe has written meanwhile is read and advanced again."""
    left, kept = dict(by_slice), list[_KeptSlice]()
    for _ in range(_TRIES):
        for stored in table.some(api, sorted(left)):
            moment = at.now()
            found = keep(stored, left[stored.name], patience, moment)
            try:
                if found.is_written or (at.is_asked and found.slice is not stored):
                    table.save(found.slice)
            except OvertakenError:
                continue
            ahead = sum(lead(one.seen_at, moment.now) > timedelta(0) for one in stored.states)
            kept.append(_KeptSlice(found.slice, found.dropped, ahead))
            del left[stored.name]
        if not left:
            return kept
    raise OvertakenError


def _enter(shard: Shard, verdicts: Sequence[Verdict], table: Table) -> None:
    """Record the entrances that let somebody in for the first time."""
    known = frozenset(shard.let_in)
    new: dict[str, set[str]] = defaultdict(set)
    for one in verdicts:
        if one.layer is Layer.OK and (one.api, one.entrance) not in known:
            new[one.api].add(one.entrance)
    for api, entrances in new.items():
        table.add_let_in(api, entrances)


def _call(shard: Shard, slices: Sequence[Slice], table: Table, changes: Queue) -> None:
    """Record that there is news before waking the writers, so that the next sweep makes up for a
    lost wake-up."""
    news: dict[str, dict[str, int]] = defaultdict(dict)
    for one in slices:
        if one.news:
            news[one.api][one.name] = one.news[-1].number
    for api in news:
        table.add_news(api)
    calls = [
        WakeUp(api=api, at=shard.at, about=shard.about[api], news=numbers)
        for api, numbers in news.items()
    ]
    changes.send([one.message() for one in calls])

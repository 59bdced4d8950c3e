"""What goes unwritten of a slice at rest changes nothing: no transition is lost, none comes twice,
and no older look counts after a newer one, whatever comes late, twice or never."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from gatewatch.incidents.track import Key, Patience, Transition, Turn
from gatewatch.model import Finding, Outcome, Verdict
from gatewatch.service.seldom import Kept, Moment, intervals, keep
from gatewatch.service.state_slices import (
    Slice,
    advance,
    latest,
    pack_slice,
    recut,
    slice_believed,
    slice_name,
    unpack_slice,
)
from tests.builders import candidates, config, verdict
from tests.deployed import START, tick

ROUTE = "GET /x"
OTHER = next(
    one for one in ("GET /a", "GET /b", "GET /c") if slice_name(one, 2) != slice_name(ROUTE, 2)
)
PATIENCE = {route: Patience(open_after=2, resolve_after=2) for route in (ROUTE, OTHER)}
EVERY = dict.fromkeys(PATIENCE, timedelta(minutes=1))
LOOKS = {
    "pass": verdict(Outcome.PASS),
    "fail": verdict(),
    "denied": verdict(cause="authorizer_denied", candidates=candidates("authorizer_denied")),
    "unknown": verdict(Outcome.UNKNOWN, finding=None),
    "open": verdict(finding=Finding.PROTECTED_ROUTE_OPEN, candidates=()),
    "unreadable": verdict(Outcome.UNKNOWN, finding=Finding.CREDENTIAL_UNREADABLE),
    "skipped": verdict(Outcome.SKIPPED, finding=None),
}


class Look(NamedTuple):
    """A tick's looks at one route that are stored after so many seconds; `slices`: of how many
    slices its shard knew."""

    minute: int
    after_seconds: float
    found: str
    route: str = ROUTE
    is_lost: bool = False
    slices: int = 1

    @property
    def verdict(self) -> Verdict:
        return replace(LOOKS[self.found], route=self.route)

    @property
    def stored_at(self) -> float:
        return self.minute * 60 + self.after_seconds


@dataclass
class Table:
    """Slices as the table keeps them. `is_sparing`: as `keep` says; otherwise every look is
    written."""

    is_sparing: bool
    slices: dict[str, Slice] = field(default_factory=dict)
    told: list[Transition] = field(default_factory=list)
    dropped: list[Look] = field(default_factory=list)
    writes: int = 0

    def store(self, look: Look) -> None:
        name = slice_name(look.route, look.slices)
        stored = self.slices.get(name) or recut([name], list(self.slices.values()), "orders")[0]
        kept = self._kept(stored, look)
        self.dropped += [look] * kept.dropped
        if look.is_lost or not kept.is_written:
            return
        self.writes += 1
        self.told += [one.transition for one in kept.slice.news]
        heard = kept.slice.untold[-1].number if kept.slice.untold else kept.slice.heard
        self.slices[name] = _reread(replace(kept.slice, heard=heard), stored.version + 1)

    def _kept(self, stored: Slice, look: Look) -> Kept:
        at, now = tick(look.minute), START + timedelta(seconds=look.stored_at)
        if self.is_sparing:
            return keep(stored, [look.verdict], PATIENCE, Moment(at, now, EVERY))
        before = slice_believed(stored, now)
        after = advance(before, [look.verdict], PATIENCE, at)
        return Kept(after, after is not stored)

    def failing(self) -> dict[Key, object]:
        return {
            one.key: (one.problem, one.since, one.recent)
            for one in latest(self.slices.values())
            if one.is_failing or one.recent
        }


def _reread(one: Slice, version: int) -> Slice:
    return unpack_slice(one.api, one.name, pack_slice(one), version, one.heard)


def both(looks: Iterable[Look]) -> tuple[Table, Table]:
    """The sparing table, and one that writes each of the looks that the other did not drop."""
    sparing, always = Table(is_sparing=True), Table(is_sparing=False)
    for one in sorted(looks, key=lambda each: each.stored_at):
        before = len(sparing.dropped)
        sparing.store(one)
        if len(sparing.dropped) == before:
            always.store(one)
    return sparing, always


def said(told: Sequence[Transition]) -> list[tuple[object, ...]]:
    return [(one.turn, one.at, one.state.key, one.state.since, one.state.problem) for one in told]


# Mostly healthy, as routes are: long rests, with faults of some looks in between.
RUNS = st.lists(
    st.one_of(
        st.tuples(st.just("pass"), st.integers(1, 45)),
        st.tuples(st.sampled_from(sorted(LOOKS)), st.integers(1, 4)),
    ),
    max_size=12,
)


@st.composite
def nights(draw: st.DrawFn, *, latest_seconds: float) -> list[Look]:
    """Looks at two routes of one slice, each minute or every five; some are lost with the process
    that took them, and some shards come again once their queue shows them again."""
    looks: list[Look] = []
    cut_at = draw(st.integers(0, 200))
    for route, every in ((ROUTE, 1), (OTHER, draw(st.sampled_from([1, 2, 5, 40])))):
        found = [one for what, times in draw(RUNS) for one in [what] * times]
        for number, what in enumerate(found):
            minute = number * every
            after = draw(st.sampled_from([1.0, 2.0, 20.0, 59.0, latest_seconds]))
            lost = draw(st.integers(0, 9)) == 0
            look = Look(minute, after, what, route, lost, 1 if minute < cut_at else 2)
            looks.append(look)
            if draw(st.integers(0, 9)) == 0:
                again = draw(st.sampled_from(sorted(LOOKS)))
                looks.append(look._replace(after_seconds=after + 120, found=again, is_lost=False))
    return looks


@given(nights(latest_seconds=59.5))
def test_in_time_it_is_told_what_would_be_told_if_all_were_written(looks: list[Look]) -> None:
    sparing, always = both(looks)
    assert said(sparing.told) == said(always.told)
    assert sparing.failing() == always.failing()


@given(nights(latest_seconds=170.0))
def test_late_shards_of_many_lanes_let_no_older_look_count(looks: list[Look]) -> None:
    sparing, always = both(looks)
    assert said(sparing.told) == said(always.told)
    assert sparing.failing() == always.failing()


def healthy(minutes: int, start: int = 0) -> list[Look]:
    return [Look(minute, 5, "pass") for minute in range(start, start + minutes)]


def test_an_hour_at_rest_is_two_writes() -> None:
    sparing, always = both(healthy(91))
    first = Table(is_sparing=True)
    for one in healthy(31):
        first.store(one)
    assert (first.writes, sparing.writes - first.writes, always.writes) == (31, 2, 91)


def test_a_late_failure_does_not_count_after_a_pass_that_went_unwritten() -> None:
    sparing, _ = both([*healthy(50), Look(48, 70.0, "fail")])
    assert [one.found for one in sparing.dropped] == ["fail"]
    assert sparing.failing() == {}


@pytest.mark.parametrize("after", [70.0, 110.0])
def test_a_failure_that_lasts_is_told_two_looks_later_though_every_look_is_late(
    after: float,
) -> None:
    late = [Look(minute, after, "fail") for minute in range(50, 60)]
    sparing, _ = both([*healthy(50), *late])
    [opened] = sparing.told
    assert (opened.turn, len(sparing.dropped)) == (Turn.OPENED, 2)
    assert opened.at == tick(53)


def test_a_failure_in_time_counts_at_once() -> None:
    sparing, _ = both([*healthy(50), Look(50, 59.0, "fail"), Look(51, 5.0, "fail")])
    [opened] = sparing.told
    assert (opened.at, opened.state.since) == (tick(51), tick(50))


@pytest.mark.parametrize(
    ("looks", "last_good", "or_later"),
    [
        (healthy(20), 19, False),  # every look is written soon after a change
        (healthy(50), 31, True),
        (healthy(32), 31, False),  # the next look after one that was written
        ([*healthy(50), *healthy(20, start=62)], 62, True),
    ],
    ids=["soon", "at_rest", "just_written", "after_a_gap"],
)
def test_last_good_says_what_is_known(looks: list[Look], last_good: int, or_later: bool) -> None:
    end = looks[-1].minute + 1
    sparing, _ = both([*looks, Look(end, 5, "fail"), Look(end + 1, 5, "fail")])
    [opened] = sparing.told
    assert (opened.state.last_good, opened.state.good_or_later) == (tick(last_good), or_later)
    assert Turn.OPENED is opened.turn


def test_a_pass_after_a_failure_is_exact_again() -> None:
    sparing, _ = both([*healthy(50), Look(50, 5, "fail"), Look(51, 5, "pass")])
    [state] = sparing.slices["1-0"].states
    assert (state.last_good, state.good_or_later) == (tick(51), False)


def test_slices_cut_anew_are_newer_than_those_they_come_from() -> None:
    """A shard that knew the old slices writes there late; the next pass outdoes it."""
    looks = [Look(48, 5, "fail"), Look(49, 55, "fail")]
    after = [Look(50, 1, "pass", slices=2), Look(51, 1, "pass", slices=2)]
    sparing, always = both([*healthy(48), *looks, *after])
    assert {one.seen_at for one in latest(sparing.slices.values())} == {tick(51)}
    assert said(sparing.told) == said(always.told)


def test_a_slice_cut_anew_is_written_with_its_first_look() -> None:
    sparing, _ = both([*healthy(50), Look(50, 1, "pass", slices=2)])
    assert set(sparing.slices) == {"1-0", slice_name(ROUTE, 2)}


def test_a_route_that_came_and_went_recovers_after_as_many_passes() -> None:
    """The last of its failures has left the window by then, and only passes are counted."""
    flaps = [("fail", "fail", "pass")[number % 3] for number in range(9)]
    looks = [*["pass"] * 20, *flaps, *["pass"] * 40]
    sparing, always = both(Look(5 * number, 5, what) for number, what in enumerate(looks))
    assert sparing.told[-1].turn is Turn.RECOVERED
    assert said(sparing.told) == said(always.told)


def test_a_slice_of_the_version_before_is_read_and_every_look_written_once() -> None:
    old = advance(Slice(api="orders", name="1-0"), [LOOKS["pass"]], PATIENCE, tick(0))
    assert old.exact is None
    [stored] = [_reread(old, 7)]
    soon = Moment(tick(1), START + timedelta(minutes=1), EVERY)
    assert keep(stored, [LOOKS["pass"]], PATIENCE, soon).is_written
    kept = keep(stored, [LOOKS["fail"]], PATIENCE, soon)
    assert kept.slice.states[0].fails == 1


def test_a_route_is_due_again_at_the_earliest_as_its_intervals_cross() -> None:
    written = "GET /x: {access: protected, guarded_by: api_key, as: [key], every: 4m"
    for anonymous, minutes in (("6m", 2), ("8m", 4), ("5m", 1)):
        [api] = config(f"{written}, anonymous_every: {anonymous}}}").apis
        assert intervals(api) == {"GET /x": timedelta(minutes=minutes)}

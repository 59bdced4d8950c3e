"""What is stored of routes: the newest of two states, and within the room that an item has."""

from __future__ import annotations

from hashlib import shake_128
from itertools import permutations

from msgspec.structs import replace

from gatewatch.incidents.track import Patience, RouteState, Transition, Turn
from gatewatch.model import Outcome, Verdict
from gatewatch.service.state_slices import (
    Slice,
    Untold,
    advance,
    latest,
    pack_slice,
    recut,
    slice_name,
    unpack_slice,
)
from tests.builders import verdict
from tests.deployed import tick

PATIENT = {"GET /x": Patience(1, 1)}
ITEM_BYTES = 400_000
"""What an item of DynamoDB holds, with its name and its other attributes."""


def seen(found: Verdict, minute: int, name: str = "1-0") -> Slice:
    return advance(Slice(api="orders", name=name), [found], PATIENT, tick(minute))


def test_of_two_states_of_a_route_the_newer_one_is_known() -> None:
    """As after an API grew: its routes were cut into more slices, and the old one is left."""
    older, newer = seen(verdict(), 1), seen(verdict(Outcome.PASS), 2, "2-1")
    for slices in permutations((older, newer)):
        assert latest(slices) == list(newer.states)


def test_slices_that_are_cut_anew_begin_with_the_newer_state() -> None:
    name = slice_name("GET /x", 4)
    older, newer = seen(verdict(), 1), seen(verdict(Outcome.PASS), 2, "2-1")
    for slices in permutations((older, newer)):
        [cut] = recut([name], slices, "orders")
        assert cut.states == newer.states


def crowded(routes: int) -> Slice:
    """News that waits, of routes that all failed with long words of their own, told again each
    minute: more than zlib's window holds, so only LZMA sees that it was said before."""
    words = [shake_128(str(n).encode()).hexdigest(140) for n in range(routes)]
    [state] = seen(verdict(), 1).states
    states = [_named(state, f"GET /{n}/{one}", one) for n, one in enumerate(words)]
    told = [
        Untold(minute * routes + n, Transition(Turn.CHANGED, one, tick(minute)))
        for minute in range(1, 10)
        for n, one in enumerate(states)
    ]
    return Slice(api="orders", name="1-0", states=tuple(states), untold=tuple(told))


def _named(state: RouteState, route: str, because: str) -> RouteState:
    assert state.problem is not None
    return replace(state, route=route, problem=replace(state.problem, because=because))


def test_a_slice_whose_news_repeats_itself_fits_into_an_item() -> None:
    whole = crowded(300)
    packed = pack_slice(whole)
    assert len(packed) < ITEM_BYTES
    found = unpack_slice("orders", "1-0", packed, 0, 0)
    assert [one.key for one in found.states] == [one.key for one in whole.states]
    assert [one.number for one in found.untold] == [one.number for one in whole.untold]

"""A round that hangs is given up at the deadline; one that ends is what it was."""

from __future__ import annotations

from threading import Event

import pytest

from gatewatch.adapters.overdue import bounded
from gatewatch.looking.rounds import OverdueError, Round, Taken


def test_a_round_that_ends_in_time_is_the_same() -> None:
    def take(asked: Round) -> Taken:
        return Taken(requests=len(asked.held) + 7)

    assert bounded(take, lambda: 60.0)(Round()) == Taken(requests=7)


@pytest.mark.parametrize("left", [0.05, 0.0, -3.0])
def test_a_round_that_hangs_is_given_up(left: float) -> None:
    never = Event()

    def take(_: Round) -> Taken:
        never.wait()
        return Taken()

    with pytest.raises(OverdueError):
        bounded(take, lambda: left)(Round())
    never.set()


def test_an_error_is_raised_to_who_waits() -> None:
    def take(_: Round) -> Taken:
        raise KeyError("x")

    with pytest.raises(KeyError):
        bounded(take, lambda: 60.0)(Round())

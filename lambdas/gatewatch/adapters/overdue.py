"""Leaves what does not end in time: a call that hangs decides nothing."""

from __future__ import annotations

from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Thread
from typing import NoReturn, TypeVar

from gatewatch.looking.rounds import OverdueError, Round, Taken, TakeRound

T = TypeVar("T")


def within(seconds: float, work: Callable[[], T], told: str = "it has not ended in time") -> T:
    """What the work returns or raises; OverdueError, as `told`, where it takes longer. Its thread
    is left alone then, and ends with the process."""
    done: SimpleQueue[Callable[[], T]] = SimpleQueue()
    Thread(target=_put, args=(done, work), daemon=True).start()
    try:
        found = done.get(timeout=max(0.0, seconds))
    except Empty:
        raise OverdueError(told) from None
    return found()


def _put(done: SimpleQueue[Callable[[], T]], work: Callable[[], T]) -> None:
    try:
        found = work()
    except BaseException as error:  # noqa: BLE001 - raised again by who waits
        done.put(_raising(error))
        return
    done.put(lambda: found)


def _raising(error: BaseException) -> Callable[[], NoReturn]:
    def again() -> NoReturn:
        raise error

    return again


def bounded(take: TakeRound, left: Callable[[], float]) -> TakeRound:
    """The same round, or OverdueError once none of the seconds is `left`."""

    def taken(asked: Round) -> Taken:
        return within(left(), lambda: take(asked), "a round has not ended by the deadline")

    return taken

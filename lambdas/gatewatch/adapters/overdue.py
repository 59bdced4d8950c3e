"""Gives a round of a verification up at its deadline: a call that hangs decides nothing."""

from __future__ import annotations

from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Thread

from gatewatch.verify import OverdueError, Round, Taken, TakeRound


def bounded(take: TakeRound, left: Callable[[], float]) -> TakeRound:
    """The same round, or OverdueError once none of the seconds is `left`; its thread is left alone,
    and ends with the process."""

    def taken(asked: Round) -> Taken:
        done: SimpleQueue[Taken | BaseException] = SimpleQueue()
        Thread(target=_put, args=(done, take, asked), daemon=True).start()
        try:
            found = done.get(timeout=max(0.0, left()))
        except Empty:
            raise OverdueError("a round has not ended by the deadline") from None
        if isinstance(found, BaseException):
            raise found
        return found

    return taken


def _put(done: SimpleQueue[Taken | BaseException], take: TakeRound, asked: Round) -> None:
    try:
        done.put(take(asked))
    except BaseException as error:  # noqa: BLE001 - raised again by who waits
        done.put(error)

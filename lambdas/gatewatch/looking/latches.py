"""Latches for writes that passed, or may have passed, for somebody who must be refused: none is
sent again before `gatewatch ack`.

The thread that gets the answer sets the latch at once, by that look alone, so that the write is not
sent twice even if the process ends while slow routes are pending. If the other looks show that the
write did not pass, the latch is removed. If they show that its host answers everything alike, it
stays as one in doubt until a path that cannot exist is refused there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from gatewatch.attempt import Attempt
from gatewatch.looking.result import ProbeResult
from gatewatch.model import GOT_THROUGH, Exchange, Held, Outcome, is_stranger
from gatewatch.own_fault import log_own_fault
from gatewatch.ports import Latching

_Write = tuple[str, str, str]
"""(api, route, entrance)."""


class LatchKeeper:
    """The latches of one run."""

    def __init__(self, latching: Latching) -> None:
        self._latching = latching
        self._set: dict[_Write, Held] = {}

    def on_answer(self, result: ProbeResult, attempt: Attempt, exchange: Exchange) -> None:
        """Latches the write if this answer calls for it; may run in any thread.

        It never raises: `settle` tries again, and the verdict reports the write in any case.
        """
        try:
            if _is_held_back(result):
                alone = result.alone(attempt.caller, exchange)
                for write, held in _held((alone,)).items():
                    self._latching.latch(*write, held)
                    self._set[write] = held
        except Exception as error:  # noqa: BLE001 - logged; tried again by `settle`
            log_own_fault("latch_failed", attempt.route, error)

    def settle(self, results: Sequence[ProbeResult]) -> None:
        """Sets and removes latches by what all looks show together."""
        wanted = _held(results)
        for write, held in wanted.items():
            if self._set.get(write, _NOT_SET) is not held:
                self._latching.latch(*write, held)
        for write, held in self._set.items():
            if wanted.get(write, _NOT_SET) is not held:
                self._latching.unlatch(*write, held)
        for one in results:
            if one.is_held_in_doubt and one.is_refused_nowhere:
                self._latching.unlatch(*_write(one), None)


_NOT_SET = object()


def _is_held_back(result: ProbeResult) -> bool:
    """Whether it is a write that must not run."""
    route = result.probe.route
    return route.writes and not route.invoke


def _write(result: ProbeResult) -> _Write:
    probe = result.probe
    return probe.api.name, probe.route.name, probe.entrance.url


def _held(results: Iterable[ProbeResult]) -> dict[_Write, Held]:
    held: dict[_Write, Held] = {}
    for result in filter(_is_held_back, results):
        reasons = list(_reasons(result))
        if reasons:
            held[_write(result)] = next(filter(None, reasons), None)
    return held


def _reasons(result: ProbeResult) -> Iterator[Held]:
    """Why a write is held back. A look not sent now is none: it may have been released since."""
    for one in result.judged():
        if one.outcome is Outcome.SKIPPED or not is_stranger(one.caller):
            continue
        if one.finding in GOT_THROUGH:
            yield one.finding
        elif result.may_have_run(one):
            yield None

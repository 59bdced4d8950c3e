"""Writes that got through to somebody who must not, or may have: each is latched, and not sent
again before `gatewatch ack`.

The latch is set in the moment of the answer, by the thread that got it, on what that look shows by
itself: whatever ends us while slow routes are waited for, the write is not sent twice. Where the
other looks show that it did not get through, it is taken back. Where they show that its host
answers everything alike, nobody knows: it stays, as one in doubt, until a path that cannot exist is
refused there.
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

    def hear(self, result: ProbeResult, attempt: Attempt, exchange: Exchange) -> None:
        """In any thread. It never raises: a latch that cannot be set is tried again when all looks
        are taken, and the verdict tells of the write in any case."""
        try:
            if _is_held_back(result):
                alone = result.alone(attempt.caller, exchange)
                for write, held in _held((alone,)).items():
                    self._latching.latch(*write, held)
                    self._set[write] = held
        except Exception as error:  # noqa: BLE001 - logged; tried again by `settle`
            log_own_fault("latch_failed", attempt.route, error)

    def settle(self, results: Sequence[ProbeResult]) -> None:
        """Sets and takes back, as all looks together have shown it."""
        found = _held(results)
        for write, held in found.items():
            if self._set.get(write, _NOT_SET) is not held:
                self._latching.latch(*write, held)
        for write, held in self._set.items():
            if found.get(write, _NOT_SET) is not held:
                self._latching.unlatch(*write, held)
        for one in results:
            if one.is_held_in_doubt and one.is_refused_nowhere:
                self._latching.unlatch(*_write(one), None)


_NOT_SET = object()


def _is_held_back(result: ProbeResult) -> bool:
    """Whether it is a write that is not to run, so that it is not sent again once it did."""
    route = result.probe.route
    return route.writes and not route.invoke


def _write(result: ProbeResult) -> _Write:
    probe = result.probe
    return probe.api.name, probe.route.name, probe.entrance.url


def _held(results: Iterable[ProbeResult]) -> dict[_Write, Held]:
    found: dict[_Write, Held] = {}
    for result in filter(_is_held_back, results):
        helds = list(_helds(result))
        if helds:
            found[_write(result)] = next(filter(None, helds), None)
    return found


def _helds(result: ProbeResult) -> Iterator[Held]:
    """What was not sent now says nothing new: it may have been released since."""
    for one in result.judged():
        if one.outcome is Outcome.SKIPPED or not is_stranger(one.caller):
            continue
        if one.finding in GOT_THROUGH:
            yield one.finding
        elif result.may_have_run(one):
            yield None

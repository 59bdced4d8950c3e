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

from gatewatch.fault import told
from gatewatch.inquiry import Inquiry
from gatewatch.model import GOT_THROUGH, Exchange, Held, Outcome, is_stranger
from gatewatch.plan import Attempt
from gatewatch.ports import Known

_Write = tuple[str, str, str]
"""(api, route, entrance)."""


class Holds:
    """The latches of one run."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self._set: dict[_Write, Held] = {}

    def hear(self, inquiry: Inquiry, attempt: Attempt, exchange: Exchange) -> None:
        """In any thread. It never raises: a latch that cannot be set is tried again when all looks
        are taken, and the verdict tells of the write in any case."""
        try:
            if _is_held_back(inquiry):
                alone = inquiry.alone(attempt.caller, exchange)
                for write, held in _held((alone,)).items():
                    self._known.latch(*write, held)
                    self._set[write] = held
        except Exception as error:  # noqa: BLE001 - logged; tried again by `settle`
            told("latch_failed", attempt.route, error)

    def settle(self, inquiries: Sequence[Inquiry]) -> None:
        """Sets and takes back, as all looks together have shown it."""
        found = _held(inquiries)
        for write, held in found.items():
            if self._set.get(write, _NOT_SET) is not held:
                self._known.latch(*write, held)
        for write, held in self._set.items():
            if found.get(write, _NOT_SET) is not held:
                self._known.unlatch(*write, held)
        for one in inquiries:
            if one.is_held_in_doubt and one.is_refused_nowhere:
                self._known.unlatch(*_write(one), None)


_NOT_SET = object()


def _is_held_back(inquiry: Inquiry) -> bool:
    """Whether it is a write that is not to run, so that it is not sent again once it did."""
    route = inquiry.probe.route
    return route.writes and not route.invoke


def _write(inquiry: Inquiry) -> _Write:
    probe = inquiry.probe
    return probe.api.name, probe.route.name, probe.entrance.url


def _held(inquiries: Iterable[Inquiry]) -> dict[_Write, Held]:
    found: dict[_Write, Held] = {}
    for inquiry in filter(_is_held_back, inquiries):
        helds = list(_helds(inquiry))
        if helds:
            found[_write(inquiry)] = next(filter(None, helds), None)
    return found


def _helds(inquiry: Inquiry) -> Iterator[Held]:
    """What was not sent now says nothing new: it may have been released since."""
    for one in inquiry.verdicts():
        if one.outcome is Outcome.SKIPPED or not is_stranger(one.caller):
            continue
        if one.finding in GOT_THROUGH:
            yield one.finding
        elif inquiry.may_have_run(one):
            yield None

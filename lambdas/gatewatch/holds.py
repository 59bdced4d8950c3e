"""Writes that got through to somebody who must not: each is latched, and not sent again before
`gatewatch ack`.

The latch is set in the moment of the answer, by the thread that got it, on what that look shows by
itself: whatever ends us while slow routes are waited for, the write is not sent twice. Where the
other looks show that it did not get through (one page answers everything), it is taken back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gatewatch.fault import told
from gatewatch.inquiry import Inquiry
from gatewatch.model import GOT_THROUGH, Exchange, Finding, Outcome, Verdict, is_stranger
from gatewatch.plan import Attempt
from gatewatch.ports import Known

_Write = tuple[str, str, str]
"""(api, route, entrance)."""


class Holds:
    """The latches of one run."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self._set: dict[_Write, Finding] = {}

    def hear(self, inquiry: Inquiry, attempt: Attempt, exchange: Exchange) -> None:
        """In any thread. It never raises: a latch that cannot be set is tried again when all looks
        are taken, and the verdict tells of the write in any case."""
        try:
            if _is_held_back(inquiry):
                alone = inquiry.alone(attempt.caller, exchange)
                for write, finding in _got_through((alone,), alone.verdicts()).items():
                    self._known.latch(*write, finding)
                    self._set[write] = finding
        except Exception as error:  # noqa: BLE001 - logged; tried again by `settle`
            told("latch_failed", attempt.route, error)

    def settle(self, inquiries: Sequence[Inquiry], verdicts: Iterable[Verdict]) -> None:
        """Sets and takes back, as all looks together have shown it."""
        found = _got_through(inquiries, verdicts)
        for write, finding in found.items():
            if self._set.get(write) is not finding:
                self._known.latch(*write, finding)
        for write, finding in self._set.items():
            if found.get(write) is not finding:
                self._known.unlatch(*write, finding)


def _is_held_back(inquiry: Inquiry) -> bool:
    """Whether it is a write that is not to run, so that it is not sent again once it did."""
    route = inquiry.probe.route
    return route.writes and not route.invoke


def _got_through(
    inquiries: Iterable[Inquiry], verdicts: Iterable[Verdict]
) -> dict[_Write, Finding]:
    """What was not sent now says nothing new: it may have been released since."""
    writes = {(one.probe.api.name, one.probe.route.name) for one in inquiries if _is_held_back(one)}
    found: dict[_Write, Finding] = {}
    for one in verdicts:
        was_sent = one.outcome is not Outcome.SKIPPED and is_stranger(one.caller)
        if one.finding in GOT_THROUGH and was_sent and (one.api, one.route) in writes:
            found.setdefault((one.api, one.route, one.entrance), one.finding)
    return found

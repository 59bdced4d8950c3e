"""What many looks of a run have in common, said once: hosts that were not reached, credentials that
cannot be read, and clocks that do not agree. It decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta

from gatewatch.cli.show import count
from gatewatch.model import Finding, Outcome, Verdict
from gatewatch.run import Summary

_FEWEST = 2
"""Looks that have a fact in common; one alone is told in a line of its own."""


def facts(found: Sequence[Verdict]) -> tuple[list[str], list[Verdict]]:
    """One line for each kind of fact, and the verdicts of which none of them tells."""
    unreached = [one for one in found if _is_unreached(one)]
    unread = [one for one in found if one.finding is Finding.CREDENTIAL_UNREADABLE]
    lines: list[str] = []
    told: set[int] = set()
    if len(unreached) >= _FEWEST:
        lines.append(f"{count(len(unreached), 'look')} did not reach {_named(unreached, _error)}")
        told |= {id(one) for one in unreached}
    if len(unread) >= _FEWEST:
        lines.append(f"{count(len(unread), 'look')} not sent for want of {_named(unread, _reason)}")
        told |= {id(one) for one in unread}
    return lines, [one for one in found if id(one) not in told]


def of_clock(found: Summary) -> list[str]:
    """What is to be said of a clock that was ahead, now or when an earlier run remembered."""
    lines: list[str] = []
    if found.taken_back:
        ahead = timedelta(seconds=int(found.ahead_seconds))
        lines.append(
            f"what earlier runs remembered is up to {ahead} ahead of this clock, and is taken back "
            f"to now ({count(found.taken_back, 'record')}). Is the clock right?"
        )
    if found.dropped:
        lines.append(
            f"{count(found.dropped, 'look')} changed nothing: a later look had counted already"
        )
    return lines


def _is_unreached(one: Verdict) -> bool:
    is_a_hosts = one.scope is not None and one.scope.startswith("host ")
    return is_a_hosts and one.outcome is not Outcome.PASS


def _error(one: Verdict) -> str:
    """How it failed at the host; of a look that was not sent, how another did."""
    return next((each.response.error for each in one.evidence if each.response.error), one.because)


def _reason(one: Verdict) -> str:
    return one.because.removeprefix(f"{one.scope} cannot be read: ")


def _named(common: Iterable[Verdict], why: Callable[[Verdict], str]) -> str:
    """What these verdicts are about, each with its reason: `host h (dns: …), host i (…)`."""
    reasons: dict[str, str] = {}
    for one in common:
        reasons.setdefault(one.scope or "", why(one))
    return ", ".join(f"{scope} ({reason})" for scope, reason in reasons.items())

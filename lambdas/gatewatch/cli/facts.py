"""What many looks of a run have in common, printed once: unreachable hosts, unreadable credentials
and clocks that disagree. It decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta

from gatewatch.cli.show import count
from gatewatch.model import Finding, Outcome, Verdict
from gatewatch.run import Summary

_FEWEST = 2
"""Looks that share a fact before it gets a line; a single look has a line of its own."""


def facts(verdicts: Sequence[Verdict]) -> tuple[list[str], list[Verdict]]:
    """One line for each kind of fact, and the verdicts that no line covers."""
    unreached = [verdict for verdict in verdicts if _is_unreached(verdict)]
    unread = [verdict for verdict in verdicts if verdict.finding is Finding.CREDENTIAL_UNREADABLE]
    lines: list[str] = []
    summarised: set[int] = set()
    if len(unreached) >= _FEWEST:
        lines.append(f"{count(len(unreached), 'look')} did not reach {_named(unreached, _error)}")
        summarised |= {id(verdict) for verdict in unreached}
    if len(unread) >= _FEWEST:
        lines.append(f"{count(len(unread), 'look')} not sent for want of {_named(unread, _reason)}")
        summarised |= {id(verdict) for verdict in unread}
    return lines, [verdict for verdict in verdicts if id(verdict) not in summarised]


def of_clock(summary: Summary) -> list[str]:
    """What to print about a clock that was ahead, now or in an earlier run."""
    lines: list[str] = []
    if summary.taken_back:
        ahead = timedelta(seconds=int(summary.ahead_seconds))
        lines.append(
            f"what earlier runs remembered is up to {ahead} ahead of this clock, and is taken back "
            f"to now ({count(summary.taken_back, 'record')}). Is the clock right?"
        )
    if summary.dropped:
        lines.append(
            f"{count(summary.dropped, 'look')} changed nothing: a later look had counted already"
        )
    return lines


def _is_unreached(verdict: Verdict) -> bool:
    is_about_a_host = verdict.scope is not None and verdict.scope.startswith("host ")
    return is_about_a_host and verdict.outcome is not Outcome.PASS


def _error(verdict: Verdict) -> str:
    """How the host failed; for a look that was not sent, how it failed for another look."""
    return next(
        (exchange.response.error for exchange in verdict.evidence if exchange.response.error),
        verdict.because,
    )


def _reason(verdict: Verdict) -> str:
    return verdict.because.removeprefix(f"{verdict.scope} cannot be read: ")


def _named(verdicts: Iterable[Verdict], why: Callable[[Verdict], str]) -> str:
    """The scopes of these verdicts, each with its reason: `host h (dns: …), host i (…)`."""
    reasons: dict[str, str] = {}
    for verdict in verdicts:
        reasons.setdefault(verdict.scope or "", why(verdict))
    return ", ".join(f"{scope} ({reason})" for scope, reason in reasons.items())

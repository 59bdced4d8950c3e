"""Exit codes. Where several would fit: 3 over 1 over 2 over 0."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from gatewatch.model import OK, UNKNOWN, Diagnosis, Outcome, Verdict

AS_EXPECTED = 0
FINDINGS = 1
UNDECIDED = 2
BAD_USAGE = 3
INTERRUPTED = 130

_GRAVEST_FIRST = (BAD_USAGE, FINDINGS, UNDECIDED, AS_EXPECTED)


class UsageError(Exception):
    """Raised for input that cannot be used; the text is all that is shown."""


def gravest(*codes: int) -> int:
    return min(codes, key=_GRAVEST_FIRST.index)


def of_verdicts(verdicts: Sequence[Verdict]) -> int:
    """Looks that were skipped decide nothing; with nothing due, all is as expected. What could
    not be looked at is undecided, whatever is found to be the reason."""
    found = (one for one in verdicts if one.outcome is not Outcome.UNKNOWN)
    if any(verdict.finding is not None for verdict in found):
        return FINDINGS
    outcomes = {verdict.outcome for verdict in verdicts}
    if Outcome.UNKNOWN in outcomes or (verdicts and Outcome.PASS not in outcomes):
        return UNDECIDED
    return AS_EXPECTED


def of_look(found: Diagnosis, *, all_answered: bool) -> int:
    """`all_answered`: every look was sent, and its answer came whole and could be read."""
    if found.cause == UNKNOWN:
        return UNDECIDED
    if found.cause != OK:
        return FINDINGS
    return AS_EXPECTED if all_answered else UNDECIDED


def of_explanations(found: Sequence[Diagnosis], unreadable: int) -> int:
    """Here a refusal that is explained is what was asked for, and no finding."""
    if unreadable:
        return BAD_USAGE
    unknown = found and all(diagnosis.cause == UNKNOWN for diagnosis in found)
    return UNDECIDED if unknown else AS_EXPECTED


@contextmanager
def until_closed() -> Iterator[None]:
    """Whoever reads our output may have enough of it; the command's exit code stays its own."""
    try:
        yield
        sys.stdout.flush()
    except (BrokenPipeError, SystemExit):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

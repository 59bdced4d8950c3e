"""Exit codes. Where several would fit: 3 over 1 over 2 over 0."""

from __future__ import annotations

from gatewatch.model import Outcome
from gatewatch.run import Report

AS_EXPECTED = 0
FINDINGS = 1
UNDECIDED = 2
BAD_USAGE = 3
INTERRUPTED = 130


class UsageError(Exception):
    """Raised for input that cannot be used; the text is all that is shown."""


def of_report(report: Report) -> int:
    verdicts = report.verdicts
    if any(verdict.finding is not None for verdict in verdicts):
        return FINDINGS
    outcomes = {verdict.outcome for verdict in verdicts}
    if Outcome.UNKNOWN in outcomes or (verdicts and Outcome.PASS not in outcomes):
        return UNDECIDED
    return AS_EXPECTED

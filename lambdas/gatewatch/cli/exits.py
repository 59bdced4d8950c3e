"""Exit codes. Where several fit: 3 over 1 over 2 over 0."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import typer

from gatewatch.cli.screen import is_in_actions
from gatewatch.model import OK, UNKNOWN, Diagnosis, Outcome, Verdict
from gatewatch.notices.visible import commanding_no_runner, visible

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
    """Skipped looks decide nothing; with nothing due, all is as expected. A look that could not be
    taken is undecided, whatever finding explains it."""
    decided = (one for one in verdicts if one.outcome is not Outcome.UNKNOWN)
    if any(verdict.finding is not None for verdict in decided):
        return FINDINGS
    outcomes = {verdict.outcome for verdict in verdicts}
    if Outcome.UNKNOWN in outcomes or (verdicts and Outcome.PASS not in outcomes):
        return UNDECIDED
    return AS_EXPECTED


def of_look(diagnosis: Diagnosis, *, all_answered: bool) -> int:
    """`all_answered`: every look was sent, and its answer came whole and could be read."""
    if diagnosis.cause == UNKNOWN:
        return UNDECIDED
    if diagnosis.cause != OK:
        return FINDINGS
    return AS_EXPECTED if all_answered else UNDECIDED


def of_explanations(diagnoses: Sequence[Diagnosis], unreadable: int) -> int:
    """An explained refusal is what `explain` was called for, and no finding."""
    if unreadable:
        return BAD_USAGE
    unknown = diagnoses and all(diagnosis.cause == UNKNOWN for diagnosis in diagnoses)
    return UNDECIDED if unknown else AS_EXPECTED


@contextmanager
def until_closed() -> Iterator[None]:
    """A reader may close our output early; the command keeps its own exit code."""
    try:
        yield
        sys.stdout.flush()
    except (BrokenPipeError, SystemExit):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def say(text: str) -> None:
    """On standard error, steering no terminal; where nobody hears it, the command keeps its own
    exit code."""
    try:
        harmless = visible(text)
        typer.echo(commanding_no_runner(harmless) if is_in_actions() else harmless, err=True)
        sys.stderr.flush()
    except (OSError, SystemExit):
        # What is left of it must not fail again at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), _STANDARD_ERROR)


_STANDARD_ERROR = 2

"""`--why`: a note for the others, who read it in mails, in terminals and in incidents."""

from __future__ import annotations

from gatewatch.cli.exits import UsageError
from gatewatch.redaction.looks import without_secrets

LONGEST = 500


def reason(why: str | None) -> str | None:
    """In one line, without what looks like a secret. Raises UsageError."""
    text = without_secrets(" ".join((why or "").split()))
    if len(text) > LONGEST:
        raise UsageError(f"--why: {len(text)} characters; expected at most {LONGEST}")
    if not text.isprintable():
        raise UsageError("--why: expected text without control characters")
    return text or None

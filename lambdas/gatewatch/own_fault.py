"""Our own faults while an answer is processed: logged, and named in a few words.

The text of an exception may quote the answer, so only its type and its lines of code are logged.
"""

from __future__ import annotations

import logging
from traceback import format_tb

_log = logging.getLogger(__name__)


def log_own_fault(event: str, route: str, error: Exception) -> str:
    """Logs the fault under this event; returns the words for the record."""
    named = type(error).__name__
    trace = "".join(format_tb(error.__traceback__))
    _log.error(event, extra={"route": route, "reason": named, "trace": trace})
    return f"internal error: {named}"

"""A fault of ours while an answer is dealt with: logged, and told in a few words.

The text of an exception may quote what came, so it is never passed on: only its type, and the
lines of code that it went through.
"""

from __future__ import annotations

import logging
from traceback import format_tb

_log = logging.getLogger(__name__)


def log_own_fault(event: str, route: str, error: Exception) -> str:
    """What to say of it in the record; the log has the rest, under this event."""
    named = type(error).__name__
    trace = "".join(format_tb(error.__traceback__))
    _log.error(event, extra={"route": route, "reason": named, "trace": trace})
    return f"internal error: {named}"

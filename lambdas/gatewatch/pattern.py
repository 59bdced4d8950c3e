"""Regular expressions of users, matched against what strangers send: always in bounded time.

The standard library cannot stop a match, so a target that answers `aaaa…!` to `(a+)+$` would hold
a run for ever. The library that can is imported only where a pattern is really used: 30 ms.
"""

from __future__ import annotations

_MOST_SECONDS = 1.0


def is_pattern(text: str) -> bool:
    import regex

    try:
        regex.compile(text)
    except (regex.error, RecursionError, OverflowError):
        return False
    return True


def finds(pattern: str, text: str) -> bool:
    """Whether the pattern stands anywhere in the text. Raises TimeoutError after a second."""
    import regex

    return regex.search(pattern, text, timeout=_MOST_SECONDS, concurrent=True) is not None


def matches(pattern: str, text: str) -> bool:
    """Whether the pattern is the whole text. Raises TimeoutError after a second."""
    import regex

    return regex.fullmatch(pattern, text, timeout=_MOST_SECONDS, concurrent=True) is not None

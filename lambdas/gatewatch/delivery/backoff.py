"""When a message that was not taken is sent again."""

from __future__ import annotations

_FIRST = 5.0
_LONGEST = 120.0
_LONGEST_ASKED = 900.0
_DOUBLINGS = 5
"""After these it is at its longest."""


def wait_seconds(tries: int, asked: float | None) -> float:
    """Seconds to wait after so many tries. `asked`: by the channel; it is never asked sooner than
    that, but no channel holds its messages back for longer than a quarter of an hour."""
    own = min(_LONGEST, _FIRST * 2.0 ** min(max(tries - 1, 0), _DOUBLINGS))
    return own if asked is None else max(own, asked_seconds(asked))


def asked_seconds(asked: float) -> float:
    """What is kept of the wait that a channel asked for."""
    return min(asked, _LONGEST_ASKED)

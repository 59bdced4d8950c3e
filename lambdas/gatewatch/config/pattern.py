"""Users' regular expressions, matched against strangers' text: always in bounded time.

The standard library cannot stop a match, so a target that answers `aaaa…!` to `(a+)+$` would hold
a run for ever. The library that can is imported only where a pattern is used: it takes 30 ms.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import regex

_MOST_SECONDS = 1.0
_LONGEST = 500
_LARGEST = 10_000
# `(?R)`, `(?1)`, `(?&name)`: a group within itself takes a gigabyte before the second is over.
_CALL = re.compile(r"\(\?(?:R|[+-]?\d|&|P>)")
_PIECE = re.compile(
    r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|(?P<times>\{(?P<least>\d*),?(?P<most>\d*)\})|.", re.DOTALL
)


def is_pattern(text: str) -> bool:
    """Whether the text is a regular expression that compiles and matches in bounded memory."""
    if len(text) > _LONGEST or _CALL.search(text) or _size(text) > _LARGEST:
        return False
    import regex

    try:
        regex.compile(text)
    except (regex.error, RecursionError, OverflowError):
        return False
    return True


def _size(text: str) -> int:
    """About how many pieces the pattern has with its counted repeats written out."""
    sums, last = [0], 0
    for piece in _PIECE.finditer(text):
        if piece[0] == "(":
            sums.append(0)
            last = 0
        elif piece[0] == ")" and len(sums) > 1:
            last = sums.pop() + 1
            sums[-1] += last
        elif piece["times"] and (piece["least"] or piece["most"]):
            more = last * (max(_count(piece["least"]), _count(piece["most"])) - 1)
            sums[-1] += max(more, 0)
            last += max(more, 0)
        else:
            last = 1
            sums[-1] += 1
    return sum(sums)


def _count(digits: str) -> int:
    return int(digits[:9] or 0)


def finds(pattern: str, text: str) -> bool:
    """Whether the pattern matches anywhere in the text. Raises TimeoutError after a second."""
    return search(pattern, text) is not None


def search(pattern: str, text: str) -> regex.Match[str] | None:
    """The first match. Raises TimeoutError after a second."""
    import regex

    return regex.search(pattern, text, timeout=_MOST_SECONDS, concurrent=True)


def matches(pattern: str, text: str) -> bool:
    """Whether the pattern matches the whole text. Raises TimeoutError after a second."""
    import regex

    return regex.fullmatch(pattern, text, timeout=_MOST_SECONDS, concurrent=True) is not None

"""Where known secrets stand in a text: in every form they travel in, escaped or cut.

A secret travels as it is, in Base64 (by itself or inside a longer text), in hex, or as a digest of
the header that carried it. On top of that, a text may escape any character in the ways of URLs,
JSON, JavaScript and HTML, several times over; these are undone before comparing.
"""

from __future__ import annotations

import base64
import hashlib
import html
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from string import ascii_lowercase, ascii_uppercase

Span = tuple[int, int]

_GRAM = 4
_SHORTEST = _GRAM
_TELLS_WHOLE = 8
_TELLS_ALWAYS = 16
_MOST_PLACES = 8
_MOST_ESCAPINGS = 3
# Both alphabets of Base64, both cases of hex digits and both spellings of a blank in a form.
_FOLDED = str.maketrans(ascii_uppercase + "-_ ", ascii_lowercase + "+/+")
_ESCAPE = re.compile(
    r"(?:%|\\x)([0-9a-fA-F]{2})|\\u([0-9a-fA-F]{4})|\\([^ux])|&(?:#\w{1,7}|[A-Za-z]{2,8});"
)


class Traces:
    """Finds what gives a secret away: the whole of a short one, most of a longer one, or sixteen
    characters of a long one, so that a shortened echo is found, too."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms = {form for secret in secrets for form in _forms(secret)}
        self._forms = sorted(form for form in forms if len(form) >= _SHORTEST)
        self._places: dict[str, list[tuple[str, int]]] = {}
        for form in self._forms:
            for offset in range(len(form) - _GRAM + 1):
                places = self._places.setdefault(form[offset : offset + _GRAM], [])
                if len(places) < _MOST_PLACES:
                    places.append((form, offset))
        # No run that tells lies between two steps.
        self._step = min(map(_telling, self._forms), default=_GRAM) - _GRAM + 1

    def spans(self, text: str, *, cut: bool = False) -> list[Span]:
        """The places to hide, in order and apart. `cut`: the text may end within a secret."""
        if not self._forms:
            return []
        found = list(self._found(text, cut))
        view, bounds = text, list(range(len(text) + 1))
        for _ in range(_MOST_ESCAPINGS):
            if not _is_escaped(view):
                break
            view, bounds = _unescaped(view, bounds)
            found += [(bounds[start], bounds[end]) for start, end in self._found(view, cut)]
        return _merged(found)

    def _found(self, text: str, cut: bool) -> Iterator[Span]:
        folded = text.translate(_FOLDED)
        places, passed = self._places, 0
        for at in range(0, len(folded) - _GRAM + 1, self._step):
            gram = folded[at : at + _GRAM]
            if gram not in places or at < passed:
                continue
            for form, offset in places[gram]:
                start, end = _run(folded, at, form, offset)
                if end - start >= _telling(form):
                    yield start, end
                    passed = max(passed, end - _GRAM)
        if cut:
            yield from self._tail(folded)

    def _tail(self, folded: str) -> Iterator[Span]:
        for length in range(min(len(folded), _TELLS_ALWAYS), _SHORTEST - 1, -1):
            if folded[-length:] in self._beginnings:
                yield len(folded) - length, len(folded)
                return

    @cached_property
    def _beginnings(self) -> frozenset[str]:
        lengths = range(_SHORTEST, _TELLS_ALWAYS + 1)
        return frozenset(form[:length] for form in self._forms for length in lengths)


def _telling(form: str) -> int:
    """How many characters in a row of a form give it away."""
    most = math.ceil(len(form) * 3 / 4)
    return min(len(form), max(_TELLS_WHOLE, min(_TELLS_ALWAYS, most)))


def _run(text: str, at: int, form: str, offset: int) -> Span:
    """How far text and form agree around a place where they do."""
    start, left = at, offset
    while start and left and text[start - 1] == form[left - 1]:
        start, left = start - 1, left - 1
    end, right = at + _GRAM, offset + _GRAM
    while end < len(text) and right < len(form) and text[end] == form[right]:
        end, right = end + 1, right + 1
    return start, end


def _merged(spans: Iterable[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(merged[-1][1], end)
        else:
            merged.append((start, end))
    return merged


def _is_escaped(text: str) -> bool:
    return "%" in text or "\\" in text or "&" in text


def _unescaped(view: str, bounds: Sequence[int]) -> tuple[str, list[int]]:
    """The text with its escapes undone once, and where in the original each character begins."""
    parts: list[str] = []
    begins: list[int] = []
    last = 0
    for escape in _ESCAPE.finditer(view):
        character = _character(escape)
        parts += (view[last : escape.start()], character)
        begins += bounds[last : escape.start()]
        begins += [bounds[escape.start()]] * len(character)
        last = escape.end()
    return "".join((*parts, view[last:])), [*begins, *bounds[last:]]


def _character(escape: re.Match[str]) -> str:
    code = escape[1] or escape[2]
    return chr(int(code, 16)) if code else escape[3] or html.unescape(escape[0])


def _forms(secret: str) -> Iterator[str]:
    """The ways in which a secret travels, folded."""
    raw = secret.encode(errors="replace")
    # Undone byte by byte, as URLs escape it, what is not ASCII looks like Latin-1.
    found = [secret, raw.decode("latin-1"), raw.hex(), *_base64_inside(raw)]
    for value in (raw, b"Bearer " + raw, b"Basic " + raw):
        found += _digests(value)
    for form in found:
        yield form.translate(_FOLDED)


def _base64_inside(raw: bytes) -> Iterator[str]:
    """Base64 of the secret by itself and at any place inside a longer text.

    Characters that share bits with a neighbour differ from text to text and are left off.
    """
    yield base64.b64encode(raw).decode().rstrip("=")
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + raw).decode().rstrip("=")
        start = -(-offset * 8 // 6)
        end = (offset + len(raw)) * 8 // 6
        if end - start >= _TELLS_WHOLE:
            yield encoded[start:end]


def _digests(value: bytes) -> Iterator[str]:
    for digest in (
        hashlib.sha256(value).digest(),
        hashlib.sha1(value, usedforsecurity=False).digest(),
    ):
        yield digest.hex()
        yield base64.b64encode(digest).decode().rstrip("=")

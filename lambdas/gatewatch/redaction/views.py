"""A text as its writer may have meant it: without escapes, with lines joined and encodings decoded.

An escaped or encoded secret is plain in one of the views. Each view knows where in the original its
characters come from. The number of steps is bounded: all views of a text together are some seventy
times as long as the text, at worst.
"""

from __future__ import annotations

import binascii
import html
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from string import ascii_letters, ascii_lowercase, ascii_uppercase, digits, hexdigits

Span = tuple[int, int]

_MOST_ESCAPINGS = 3
_MOST_ENCODINGS = 2


@dataclass(frozen=True, slots=True)
class View:
    """`source` maps a span to the original; `ends`: where the view may have been cut. `is_decoded`:
    each character is a byte of what was encoded."""

    text: str
    source: Callable[[Span], Span]
    ends: tuple[int, ...]
    is_decoded: bool = False


def views(text: str, *, cut: bool = False) -> Iterator[View]:
    """The text itself first. `cut`: it may end within a secret, and so within an escape."""
    whole = View(text, lambda span: span, (len(text),) if cut else ())
    return _views(whole, _MOST_ESCAPINGS, _MOST_ENCODINGS)


def _and_joined(view: View) -> Iterator[View]:
    """The view, and the view without its blanks."""
    yield view
    if (joined := _without(view, BLANKS)) is not view:
        yield joined


def _views(view: View, escapings: int, encodings: int, wrappings: int = 1) -> Iterator[View]:
    yield from _and_joined(view)
    yield from _of_one_kind(view, escapings)
    if wrappings and not view.is_decoded and (flat := _without(view, _WRAP)) is not view:
        yield from _views(flat, escapings, encodings, wrappings - 1)
    if escapings and (plain := _unescaped(view, _ESCAPE)) is not view:
        yield from _views(plain, escapings - 1, encodings, wrappings)
    if encodings:
        for inner in _decoded(view):
            yield inner
            if _READABLE.search(inner.text):
                kept = _kept(inner, _READABLE)
                yield from _views(kept, escapings, encodings - 1, wrappings)


def _of_one_kind(view: View, escapings: int) -> Iterator[View]:
    """The views with only one kind of escapes undone: the rest may look like another kind's."""
    kinds = [escape for sign, escape in _ESCAPES if sign in view.text]
    for kind in kinds if len(kinds) > 1 else ():
        before, left = view, escapings
        while left and (plain := _unescaped(before, kind)) is not before:
            yield from _and_joined(plain)
            before, left = plain, left - 1


# In plain text and in a form.
BLANKS = re.compile(r"[\s+]+")
# A wrapped line, even within an escape or between two digits.
_WRAP = re.compile(r"\r?\n[ \t+]*")
# Bytes without such a run are not text and hold nothing more to undo.
_READABLE = re.compile(r"[\t\n\r -~]{6,}")

# By their sign, as each is named in docs/secrets.md; any other letter after a backslash is itself.
ESCAPES = {
    "%": {"URLs": r"%([0-9a-fA-F]{2})", "escape()": r"%u([0-9a-fA-F]{4})"},
    "\\": {
        "JavaScript": r"\\x([0-9a-fA-F]{2})",
        "JSON": r"\\u([0-9a-fA-F]{4})",
        "Rust": r"\\[ux]\{([0-9a-fA-F]{1,6})\}",
        "Python": r"\\U([0-9a-fA-F]{8})",
        "C": r"\\(?P<octal>[0-3][0-7]{2})"
        r"|\\(?P<letter>[^uxU0-3]|U(?![0-9a-fA-F]{0,7}\Z)|[0-3](?![0-7]?\Z))",
    },
    "&": {"HTML": r"&(?:#\w{1,7}|[A-Za-z]{2,8});"},
}
_ESCAPES = tuple((sign, re.compile("|".join(kinds.values()))) for sign, kinds in ESCAPES.items())
_ESCAPE = re.compile("|".join(escapes.pattern for _, escapes in _ESCAPES))
_BEGUN_ESCAPE = re.compile(
    r"(?:%[0-9a-fA-F]?|[\\%]u[0-9a-fA-F]{0,3}|\\x[0-9a-fA-F]?|\\[ux]\{[0-9a-fA-F]{0,6}"
    r"|\\U[0-9a-fA-F]{0,7}|\\[0-3]?[0-7]?|&#?\w{0,8})$"
)
_BLANK_LETTERS = {"n": "\n", "r": "\r", "t": "\t"}


def unescaped(text: str) -> str:
    """The text with its escapes undone once."""
    return _ESCAPE.sub(_character, text)


_Change = tuple[int, int, str]
"""A span and its replacement."""


def _unescaped(view: View, escapes: re.Pattern[str]) -> View:
    """The view with its escapes undone once; itself if it has none."""
    return _rewritten(view, _undone(view, escapes))


def _undone(view: View, escapes: re.Pattern[str]) -> Iterator[_Change]:
    """The unescaped spans. No escape crosses a cut; one that began before it becomes nothing."""
    start = 0
    for end in (*view.ends, len(view.text)):
        for match in escapes.finditer(view.text, start, end):
            yield (*match.span(), _character(match))
            start = match.end()
        if end in view.ends and (begun := _BEGUN_ESCAPE.search(view.text, start, end)):
            yield (*begun.span(), "")
        start = end


def _character(escape: re.Match[str]) -> str:
    kind = escape.lastgroup
    if escape.lastindex is None:
        return html.unescape(escape[0])
    code = escape[escape.lastindex]
    if kind == "letter":
        return _BLANK_LETTERS.get(code, code)
    number = int(code, 8 if kind == "octal" else 16)
    return chr(number) if number <= 0x10FFFF else "\N{REPLACEMENT CHARACTER}"


def _matches(
    pattern: re.Pattern[str], text: str, new: Callable[[re.Match[str]], str] = lambda _: ""
) -> Iterator[_Change]:
    return ((*match.span(), new(match)) for match in pattern.finditer(text))


def _kept(view: View, pattern: re.Pattern[str]) -> View:
    """The view with only what matches."""
    return _rewritten(view, _between(pattern, view.text))


def _between(pattern: re.Pattern[str], text: str) -> Iterator[_Change]:
    last = 0
    for match in pattern.finditer(text):
        if match.start() > last:
            yield last, match.start(), _GAP
        last = match.end()
    if last < len(text):
        yield last, len(text), _GAP


_GAP = "\0"
# At most this many characters before a cut may begin a value, such as `0x` or `-`.
_BEGUN = 2


def _rewritten(view: View, changes: Iterable[_Change]) -> View:
    """The view with these changes, in their order; itself if there are none."""
    parts: list[str] = []
    begins: list[int] = []
    places: list[tuple[int, int, int]] = []
    length = last = 0
    for start, end, new in changes:
        parts += (view.text[last:start], new)
        length += start - last
        begins.append(length)
        length, last = length + len(new), end
        places.append((start, end, length))
    if not places:
        return view
    parts.append(view.text[last:])

    def place(at: int) -> Span:
        """The span that the character there replaces."""
        number = bisect_right(begins, at) - 1
        if number < 0:
            return at, at + 1
        start, end, after = places[number]
        return (start, end) if at < after else (end + at - after, end + at - after + 1)

    def source(span: Span) -> Span:
        return view.source((place(span[0])[0], place(span[1] - 1)[1]))

    def moved(end: int) -> int:
        number = bisect_left(places, (end,)) - 1
        start, last, after = places[number] if number >= 0 else (0, 0, 0)
        if start < end <= min(last, start + _BEGUN) and parts[2 * number + 1] == _GAP:
            return begins[number]
        return after + max(0, end - last)

    ends = tuple(map(moved, view.ends))
    return View("".join(parts), source, ends, view.is_decoded)


# A line break may stand in Base64, and one sign between the pairs of hex digits.
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{6,}(?:\r?\n[ \t]*[A-Za-z0-9+/_-]*)*")
_BASE32 = re.compile(r"[A-Z2-7]{7,}|[a-z2-7]{7,}")
_LINE_ENDS = re.compile(r"\s+")
_HEX = re.compile(r"(?:[0-9a-fA-F]{2}[\s:+-]?){4,}[0-9a-fA-F]?")
_BETWEEN_HEX = re.compile(r"[\s:+-]+")
_BYTE = r"(?:0x([0-9a-fA-F]{1,2})(?![0-9a-fA-F])|(-?\d{1,3})(?!\d))[,\s+]*"
_NUMBERS = re.compile(rf"(?:{_BYTE}){{4,}}")
_NUMBER = re.compile(_BYTE)


def _decoded(view: View) -> Iterator[View]:
    """The decoded runs of a view, from every possible beginning."""
    for runs, decoded in ENCODINGS.values():
        if runs.search(view.text):
            yield decoded(_kept(view, runs))


def _out_of_base64(runs: View) -> View:
    return _aligned(_without(runs, _LINE_ENDS), 6, _from_base64)


def _out_of_hex(runs: View) -> View:
    return _aligned(_without(runs, _BETWEEN_HEX), 4, _from_hex)


def _out_of_base32(runs: View) -> View:
    return _aligned(runs, 5, _from_base32)


def _out_of_numbers(runs: View) -> View:
    bytes_ = _rewritten(runs, _matches(_NUMBER, runs.text, _byte))
    return replace(bytes_, ends=tuple(_with_one_less(bytes_.ends)), is_decoded=True)


# As each is named in docs/secrets.md: what looks like it, and how it is decoded.
ENCODINGS: dict[str, tuple[re.Pattern[str], Callable[[View], View]]] = {
    "Base64": (_BASE64, _out_of_base64),
    "hex": (_HEX, _out_of_hex),
    "Base32": (_BASE32, _out_of_base32),
    "byte values": (_NUMBERS, _out_of_numbers),
}


def _with_one_less(ends: Iterable[int]) -> Iterator[int]:
    """Adds the end before each cut, since a cut number is another one."""
    for end in ends:
        yield from (max(0, end - 1), end)


def _without(view: View, pattern: re.Pattern[str]) -> View:
    return _rewritten(view, _matches(pattern, view.text))


def _byte(number: re.Match[str]) -> str:
    return chr((int(number[1], 16) if number[1] else int(number[2])) % 256)


def _aligned(view: View, bits: int, decode: Callable[[bytes], bytes]) -> View:
    """The view decoded from every character at which bytes may begin, joined; each character has
    `bits`."""
    codes = view.text.encode("latin-1", "replace")
    group = _GROUP[bits]
    # Padded with zeros, so that no decoding runs into the next.
    room = (len(codes) // group + 2) * group
    size = room * bits // 8
    text = decode(b"".join(codes[first:].ljust(room, b"A") for first in range(group)))

    def source(span: Span) -> Span:
        first, start = divmod(span[0], size)
        end = span[1] - first * size
        last = min(first - (-end * 8 // bits), len(codes))
        return view.source((first + start * 8 // bits, last))

    def ends() -> Iterator[int]:
        for first in range(group):
            yield from (first * size + max(0, end - first) * bits // 8 for end in view.ends)

    return View(text.decode("latin-1"), source, tuple(ends()), is_decoded=True)


_GROUP = {6: 4, 5: 8, 4: 2}


def _table(alphabet: str, codes: str, otherwise: str) -> bytes:
    known = dict(zip(alphabet.encode(), codes.encode(), strict=True))
    return bytes(known.get(code, ord(otherwise)) for code in range(256))


_PLAIN64 = _table(f"{ascii_letters}{digits}+/-_", f"{ascii_letters}{digits}+/+/", otherwise="A")
_PLAIN16 = _table(hexdigits, hexdigits, otherwise="0")
_DIGITS32 = f"{digits}{ascii_lowercase}"[:32]
_PLAIN32 = _table(
    f"{ascii_uppercase}234567{ascii_lowercase}", f"{_DIGITS32}{_DIGITS32[:26]}", otherwise="0"
)


def _from_base64(codes: bytes) -> bytes:
    return binascii.a2b_base64(codes.translate(_PLAIN64))


def _from_hex(codes: bytes) -> bytes:
    return binascii.a2b_hex(codes.translate(_PLAIN16))


def _from_base32(codes: bytes) -> bytes:
    return int(codes.translate(_PLAIN32) or b"0", 32).to_bytes(len(codes) * 5 // 8, "big")

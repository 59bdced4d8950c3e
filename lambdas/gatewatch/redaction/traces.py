"""Where known secrets are in a text: plain, escaped, encoded, as a digest, or cut.

In scope is what gateways, libraries and loggers do to a credential. docs/secrets.md names it, and
what is out of scope because it takes intent.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from functools import cache, cached_property, lru_cache
from posixpath import commonprefix

from gatewatch.redaction.views import BLANKS, Span, View, views

_SHORTEST = 4
_TELLS_WHOLE = 8
_TELLS_ALWAYS = 16
_LONG = 20
_PIECE = 8
_OFTEN_SEEN = 64
# A bound on memory, above the number of secrets that anybody has at once.
_MOST_DIGESTED = 2_000

_Search = Callable[[str, bool], tuple[Span, ...]]


class Traces:
    """Finds what reveals a secret: a whole short one, most of a longer one, or sixteen characters
    of a long one, so that a shortened echo is found, too.

    It stores fingerprints of short pieces and no lists of places, so the cost is in proportion to
    the length of the secrets and of the text, whatever they have in common.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        known = sorted(set(secrets))
        self._forms = {form for one in known for form in _forms(one) if len(form) >= _SHORTEST}
        short = {piece for form in self._forms if not _is_long(form) for piece in _whole(form)}
        digests = {found for one in known[:_MOST_DIGESTED] for found in _digests(one)}
        self._long = frozenset(
            piece for form in self._forms if _is_long(form) for piece in _pieces(form)
        )
        self._short = frozenset(short)
        self._sizes = sorted({len(piece) for piece in short})
        self._digests = {digest[:_TELLS_WHOLE]: digest for digest in digests}
        self._heads = frozenset(piece[:_SHORTEST] for piece in short)
        # For header names and frequent values.
        self._spans_again = lru_cache(maxsize=512)(self._spans)
        self._all_heads = self._heads.union(digest[:_SHORTEST] for digest in digests)

    def spans(self, text: str, *, cut: bool = False) -> list[Span]:
        """The places to hide, in order and apart. `cut`: the text may end within a secret."""
        if not self._forms:
            return []
        return self._spans_again(text, cut) if len(text) <= _OFTEN_SEEN else self._spans(text, cut)

    def _spans(self, text: str, cut: bool) -> list[Span]:
        # Many views say the same of different places, or came about in another order.
        search = cache(self._search)
        found = (
            span for view in views(text, cut=cut) for span in self._found(view, len(text), search)
        )
        return _merged(found)

    def _found(self, view: View, end: int, search: _Search) -> Iterator[Span]:
        yield from map(view.source, search(view.text, view.is_decoded))
        for cut in view.ends:
            if length := self._tail(_folded(view.text[max(0, cut - _TELLS_ALWAYS) : cut])):
                yield view.source((cut - length, cut))[0], end

    def _search(self, text: str, is_decoded: bool) -> tuple[Span, ...]:
        """Where a view's text, wherever it is from, shows what gives a secret away."""
        folded = _folded(text)
        runs = _runs(folded, self._long) if self._long else ()
        heads = self._all_heads if is_decoded else self._heads
        return (*runs, *(self._begun(folded, heads) if heads else ()))

    def _begun(self, text: str, heads: frozenset[str]) -> Iterator[Span]:
        """Short secrets, and the visible beginnings of digests."""
        places = range(len(text) - _SHORTEST + 1)
        for at in [at for at in places if text[at : at + _SHORTEST] in heads]:
            for size in self._sizes:
                if text[at : at + size] in self._short:
                    yield at, at + size
            if (digest := self._digests.get(text[at : at + _TELLS_WHOLE])) is not None:
                yield at, at + len(commonprefix((digest, text[at : at + len(digest)])))

    def _tail(self, folded: str) -> int:
        """How many characters at the end are the beginning of a secret."""
        for length in range(len(folded), _SHORTEST - 1, -1):
            if hash(folded[-length:]) in self._beginnings:
                return length
        return 0

    @cached_property
    def _beginnings(self) -> frozenset[int]:
        lengths = range(_SHORTEST, _TELLS_ALWAYS + 1)
        return frozenset(hash(form[:length]) for form in self._forms for length in lengths)


def _folded(text: str) -> str:
    """The text without differences of case and of a form's blanks, of the same length."""
    one_for_one = (
        text.replace("\u0130", "i").replace("\u03a3", "\u03c3").replace("\u03c2", "\u03c3")
    )
    return one_for_one.lower().replace(" ", "+")


def _is_long(form: str) -> bool:
    return len(form) >= _LONG


def _whole(form: str) -> Iterator[str]:
    """The pieces that reveal a short form."""
    size = min(len(form), max(_TELLS_WHOLE, len(form) * 3 // 4))
    return (form[at : at + size] for at in range(len(form) - size + 1))


def _pieces(form: str) -> Iterator[int]:
    """The fingerprints of a long form."""
    return (hash(form[at : at + _PIECE]) for at in range(len(form) - _PIECE + 1))


def _runs(text: str, pieces: frozenset[int]) -> Iterator[Span]:
    """The runs of known pieces that are long enough to reveal a secret."""
    last = len(text) - _PIECE
    passed = 0
    # No such run fits between two steps.
    for at in range(0, last + 1, _TELLS_ALWAYS - _PIECE + 1):
        if at < passed or hash(text[at : at + _PIECE]) not in pieces:
            continue
        start = at
        while start > passed and hash(text[start - 1 : start - 1 + _PIECE]) in pieces:
            start -= 1
        passed = at + 1
        while passed <= last and hash(text[passed : passed + _PIECE]) in pieces:
            passed += 1
        if passed - 1 + _PIECE - start >= _TELLS_ALWAYS:
            yield start, passed - 1 + _PIECE


def _merged(spans: Iterable[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(merged[-1][1], end)
        else:
            merged.append((start, end))
    return merged


def _forms(secret: str) -> Iterator[str]:
    """The secret in each spelling, folded, with its blanks and without."""
    for spelling in _spellings(secret):
        yield _folded(spelling)
        yield _folded(BLANKS.sub("", spelling))


def _spellings(secret: str) -> Iterator[str]:
    """As characters; as bytes read as Latin-1; and as the surrogate halves by which JSON escapes
    characters beyond 16 bits."""
    yield secret
    if not secret.isascii():
        yield secret.encode(errors="replace").decode("latin-1")
        halves = secret.encode("utf-16-le", "surrogatepass")
        pairs = zip(halves[::2], halves[1::2], strict=True)
        yield "".join(chr(int.from_bytes(pair, "little")) for pair in pairs)


_SCHEMES = (b"", b"Bearer ", b"Basic ")
_LINE_ENDS = (b"", b"\n")
# As each is named in docs/secrets.md, and as hashlib names it.
DIGESTS = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-512": "sha512"}


def _digests(secret: str) -> Iterator[str]:
    raw = secret.encode(errors="replace")
    for value in (scheme + raw + line_end for scheme in _SCHEMES for line_end in _LINE_ENDS):
        for name in DIGESTS.values():
            digest = hashlib.new(name, value, usedforsecurity=False).digest()
            yield _folded(digest.decode("latin-1"))

"""Unpacks a body by its `Content-Encoding` (RFC 9110, section 8.4), within a bound.

We request no packing. Servers that pack anyway mostly use gzip or deflate; any other or broken
packing is not read, and the record says so.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Unpacked:
    """`fault`: why the body could not be read, in our own words; then it is wholly unknown."""

    data: bytes
    is_whole: bool
    fault: str | None = None


def _unread(fault: str) -> Unpacked:
    return Unpacked(b"", is_whole=False, fault=fault)


def unpacked(
    headers: Iterable[tuple[str, str]], body: bytes, most: int, *, came_whole: bool
) -> Unpacked:
    """At most `most` bytes of the content. `came_whole`: the body has no more bytes than these."""
    codings = _codings(headers)
    if not codings or not body:
        return Unpacked(body[:most], came_whole and len(body) < most)
    if len(codings) > 1 or codings[0] not in _FORMATS:
        return _unread(f"it is packed {_named(codings)}")
    [coding] = codings
    contents = [_content(body, wbits, most, came_whole=came_whole) for wbits in _FORMATS[coding]]
    readable = (content for content in contents if content is not None)
    return next(readable, _unread(f"it is no {coding}, as its content-encoding says"))


_GZIP, _GZIP_OR_ZLIB, _BARE_DEFLATE = 31, 47, -15

_FORMATS = {
    "gzip": (_GZIP,),
    "x-gzip": (_GZIP,),
    "deflate": (_GZIP_OR_ZLIB, _BARE_DEFLATE),
}
"""Each coding's formats: many send deflate without zlib's header, as the RFC notes."""

_NAMED = ("br", "zstd", "compress")


def _codings(headers: Iterable[tuple[str, str]]) -> list[str]:
    values = [value for name, value in headers if name.lower() == "content-encoding"]
    named = (one.strip().lower() for one in ",".join(values).split(","))
    return [one for one in named if one not in ("", "identity")]


def _named(codings: list[str]) -> str:
    """Shows only known names, since a header may hold anything."""
    if len(codings) > 1:
        return "more than once"
    return f"as {codings[0]}" if codings[0] in _NAMED else "in a way that is not known"


_MOST_TIMES = 100
"""Real text packs to a tenth, seldom to a thirtieth; a bomb to a thousandth."""


def _content(body: bytes, wbits: int, most: int, *, came_whole: bool) -> Unpacked | None:
    """Unpacks one member or several in a row (RFC 1952, section 2.2). None: another format."""
    parts: list[bytes] = []
    rest, left, has_ended = body, most, True
    while (not parts or rest.strip(b"\0")) and left > 0 and has_ended:
        member = zlib.decompressobj(wbits)
        try:
            parts.append(member.decompress(rest, left))
        except zlib.error:
            return _unread("its packing is broken") if parts else None
        left -= len(parts[-1])
        has_ended = member.eof
        rest = member.unused_data if has_ended else member.unconsumed_tail
    if left <= 0 and most > _MOST_TIMES * (len(body) - len(rest)):
        return _unread(f"it unpacks to more than {_MOST_TIMES} times its size")
    if left > 0 and came_whole and not has_ended:
        return _unread("its packing breaks off")
    return Unpacked(b"".join(parts), is_whole=came_whole and left > 0)

"""What an answer may have been before a paste, a log or a proxy lost a part of it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from msgspec.structs import replace

from gatewatch.gateway.body import read_body
from gatewatch.gateway.examples import bodies
from gatewatch.gateway.traits import traits_of
from gatewatch.gateway.wire_formats import TYPES
from gatewatch.model import Exchange

_TYPE = "x-amzn-errortype"


def fuller(exchange: Exchange) -> Iterator[Exchange]:
    """The exchange with its damaged parts replaced: by nothing, or by what they may have been."""
    status = exchange.response.status
    if status and status < 400:
        return
    typed = [exchange, *_with_whole_types(exchange)]
    yield from typed[1:]
    for body in _whole_bodies(exchange):
        yield from (_with_body(one, body) for one in typed)


def _with_body(exchange: Exchange, body: str | None) -> Exchange:
    response = replace(exchange.response, body=body, body_length=None, body_sha256=None)
    return replace(exchange, response=response)


def _with_whole_types(exchange: Exchange) -> Iterator[Exchange]:
    """With each of the gateway's error types of which the given one may be a remainder."""
    rest = traits_of(exchange).error_type
    if rest is None or rest in TYPES:
        return
    others = {k: v for k, v in exchange.response.headers.items() if k.lower() != _TYPE}
    for whole in _types():
        if whole.may_leave(rest):
            headers = {**others, _TYPE: whole.text}
            yield replace(exchange, response=replace(exchange.response, headers=headers))


def _whole_bodies(exchange: Exchange) -> list[str | None]:
    """What a body with missing parts may have been: one of AWS's own, or any other (None). Empty if
    it is whole."""
    body = exchange.response.body or ""
    text = _plain(body)
    is_fragment = _is_fragment(text)
    if not body.strip() or not (is_fragment or _UNDECODED in body or not _is_whole(exchange, text)):
        return []
    known = [whole.body for whole in _wholes() if whole.may_leave(text)]
    return [None, *known] if known or is_fragment else []


def _is_fragment(text: str) -> bool:
    if text.startswith(("{", "[")):
        return read_body(text).cut
    opened = text.count("{") + text.count("[")
    return text.endswith(("}", "]")) and text.count("}") + text.count("]") > opened


def _is_whole(exchange: Exchange, text: str) -> bool:
    """Whether the body is one of AWS's own, was received whole by one of our looks, or is as long
    as its headers announce."""
    if text in _texts() or (exchange.request.route and not exchange.response.is_cut):
        return True
    length = len((exchange.response.body or "").encode(errors="replace"))
    headers = exchange.response.headers.items()
    return str(length) in (value for name, value in headers if name.lower() == "content-length")


@cache
def _wholes() -> tuple[_Whole, ...]:
    return tuple(_Whole(_plain(body), body) for body in sorted(bodies()))


@cache
def _types() -> tuple[_Whole, ...]:
    return tuple(_Whole(name, name) for name in sorted(TYPES))


@cache
def _texts() -> frozenset[str]:
    return frozenset(whole.text for whole in _wholes())


_UNDECODED = "\N{REPLACEMENT CHARACTER}"
"""Stands for a character that was cut in its middle."""


def _plain(text: str) -> str:
    return " ".join(text.replace(_UNDECODED, "").split()).lower()


_MOST_HOLES = 3
"""Both ends and one piece between them: people shorten what they paste."""


class _Whole:
    """A text of AWS's own, prepared to check whether another one is a remainder of it."""

    def __init__(self, text: str, body: str) -> None:
        self.text = text
        self.body = body
        self._at: dict[str, int] = {}
        for at, one in enumerate(text):
            self._at[one] = self._at.get(one, 0) | 1 << at

    def may_leave(self, rest: str) -> bool:
        """Whether removing at most `_MOST_HOLES` pieces, both ends included, leaves this rest.

        Bit n of `reached[k]`: with k pieces removed, the part of the rest read so far may end
        before the nth character of the whole.
        """
        if len(rest) > len(self.text):
            return False
        reached = [1] + [0] * _MOST_HOLES
        for one in rest:
            places = self._at.get(one, 0)
            skipped = [0, *map(self._beyond, reached)]
            both = zip(reached, skipped, strict=False)
            reached = [((here | later) & places) << 1 for here, later in both]
            if not any(reached):
                return False
        return bool(any(reached[:-1]) or reached[-1] >> len(self.text))

    def _beyond(self, reached: int) -> int:
        """Every place after the first of these."""
        first = reached & -reached
        return (1 << len(self.text)) - (first << 1) if first else 0

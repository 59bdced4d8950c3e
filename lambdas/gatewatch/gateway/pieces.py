"""What an answer may have been before something of it was lost, as pastes, logs and proxies do."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from msgspec.structs import replace

from gatewatch.gateway.body import read
from gatewatch.gateway.examples import bodies
from gatewatch.gateway.wires import TYPES
from gatewatch.model import Exchange

_TYPE = "x-amzn-errortype"


def fuller(exchange: Exchange) -> Iterator[Exchange]:
    """The exchange as if what may have been lost had not been seen at all, or had come whole."""
    status = exchange.response.status
    if status and status < 400:
        return
    typed = [exchange, *_with_whole_types(exchange)]
    yield from typed[1:]
    if _is_piece(exchange):
        yield from map(_without_body, typed)


def _without_body(exchange: Exchange) -> Exchange:
    response = replace(exchange.response, body=None, body_length=None, body_sha256=None)
    return replace(exchange, response=response)


def _with_whole_types(exchange: Exchange) -> Iterator[Exchange]:
    """With each of the gateway's error types of which the one that came is the beginning."""
    response = exchange.response
    name, told = _told_type(exchange)
    for whole in sorted(TYPES) if told else ():
        if whole.startswith(told):
            headers = {**response.headers, name: whole}
            yield replace(exchange, response=replace(response, headers=headers))


def _told_type(exchange: Exchange) -> tuple[str, str]:
    """The header's name as it came, and an error type that is none of the gateway's."""
    for name, value in exchange.response.headers.items():
        if name.lower() == _TYPE and value not in TYPES:
            return name, value.strip()
    return _TYPE, ""


def _is_piece(exchange: Exchange) -> bool:
    """Whether a part of a body was cut out: it is JSON without its beginning or its end, or one of
    AWS's own bodies with something left out."""
    text = _plain(exchange.response.body or "")
    if not text or text in _wholes() or _came_whole(exchange):
        return False
    return _is_fragment(text) or any(_is_left_of(text, whole) for whole in _wholes())


def _is_fragment(text: str) -> bool:
    if text[0] in "{[":
        return read(text).cut
    opened = text.count("{") + text.count("[")
    return text[-1] in "}]" and text.count("}") + text.count("]") > opened


def _came_whole(exchange: Exchange) -> bool:
    """Whether the body is as long as was announced."""
    length = len((exchange.response.body or "").encode(errors="replace"))
    headers = exchange.response.headers.items()
    return any(name.lower() == "content-length" and value == str(length) for name, value in headers)


@cache
def _wholes() -> frozenset[str]:
    return frozenset(map(_plain, bodies()))


def _plain(text: str) -> str:
    return " ".join(text.split()).lower()


def _is_left_of(text: str, whole: str) -> bool:
    """Whether cutting off both ends of the whole leaves this, or taking one piece out of it."""
    if text in whole:
        return True
    same = next(at for at, one in enumerate(text) if not whole.startswith(one, at))
    return len(text) < len(whole) and whole.endswith(text[same:])

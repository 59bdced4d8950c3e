"""What the shapes of pagers have in common: which of three things happened, and texts that are
harmless and fit into a field."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum, auto
from hashlib import sha256

import msgspec

from gatewatch.notices.card import Block, Card
from gatewatch.notices.message import as_blocks
from gatewatch.notices.visible import cut, obeyed_by_none, visible_line


class Turn(Enum):
    """What becomes of the page."""

    RISES = auto()
    IS_TAKEN = auto()
    ENDS = auto()
    IS_TRIED = auto()


def turn_of(card: Card) -> Turn | None:
    """None for a message that is no matter of a pager's, such as a pause. A test is a page that
    ends at once."""
    if card.state == "none":
        return Turn.IS_TRIED if card.kind == "test" else None
    if card.state == "resolved":
        return Turn.ENDS
    return Turn.IS_TAKEN if card.kind == "acknowledged" else Turn.RISES


def shown(text: str, longest: int) -> str:
    return cut(visible_line(obeyed_by_none(text)), longest)


def bounded_key(key: str, longest: int) -> str:
    """The same for the same incident; two that differ only at their ends stay two."""
    return key if len(key) <= longest else sha256(key.encode()).hexdigest()


_LONGEST_VALUE = 8_000


def details(card: Card, most_bytes: int) -> dict[str, str]:
    """What the message says, by label, in its order, as far as it fits."""
    found: dict[str, str] = {}
    left = most_bytes
    for label, value in _labelled(card):
        name, text = shown(label, 100), cut(value, _LONGEST_VALUE)
        left -= len(msgspec.json.encode((name, text)))
        if left < 0:
            break
        found.setdefault(name, text)
    return found


def _labelled(card: Card) -> Iterator[tuple[str, str]]:
    if card.news:
        yield "news", as_blocks(card.news)
    for one in card.facts:
        yield one.label or "also", as_blocks([one.value])
    if card.first.lines:
        yield card.first.title or "do first", _text(card.first)
    for one in (*card.owned, *card.place):
        yield one.label or "state", as_blocks([one.value])
    for block in card.blocks:
        if block.lines:
            yield block.title or "more", _text(block)
    yield "message", card.message_id


def _text(block: Block) -> str:
    return as_blocks(block.lines)

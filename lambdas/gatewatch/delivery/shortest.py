"""A message in its shortest form, for a channel that refused the whole one."""

from __future__ import annotations

from dataclasses import replace

from gatewatch.notices.card import Block, Card, Fact
from gatewatch.notices.machine import shortened
from gatewatch.notices.visible import cut, visible_line

_LONGEST = 100


def shortest(card: Card) -> Card:
    """What happened, where, and how to read all of it."""
    message = shortened(card.message)
    return replace(
        card,
        title=_short(card.title),
        symptom=_short(card.symptom),
        message=message,
        incident=message.incident,
        news=(),
        facts=(),
        first=Block(),
        owned=tuple(map(_bare, card.owned)),
        place=tuple(map(_bare, card.place)),
        blocks=(),
        links=(),
    )


def _bare(one: Fact) -> Fact:
    return replace(one, value=_short(one.value))


def _short(text: str) -> str:
    return cut(visible_line(text), _LONGEST)

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
        title=message.title,
        symptom=message.symptom,
        incident=message.incident,
        news=(),
        facts=(),
        first=Block(),
        owned=tuple(_short_fact(one) for one in card.owned),
        place=tuple(_short_fact(one) for one in card.place),
        blocks=(),
        links=(),
        message=message,
    )


def _short_fact(fact: Fact) -> Fact:
    """Half of a command does something else."""
    return fact if fact.is_command else replace(fact, value=_short(fact.value))


def _short(text: str) -> str:
    return cut(visible_line(text), _LONGEST)

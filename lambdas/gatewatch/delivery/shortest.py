"""A message in its shortest form, for a channel that refused the whole one."""

from __future__ import annotations

from dataclasses import replace

from msgspec import structs

from gatewatch.model import Incident
from gatewatch.notices.card import Block, Card, Fact
from gatewatch.notices.visible import cut, visible_line

_LONGEST = 100


def shortest(card: Card) -> Card:
    """What happened, where, and how to read all of it."""
    return replace(
        card,
        title=_short(card.title),
        symptom=_short(card.symptom),
        incident=None if card.incident is None else _bare(card.incident),
        news=(),
        facts=(),
        first=Block(),
        owned=tuple(_short_fact(one) for one in card.owned),
        place=tuple(_short_fact(one) for one in card.place),
        blocks=(),
        links=(),
    )


def _short_fact(fact: Fact) -> Fact:
    """Half of a command does something else."""
    return fact if fact.is_command else replace(fact, value=_short(fact.value))


def _short(text: str) -> str:
    return cut(visible_line(text), _LONGEST)


def _bare(incident: Incident) -> Incident:
    """Without lists, and with its texts cut."""
    return structs.replace(
        incident,
        api=_short(incident.api),
        stage=None if incident.stage is None else _short(incident.stage),
        cause=_short(incident.cause),
        scope=_short(incident.scope),
        preceded_by=None,
        because=_short(incident.because),
        candidates=(),
        members=(),
        related=(),
        updates=(),
        evidence=(),
        ruled_out=(),
        next_probe=None,
        acknowledged=None,
        team=None if incident.team is None else _short(incident.team),
        runbook=None if incident.runbook is None else _short(incident.runbook),
    )

"""An alert of Opsgenie, or of Jira Service Management behind the same API: created, acknowledged
and closed by its alias.

A test creates an alert of its own with the lowest priority, and closes it.
https://docs.opsgenie.com/docs/alert-api
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import msgspec

from gatewatch.config.canonical import Hook
from gatewatch.delivery.post import Post, Reveal, address, key
from gatewatch.delivery.shapes.fields import Turn, bounded_key, shown, turn_of
from gatewatch.model import Severity
from gatewatch.notices.card import Card
from gatewatch.notices.message import as_blocks, text
from gatewatch.notices.visible import cut

_LONGEST_MESSAGE = 130
_LONGEST_ALIAS = 512
_LONGEST_DESCRIPTION = 15_000
_LONGEST_NOTE = 25_000
_LONGEST_ENTITY = 512
_LONGEST_DETAIL = 500
"""All details may have 8,000 characters."""
_LONGEST_TAG = 50
_SOURCE = "Gatewatch"
_PRIORITIES = {
    Severity.CRITICAL: "P1",
    Severity.HIGH: "P2",
    Severity.MEDIUM: "P3",
    Severity.LOW: "P4",
    None: "P5",
}


def post(card: Card, hook: Hook, reveal: Reveal) -> Post | None:
    turn = turn_of(card)
    if turn is None:
        return None
    alerts = address(hook, reveal).rstrip("/")
    headers = {
        "Authorization": f"GenieKey {key(hook, reveal)}",
        "Content-Type": "application/json",
    }
    alias = bounded_key(card.key, _LONGEST_ALIAS)
    alert = f"{alerts}/{quote(alias, safe='')}"

    def to(action: str, then: Post | None = None) -> Post:
        url = f"{alert}/{action}?identifierType=alias" if action else alerts
        body = _note(card) if action else {"alias": alias, **_alert(card)}
        return Post(url=url, body=msgspec.json.encode(body), headers=headers, then=then)

    match turn:
        case Turn.RISES:
            return to("")
        case Turn.IS_TAKEN:
            return to("acknowledge")
        case Turn.ENDS:
            return to("close")
        case Turn.IS_TRIED:
            return to("", then=to("close"))


def _note(card: Card) -> dict[str, str]:
    return {"source": _SOURCE, "note": cut(text(card), _LONGEST_NOTE)}


def _alert(card: Card) -> dict[str, Any]:
    told = card.incident
    found: dict[str, Any] = {
        "message": shown(card.title, _LONGEST_MESSAGE),
        "description": cut(text(card), _LONGEST_DESCRIPTION),
        "priority": _PRIORITIES[card.severity],
        "source": _SOURCE,
        "tags": ["gatewatch", *_tags(card)],
        "details": {name: shown(value, _LONGEST_DETAIL) for name, value in _details(card)},
    }
    if card.news:
        # An alert that is there already keeps its text, and gets a note.
        found["note"] = cut(as_blocks(card.news), _LONGEST_NOTE)
    if told is not None:
        found["entity"] = shown(told.api, _LONGEST_ENTITY)
    return found


def _tags(card: Card) -> Iterator[str]:
    """A comma would part one tag into two."""
    if card.incident is not None:
        told = card.incident
        for one in (told.severity, told.layer, told.finding, told.api, told.stage, told.team):
            if one:
                yield shown(one.replace(",", " "), _LONGEST_TAG)


def _details(card: Card) -> Iterator[tuple[str, str]]:
    told = card.incident
    if told is not None:
        named = {
            "incident": told.id,
            "api": told.api,
            "stage": told.stage,
            "layer": told.layer,
            "cause": told.cause,
            "finding": told.finding,
            "owner": told.owner,
            "runbook": told.runbook,
        }
        yield from ((name, value) for name, value in named.items() if value)
    yield from ((one.label, one.value) for one in card.place[:3])
    yield "message", card.message_id

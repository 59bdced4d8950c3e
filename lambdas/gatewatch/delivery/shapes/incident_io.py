"""An alert event of incident.io's HTTP source: firing, then resolved.

Nothing there takes an acknowledgement. A test fires an alert of its own, and resolves it.
https://api-docs.incident.io/tag/Alert-Events-V2
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from gatewatch.config.canonical import Hook
from gatewatch.delivery.post import Post, Reveal, address, key
from gatewatch.delivery.shapes.fields import Turn, bounded_key, details, shown, turn_of
from gatewatch.notices.card import Card
from gatewatch.notices.chat import web_links
from gatewatch.notices.message import text
from gatewatch.notices.visible import cut

# No limits are published; these are ours.
_LONGEST_TITLE = 250
_LONGEST_DESCRIPTION = 15_000
_LONGEST_KEY = 255
_MOST_DETAILS = 60_000
_STATUSES = {
    Turn.RISES: ("firing",),
    Turn.IS_TAKEN: (),
    Turn.ENDS: ("resolved",),
    Turn.IS_TRIED: ("firing", "resolved"),
}


def post(card: Card, hook: Hook, reveal: Reveal) -> Post | None:
    turn = turn_of(card)
    statuses = () if turn is None else _STATUSES[turn]
    then: Post | None = None
    for status in reversed(statuses):
        then = Post(
            url=address(hook, reveal),
            body=msgspec.json.encode(_event(card, status)),
            headers={
                "Authorization": f"Bearer {key(hook, reveal)}",
                "Content-Type": "application/json",
            },
            then=then,
        )
    return then


def _event(card: Card, status: str) -> dict[str, Any]:
    event = {
        "title": shown(card.title, _LONGEST_TITLE),
        "description": _preformatted(cut(text(card), _LONGEST_DESCRIPTION)),
        "status": status,
        "deduplication_key": bounded_key(card.key, _LONGEST_KEY),
        "metadata": {**_attributes(card), "details": details(card, _MOST_DETAILS)},
    }
    links = web_links(card)
    return {**event, "source_url": links[0].href} if links else event


def _preformatted(found: str) -> str:
    """As Markdown shows it unchanged: within a fence that is longer than any in it."""
    longest = max((len(one) for one in re.findall(r"`+", found)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}\n{found}\n{fence}"


def _attributes(card: Card) -> dict[str, str]:
    """For the expressions of an alert source."""
    told = card.incident
    if told is None:
        return {"kind": card.kind}
    named = {
        "kind": card.kind,
        "severity": told.severity,
        "api": told.api,
        "stage": told.stage,
        "layer": told.layer,
        "cause": told.cause,
        "finding": told.finding,
        "owner": told.owner,
        "team": told.team,
    }
    return {name: shown(value, 255) for name, value in named.items() if value}

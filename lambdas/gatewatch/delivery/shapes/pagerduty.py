"""An event of PagerDuty: one alert for each incident, from trigger to resolve.

A test triggers an alert of its own key with severity `info`, and resolves it.
https://developer.pagerduty.com/docs/send-alert-event
"""

from __future__ import annotations

from typing import Any

import msgspec

from gatewatch.config.canonical import Hook
from gatewatch.delivery.post import Post, Reveal, address, key
from gatewatch.delivery.shapes.fields import Turn, bounded_key, details, shown, turn_of
from gatewatch.model import Severity
from gatewatch.notices.card import Card
from gatewatch.notices.chat import web_links

_LONGEST_SUMMARY = 1_024
_LONGEST_KEY = 255
_LONGEST_NAME = 255
_LONGEST_LINK = 2_000
_MOST_LINKS = 20
_MOST_DETAILS = 300_000
"""Bytes; a whole event may have 512 KB."""
_ACTIONS = {
    Turn.RISES: ("trigger",),
    Turn.IS_TAKEN: ("acknowledge",),
    Turn.ENDS: ("resolve",),
    Turn.IS_TRIED: ("trigger", "resolve"),
}
_SEVERITIES = {
    Severity.CRITICAL: "critical",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "info",
    None: "info",
}


def post(card: Card, hook: Hook, reveal: Reveal) -> Post | None:
    turn = turn_of(card)
    if turn is None:
        return None
    url, routing_key = address(hook, reveal), key(hook, reveal)
    then: Post | None = None
    for action in reversed(_ACTIONS[turn]):
        event = {"routing_key": routing_key, **_event(card, action, hook)}
        then = Post(
            url=url,
            body=msgspec.json.encode(event),
            headers={"Content-Type": "application/json"},
            then=then,
        )
    return then


def _event(card: Card, action: str, hook: Hook) -> dict[str, Any]:
    """Only a trigger says more than whose turn it is."""
    event: dict[str, Any] = {
        "event_action": action,
        "dedup_key": bounded_key(card.key, _LONGEST_KEY),
    }
    if action == "trigger":
        event |= {"client": "Gatewatch", "payload": _payload(card, hook), "links": _links(card)}
    return event


def _payload(card: Card, hook: Hook) -> dict[str, Any]:
    told = card.incident
    found: dict[str, Any] = {
        "summary": _summary(card, hook),
        "severity": _SEVERITIES[card.severity],
        "source": "Gatewatch",
        "timestamp": card.at,
        "custom_details": details(card, _MOST_DETAILS),
    }
    if told is not None:
        found |= {
            "source": shown(" ".join(filter(None, (told.api, told.stage))), _LONGEST_NAME)
            or found["source"],
            "component": told.layer.value,
            "class": told.finding.value,
        }
        if told.team:
            found["group"] = shown(told.team, _LONGEST_NAME)
    return found


def _summary(card: Card, hook: Hook) -> str:
    """It becomes the title of PagerDuty's incident, and is what a webhook tells of it: the key of
    the alert is not always among that. So it ends with the id where acknowledgements come back.

    https://github.com/PagerDuty/pdpyras/issues/44
    """
    if hook.acknowledge is None or card.incident is None:
        return shown(card.title, _LONGEST_SUMMARY)
    end = f" [{card.key}]"
    return f"{shown(card.title, _LONGEST_SUMMARY - len(end))}{end}"


def _links(card: Card) -> list[dict[str, str]]:
    """A cut link leads elsewhere, so a long one is left out."""
    found = [one for one in web_links(card) if len(one.href) <= _LONGEST_LINK]
    return [{"href": one.href, "text": shown(one.text, 100)} for one in found[:_MOST_LINKS]]

"""A message for any other receiver: the JSON for programs, or what the user's template makes.

https://github.com/standard-webhooks/standard-webhooks is the model of the signature.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from gatewatch.config.canonical import Hook
from gatewatch.config.template import JSON, MOST_OUTPUT, TemplateFaultError, filled, is_json
from gatewatch.delivery.post import MisledError, Post, Reveal, address, key
from gatewatch.notices.card import Block, Card, Fact
from gatewatch.notices.machine import fitting
from gatewatch.notices.message import as_blocks, text
from gatewatch.notices.visible import obeyed_by_none, visible


def post(card: Card, hook: Hook, reveal: Reveal) -> Post:
    """Raises TemplateFaultError, too."""
    url = address(hook, reveal)
    headers = {
        "Content-Type": hook.content_type or JSON,
        "Idempotency-Key": card.message_id,
        "X-Gatewatch-Message-Id": card.message_id,
    }
    if hook.key is not None:
        headers["Authorization"] = f"Bearer {key(hook, reveal)}"
    return Post(
        url=url,
        body=_body(card, hook).encode("utf-8", "replace"),
        headers=headers,
        sign=None if hook.sign is None else _sign(reveal(hook.sign).strip()),
    )


def _sign(secret: str) -> str:
    if not secret:
        raise MisledError("the secret with which its messages are signed is empty")
    return secret


def _body(card: Card, hook: Hook) -> str:
    if hook.template is None:
        return fitting(card.message, MOST_OUTPUT)
    made = filled(hook.template, fields(card))
    if is_json(hook.content_type):
        try:
            msgspec.json.decode(made)
        except (msgspec.DecodeError, RecursionError):
            raise TemplateFaultError("its output is no JSON: write {{ field|tojson }}") from None
    return made


def fields(card: Card) -> dict[str, Any]:
    """What a template may name: the fields of the JSON for programs, and the message in parts for
    people. All texts are harmless, since nobody knows who reads them."""
    told = {
        **msgspec.json.decode(fitting(card.message, MOST_OUTPUT)),
        "key": card.key,
        "state": card.state,
        "severity": card.severity,
        "facts": _labelled(card.facts),
        "steps": _lines(card.first),
        "owned": _labelled(card.owned),
        "place": _labelled(card.place),
        "blocks": [{"title": one.title, "lines": _lines(one)} for one in card.blocks if one.lines],
    }
    return {**{name: _harmless(one) for name, one in told.items()}, "text": text(card)}


def _labelled(facts: Iterable[Fact]) -> list[dict[str, str]]:
    return [{"label": one.label, "value": one.value} for one in facts]


def _lines(block: Block) -> list[str]:
    return as_blocks(block.lines).splitlines()


def _harmless(found: object) -> object:
    if isinstance(found, str):
        return visible(obeyed_by_none(found))
    if isinstance(found, Mapping):
        return {name: _harmless(value) for name, value in found.items()}
    if isinstance(found, (list, tuple)):
        return [_harmless(one) for one in found]
    return found

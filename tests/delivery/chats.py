"""The three chats' forms of a card, and what their schemas say of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from gatewatch.config.canonical import Hook, HookKind, SecretRef, SecretSource
from gatewatch.delivery.shapes import slack, teams
from gatewatch.notices.card import Card
from gatewatch.notices.shapes import amazon_q

SECRET = SecretRef(source=SecretSource.SECRET, name="gatewatch/chat")
HOOKS = {
    "slack": Hook(kind=HookKind.SLACK, url=SECRET, hosts=("hooks.slack.com:443",)),
    "teams": Hook(kind=HookKind.TEAMS, url=SECRET, hosts=("prod.logic.azure.com:443",)),
}
URLS = {
    "slack": "https://hooks.slack.com/services/T0/B0/planted-secret",
    "teams": "https://prod.logic.azure.com/workflows/1?sig=planted-secret",
}


def of_slack(card: Card) -> bytes:
    return slack.post(card, HOOKS["slack"], lambda _: URLS["slack"]).body


def of_teams(card: Card) -> bytes:
    return teams.post(card, HOOKS["teams"], lambda _: URLS["teams"]).body


def of_amazon_q(card: Card) -> bytes:
    return amazon_q.body(card).encode()


CHATS: dict[str, Callable[[Card], bytes]] = {
    "amazon_q": of_amazon_q,
    "slack": of_slack,
    "teams": of_teams,
}


@cache
def _schema(chat: str) -> Draft202012Validator:
    file = Path(__file__).parent / "schemas" / f"{chat}.json"
    return Draft202012Validator(json.loads(file.read_text(encoding="utf-8")))


def problems(chat: str, body: bytes) -> list[str]:
    """What is not as the schema says, and what no schema can say: sizes of the whole."""
    found = json.loads(body)
    told = [f"{one.json_path}: {one.message[:200]}" for one in _schema(chat).iter_errors(found)]
    if chat == "teams" and len(body) > 28 * 1024:
        told.append(f"{len(body)} bytes")
    if chat == "slack":
        told += _of_slack(found)
    return told


def _of_slack(found: Any) -> Iterator[str]:
    blocks = len(found["blocks"]) + sum(len(one["blocks"]) for one in found["attachments"])
    if blocks > 50:
        yield f"{blocks} blocks"
    if (characters := sum(map(len, texts(found)))) > 13_000:
        yield f"{characters} characters"


def texts(found: Any) -> Iterator[str]:
    """All values of a message that people may see."""
    if isinstance(found, str):
        yield found
    elif isinstance(found, dict):
        for one in found.values():
            yield from texts(one)
    elif isinstance(found, list):
        for one in found:
            yield from texts(one)


def said(chat: str, card: Card) -> list[str]:
    """As they are shown: Slack turns its entities back."""
    found = list(texts(json.loads(CHATS[chat](card))))
    if chat != "slack":
        return found
    back = {"&lt;": "<", "&gt;": ">", "&amp;": "&"}
    for entity, sign in back.items():
        found = [one.replace(entity, sign) for one in found]
    return found

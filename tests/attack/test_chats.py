"""Texts of servers and of other people in chats: valid whatever they are, and obeyed by none."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings

from gatewatch.delivery.parcel import Parcel, card
from gatewatch.notices.card import Card, card_of
from gatewatch.notices.notice import Notice
from tests.attack.test_hostile_text import HOSTILE, OBEYED, STEERS, hostile
from tests.attack.test_messages import AT, NOTICES, ORIGIN
from tests.delivery.chats import CHATS, problems, texts


@pytest.mark.parametrize("chat", CHATS)
@given(NOTICES)
@settings(max_examples=40)
def test_any_incident_makes_a_message_that_the_chat_takes(chat: str, notice: Notice) -> None:
    one = card(Parcel(notice=notice), ORIGIN)
    assert one is not None
    assert problems(chat, CHATS[chat](one)) == []


def _card(text: str) -> Card:
    return card_of("m", "opened", AT, hostile(text), origin=ORIGIN, news=(text, f"x {text}"))


def _without_commands(found: Any) -> Any:
    """What is typed is shown as it is: in Teams in runs of text, which know no markdown; elsewhere
    between fences or backticks, in which nothing is formatted."""
    if isinstance(found, str):
        return re.sub(r"^```.*```$|`[^`]+`", "", found, flags=re.DOTALL)
    if isinstance(found, dict):
        is_run = found.get("type") == "TextRun"
        return {} if is_run else {name: _without_commands(one) for name, one in found.items()}
    return [_without_commands(one) for one in found] if isinstance(found, list) else found


@pytest.mark.parametrize("chat", CHATS)
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_nobody_is_called_and_nothing_is_drawn(chat: str, text: str) -> None:
    found = list(texts(_without_commands(json.loads(CHATS[chat](_card(text))))))
    obeyed = [one for one in found if OBEYED.search(re.sub(r"</dev/null", "", one))]
    assert obeyed == []
    assert [one for one in found if STEERS.search(one)] == []


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_amazon_q_hands_no_bracket_on_that_slack_would_read(text: str) -> None:
    found = list(texts(json.loads(CHATS["amazon_q"](_card(text)))))
    assert [one for one in found if re.search(r"<[!@#/a-zA-Z][^>]*>", one)] == []


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_slack_gets_no_bracket_that_it_would_read(text: str) -> None:
    found = json.loads(CHATS["slack"](_card(text)))
    read = [one for one in texts(found) if re.search(r"[<>]|&(?!(amp|lt|gt);)", one)]
    assert [one for one in read if one not in _plain(found)] == []


def _plain(found: Any) -> list[str]:
    """Plain texts, in which Slack reads nothing."""
    if isinstance(found, dict):
        if found.get("type") == "plain_text":
            return [str(found["text"])]
        return [text for one in found.values() for text in _plain(one)]
    return [text for one in found for text in _plain(one)] if isinstance(found, list) else []


FORMATS = ("*bold*", "_slanted_", "~struck~", "`typed`", "```fence", "**x**", "__init__")


@pytest.mark.parametrize("chat", CHATS)
@pytest.mark.parametrize("text", FORMATS)
def test_a_text_looks_as_it_was_found(chat: str, text: str) -> None:
    found = json.loads(CHATS[chat](_card(text)))
    assert [one for one in texts(_without_commands(found)) if text in one] == []

"""A card as an Adaptive Card for a Workflow of Microsoft Teams that posts what a webhook receives.

https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook
https://adaptivecards.io/explorer/
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

import msgspec

from gatewatch.config.canonical import Hook
from gatewatch.delivery.post import Post, Reveal, address
from gatewatch.notices.card import Card, Fact
from gatewatch.notices.chat import (
    NOT_SHOWN,
    Run,
    details,
    in_one_line,
    is_heading,
    literal,
    may_be_shown,
    on_one_line,
    outcome,
    runs,
    signature,
    status,
    tone,
    web_links,
)
from gatewatch.notices.visible import cut

_LARGEST_BYTES = 28 * 1024 - 512
"""https://learn.microsoft.com/microsoftteams/platform/bots/how-to/format-your-bot-messages
counts 28 KB with what Teams itself adds."""
_LONGEST_HEADLINE = 300
_LONGEST_BUTTON = 75
_MOST_BUTTONS = 5
_ROOMS = (16_000, 8_000, 4_000, 1_000, 0)
"""For what is to be done, and as much for the reasons, in bytes: the first with which it fits."""
_DETAILS = "details"

_Object = dict[str, object]


def post(card: Card, hook: Hook, reveal: Reveal) -> Post:
    return Post(
        url=address(hook, reveal),
        body=_fitting(card),
        headers={"content-type": "application/json"},
        authority=hook.authority,
    )


def _fitting(card: Card) -> bytes:
    found = b""
    for room in _ROOMS:
        found = msgspec.json.encode(message(card, room))
        if len(found) <= _LARGEST_BYTES:
            break
    return found


def message(card: Card, room: int = _ROOMS[0]) -> _Object:
    return {
        "type": "message",
        "summary": in_one_line(card, _LONGEST_HEADLINE),
        "attachments": [
            {
                "contentType": "application/vnd.microsoft.card.adaptive",
                "contentUrl": None,
                "content": _adaptive(card, room),
            }
        ],
    }


def _adaptive(card: Card, room: int) -> _Object:
    reasons = list(_kept(_details(card), room))
    return {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.5",
        "fallbackText": in_one_line(card, _LONGEST_HEADLINE),
        "msteams": {"width": "Full"},
        "body": [
            _top(card),
            *_kept((*_news(card), *_facts(card.facts), *_first(card)), room),
            *_facts(card.owned),
            *([_hidden(reasons)] if reasons else []),
            *(_text(one, size="Small", isSubtle=True, spacing="Small") for one in signature(card)),
        ],
        "actions": [*_links(card), *([_TOGGLE] if reasons else [])],
    }


_TOGGLE: _Object = {
    "type": "Action.ToggleVisibility",
    "title": "Details",
    "targetElements": [_DETAILS],
}


def _kept(found: Iterable[_Object], room: int) -> Iterator[_Object]:
    """The first elements, as many as there is room for; it says that some are left out."""
    for one in found:
        room -= len(msgspec.json.encode(one))
        if room < 0:
            yield _text("\u2026 more in the incident in full", isSubtle=True)
            return
        yield one


def _top(card: Card) -> _Object:
    """The mark stands in a column of its own, so that long lines do not run below it."""
    looks = tone(card)
    return {
        "type": "Container",
        "style": looks.name,
        "bleed": True,
        "items": [
            {
                "type": "ColumnSet",
                "columns": [
                    {
                        "type": "Column",
                        "width": "auto",
                        "items": [_text(looks.mark, size="Large")],
                    },
                    {
                        "type": "Column",
                        "width": "stretch",
                        "items": [
                            _text(
                                cut(outcome(card), _LONGEST_HEADLINE),
                                size="Medium",
                                weight="Bolder",
                            ),
                            _text(status(card), size="Small", spacing="None"),
                        ],
                    },
                ],
            }
        ],
    }


def _news(card: Card) -> Iterator[_Object]:
    return (_text(literal(one), weight="Bolder", spacing="Small") for one in card.news)


def _facts(found: Iterable[Fact]) -> Iterator[_Object]:
    for kind, group in groupby(found, _kind):
        facts = list(group)
        if kind == "command":
            yield _box(element for one in facts for element in _to_type(one))
        elif kind == "sentence":
            yield from (_text(literal(one.value)) for one in facts)
        else:
            named = [{"title": literal(one.label), "value": literal(one.value)} for one in facts]
            yield {"type": "FactSet", "facts": named}


def _kind(fact: Fact) -> str:
    return "command" if fact.is_command else "fact" if fact.label else "sentence"


def _first(card: Card) -> Iterator[_Object]:
    return _of_runs(card.first.title, runs(card.first.lines))


def _details(card: Card) -> Iterator[_Object]:
    for one in details(card):
        yield from _of_runs(one.title, runs(one.lines))


def _of_runs(title: str, found: Iterable[Run]) -> Iterator[_Object]:
    if title:
        yield _text(literal(title), weight="Bolder")
    for run in found:
        if run.is_command:
            yield _code(on_one_line(run))
        else:
            yield from map(_told, run.lines)


def _told(line: str) -> _Object:
    if is_heading(line):
        return _text(line, weight="Bolder")
    return _text(line, spacing="Small")


def _hidden(reasons: Sequence[_Object]) -> _Object:
    return {"type": "Container", "id": _DETAILS, "isVisible": False, "items": list(reasons)}


def _links(card: Card) -> Iterator[_Object]:
    for one in web_links(card)[:_MOST_BUTTONS]:
        title = cut(literal(one.text), _LONGEST_BUTTON)
        yield {"type": "Action.OpenUrl", "title": title, "url": one.href}


def _text(text: str, **looks: object) -> _Object:
    return {"type": "TextBlock", "text": text, "wrap": True, **looks}


def _to_type(fact: Fact) -> Iterator[_Object]:
    yield _text(literal(fact.label), size="Small", isSubtle=True, spacing="Small")
    yield _typed(fact.value if may_be_shown(fact.value) else NOT_SHOWN)


def _code(lines: Sequence[str]) -> _Object:
    """Each command in a block of its own, to be copied whole."""
    return _box(map(_typed, lines))


def _box(items: Iterable[_Object]) -> _Object:
    return {"type": "Container", "style": "emphasis", "spacing": "Small", "items": list(items)}


def _typed(command: str) -> _Object:
    """Runs of a RichTextBlock are shown as they are, without any markdown:
    https://adaptivecards.io/explorer/TextRun.html"""
    run = {"type": "TextRun", "text": command, "fontType": "Monospace", "size": "Small"}
    return {"type": "RichTextBlock", "spacing": "None", "inlines": [run]}

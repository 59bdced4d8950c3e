"""A card as a message of a Slack incoming webhook, in blocks.

Such a webhook can neither answer in a thread nor change a message: all of one incident have its id
in their second line.
https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks/
https://docs.slack.dev/reference/block-kit/blocks/
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
    headline,
    in_one_line,
    is_heading,
    literal,
    may_be_shown,
    runs,
    signature,
    status,
    tone,
    web_links,
)
from gatewatch.notices.visible import cut

_LONGEST_HEADER = 150
_LONGEST_TEXT = 3000
_LONGEST_NOTICE = 400
_LONGEST_TYPED = 2000
_LONGEST_LABEL = 75
_MOST_FIELDS = 10
_MOST_BUTTONS = 5
_MOST_ACTING, _MOST_REASONS = 22, 15
"""Blocks: Slack takes 50, and some are always there."""
_LONGEST_ACTING, _LONGEST_REASONS = 6_000, 4_000
"""The characters of all these: Slack refuses a message as too long somewhere above 13,000, and
says nowhere how long it may be."""
_SHORT = 60
"""What stands beside another in a field."""

_Object = dict[str, object]


def post(card: Card, hook: Hook, reveal: Reveal) -> Post:
    return Post(
        url=address(hook, reveal),
        body=msgspec.json.encode(message(card)),
        headers={"content-type": "application/json"},
        authority=hook.authority,
    )


def message(card: Card) -> _Object:
    """`text` is for notifications. An attachment gives the colour:
    https://docs.slack.dev/reference/messaging/payload/"""
    shown = _blocks(card)
    return {
        "text": _escaped(in_one_line(card, _LONGEST_NOTICE)),
        "blocks": [_header(headline(card, _LONGEST_HEADER))],
        "attachments": [
            {
                "color": tone(card).colour,
                "fallback": _escaped(in_one_line(card, _LONGEST_NOTICE)),
                "blocks": shown,
            }
        ],
    }


def _blocks(card: Card) -> list[_Object]:
    acting = (*_news(card), *_facts(card.facts), *_first(card))
    return [
        _context(status(card)),
        *_fitting(acting, _LONGEST_ACTING, _MOST_ACTING),
        *_facts(card.owned),
        *_buttons(card),
        *_fitting(_details(card), _LONGEST_REASONS, _MOST_REASONS),
        *map(_context, signature(card)),
    ]


def _fitting(found: Iterable[_Object], longest: int, most: int) -> Iterator[_Object]:
    """The first blocks, as many as a message holds; it says that some are left out."""
    for number, one in enumerate(found):
        longest -= len(msgspec.json.encode(one))
        if longest < 0 or number == most - 1:
            yield _context("\u2026 more in the incident in full")
            return
        yield one


def _news(card: Card) -> Iterator[_Object]:
    if card.news:
        yield from _sections([_bold(literal(one)) for one in card.news])


def _facts(found: Iterable[Fact]) -> Iterator[_Object]:
    """Short ones side by side; commands as they are typed."""
    for kind, group in groupby(found, _width):
        facts = list(group)
        if kind == "short" and len(facts) > 1:
            yield from _fields(facts)
        elif kind == "command":
            yield from _sections([_to_type(one) for one in facts])
        else:
            yield from _sections([_labelled(one, " ") for one in facts])


def _width(fact: Fact) -> str:
    if fact.is_command:
        return "command"
    return "short" if fact.label and len(fact.value) <= _SHORT else "long"


def _labelled(fact: Fact, between: str) -> str:
    label = f"*{_shown(cut(fact.label, _LONGEST_LABEL))}*{between}" if fact.label else ""
    return f"{label}{_shown(fact.value)}"


def _to_type(fact: Fact) -> str:
    """In its line: these commands are short."""
    typed = _escaped(fact.value)
    is_whole = may_be_shown(fact.value) and "`" not in fact.value and len(typed) <= _LONGEST_TYPED
    return f"{_bold(literal(fact.label))} `{typed if is_whole else NOT_SHOWN}`"


def _fields(facts: Sequence[Fact]) -> Iterator[_Object]:
    for start in range(0, len(facts), _MOST_FIELDS):
        few = facts[start : start + _MOST_FIELDS]
        yield {"type": "section", "fields": [_mrkdwn(_labelled(one, "\n")) for one in few]}


def _first(card: Card) -> Iterator[_Object]:
    return _of_runs(card.first.title, runs(card.first.lines))


def _details(card: Card) -> Iterator[_Object]:
    for one in details(card):
        yield from _of_runs(one.title, runs(one.lines))


def _of_runs(title: str, found: Iterable[Run]) -> Iterator[_Object]:
    told = [_bold(literal(title))] if title else []
    for run in found:
        if run.is_command:
            yield from _sections(told, run.lines)
            told = []
        else:
            told += [_bold(one) if is_heading(one) else _escaped(one) for one in run.lines]
    yield from _sections(told)


def _bold(line: str) -> str:
    return f"*{_escaped(line)}*"


def _sections(lines: Sequence[str], command: Sequence[str] = ()) -> Iterator[_Object]:
    """Lines in as few sections as hold them, with a command below them in a section of its own: a
    fence that is cut would open over all that follows."""
    text = ""
    for line in lines:
        if text and len(text) + len(line) >= _LONGEST_TEXT:
            yield _section(text)
            text = ""
        text = f"{text}\n{line}" if text else line
    if text:
        yield _section(text)
    if command:
        yield _section(_code(command))


def _code(lines: Sequence[str]) -> str:
    """As they are typed, or not at all."""
    text = "\n".join(lines)
    is_whole = may_be_shown(text.replace("\n", "")) and "```" not in text
    fenced = f"```{_escaped(text)}```"
    return fenced if is_whole and len(fenced) <= _LONGEST_TEXT else f"```{NOT_SHOWN}```"


def _buttons(card: Card) -> Iterator[_Object]:
    found = [
        {
            "type": "button",
            "text": _plain(cut(literal(one.text), _LONGEST_LABEL)),
            "url": one.href,
            "action_id": f"link_{number}",
        }
        for number, one in enumerate(web_links(card)[:_MOST_BUTTONS])
    ]
    if found:
        yield {"type": "actions", "elements": found}


def _header(text: str) -> _Object:
    return {"type": "header", "text": _plain(text)}


def _context(text: str) -> _Object:
    return {"type": "context", "elements": [_mrkdwn(_escaped(cut(text, _LONGEST_TEXT // 6)))]}


def _section(text: str) -> _Object:
    return {"type": "section", "text": _mrkdwn(text)}


def _plain(text: str) -> _Object:
    return {"type": "plain_text", "text": text, "emoji": False}


def _mrkdwn(text: str) -> _Object:
    """`verbatim`: Slack makes no links and no mentions by itself."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _shown(text: str) -> str:
    return _escaped(literal(text))


def _escaped(text: str) -> str:
    """https://docs.slack.dev/messaging/formatting-message-text/#escaping"""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

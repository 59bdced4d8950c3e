"""A card as a custom notification of Amazon Q Developer in chat applications, which drops anything
else in a topic without a word.

https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator

import msgspec

from gatewatch.notices.card import Block, Card, Fact
from gatewatch.notices.chat import (
    Run,
    details,
    headline,
    in_one_line,
    is_heading,
    literal,
    may_be_shown,
    on_one_line,
    runs,
    signature,
    status,
    web_links,
)
from gatewatch.notices.visible import cut, may_be_typed

_LONGEST_TITLE = 250
_LONGEST_DESCRIPTION = 8000
_LONGEST_STEP = 350
_MOST_STEPS = 12
_MOST_LINKS = 2
_LONGEST_KEYWORD = 75
_LONGEST_CONTEXT = 250


def body(card: Card) -> str:
    """Messages of one incident have the same `threadId`, so that a chat may show them in a thread.
    `additionalContext` is what a custom action can take from it, such as the incident to be
    acknowledged."""
    whole = {
        "version": "1.0",
        "source": "custom",
        "id": card.message_id,
        "content": {
            "textType": "client-markdown",
            "title": headline(card, _LONGEST_TITLE),
            "description": _description(card),
            "nextSteps": list(_steps(card)),
            "keywords": list(_keywords(card)),
        },
        "metadata": {
            "threadId": card.key,
            "summary": in_one_line(card, _LONGEST_TITLE),
            "eventType": f"gatewatch {card.kind}",
            "enableCustomActions": card.state == "open",
            "additionalContext": dict(_context(card)),
        },
    }
    return msgspec.json.encode(whole).decode()


def _description(card: Card) -> str:
    """Whole lines, as many as fit; what is to be done stands in the next steps."""
    room, kept = _LONGEST_DESCRIPTION, list[str]()
    for line in _lines(card):
        room -= len(line) + len("\n")
        if room < 0:
            break
        kept.append(line)
    return "\n".join(kept)


def _lines(card: Card) -> Iterator[str]:
    yield status(card)
    yield from (literal(one) for one in card.news)
    yield from _facts(card.facts)
    yield from _facts(one for one in card.owned if not one.is_command)
    if card.incident is None:
        yield from _block(card.first)
    for one in details(card):
        yield from _block(one)
    yield from (f"{literal(one.text)}: {one.href}" for one in web_links(card))
    yield from signature(card)


def _facts(found: Iterable[Fact]) -> Iterator[str]:
    for one in found:
        label = f"*{literal(one.label)}:* " if one.label else ""
        yield f"{label}{literal(one.value)}"


def _block(found: Block) -> Iterator[str]:
    if found.title:
        yield f"*{literal(found.title)}*"
    for run in runs(found.lines):
        yield from _commands(run) if run.is_command else run.lines


def _steps(card: Card) -> Iterator[str]:
    """What to do first; taking over has its place, however many causes there may be."""
    typed = [step for fact in card.owned if fact.is_command for step in _command_of(fact)]
    told = [one for run in runs(card.first.lines) for one in _told(run)] if card.incident else []
    found = [*told[: max(0, _MOST_STEPS - len(typed))], *typed]
    return (one for one in found[:_MOST_STEPS] if one)


def _told(run: Run) -> Iterator[str]:
    """Without what only announces the lines below it."""
    if run.is_command:
        yield from _commands(run)
    else:
        yield from (cut(one, _LONGEST_STEP) for one in run.lines if not is_heading(one))


def _command_of(fact: Fact) -> Iterator[str]:
    shown = _code(fact.value, _LONGEST_STEP - len(fact.label) - len(": "))
    if shown:
        yield f"{fact.label}: {shown}"


def _commands(run: Run) -> Iterator[str]:
    return (one for line in on_one_line(run) if (one := _code(line, _LONGEST_STEP)))


_PLACEHOLDER = re.compile(r"<([a-z_]+)>")


def _is_read(command: str) -> bool:
    """Whether a chat would format part of it, or take it for a link. A placeholder is replaced by
    whoever types it; one in quotes is part of a name."""
    try:
        words = shlex.split(command)
    except ValueError:
        return True
    bracketed = [one for one in words if "<" in one]
    return "`" in command or any(
        f"'{one}'" in command or not (_PLACEHOLDER.fullmatch(one) or _FILE.fullmatch(one))
        for one in bracketed
    )


_FILE = re.compile(r"</[a-z/]+")


def _code(command: str, longest: int) -> str:
    """As it is typed, or not at all: what a chat would obey, or what is too long, is left out."""
    if command.startswith("#"):
        return cut(literal(command.lstrip("# ")), longest)
    shown = _PLACEHOLDER.sub("\u2039\\1\u203a", command)
    is_harmless = not _is_read(command) and may_be_shown(command) and may_be_typed(command)
    return f"`{shown}`" if is_harmless and 0 < len(shown) <= longest - len("``") else ""


def _keywords(card: Card) -> Iterator[str]:
    incident = card.incident
    if incident is None:
        yield card.kind
        return
    words = (incident.api, incident.stage, incident.layer, incident.cause, incident.severity)
    for one in dict.fromkeys(word for word in (*words, incident.team) if word):
        yield cut(literal(one), _LONGEST_KEYWORD)


def _context(card: Card) -> Iterator[tuple[str, str]]:
    """Strings alone."""
    yield "message_id", card.message_id
    yield "kind", str(card.kind)
    yield "state", card.state
    if (incident := card.incident) is not None:
        yield "incident", incident.id
        yield "api", _short(incident.api)
        yield "severity", incident.severity
        yield "layer", incident.layer
        yield "cause", _short(incident.cause)
    for one in card.place:
        yield one.label, _short(one.value)


def _short(text: str) -> str:
    return cut(literal(text), _LONGEST_CONTEXT)

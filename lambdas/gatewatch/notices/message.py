"""A message for mail and terminals: a subject and plain text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

from msgspec import UnsetType

from gatewatch.incidents.correlate import moment
from gatewatch.model import Incident
from gatewatch.notices.card import Block, Card, Fact, title
from gatewatch.notices.origin import UNNAMED, USUAL_NAME, Origin
from gatewatch.notices.steps import Line
from gatewatch.notices.visible import cut, may_be_typed, obeyed_by_none, visible_line

_LONGEST_SUBJECT = 99
_LONGEST_LINE = 1000


def subject(kind: str, incident: Incident, origin: Origin = UNNAMED) -> str:
    return in_subject(title(kind, incident), origin)


def in_subject(told: str, origin: Origin = UNNAMED) -> str:
    """One line of printable ASCII, as SNS requires, cut at a word, and which of many deployments
    says it: one name may stand in several accounts and regions."""
    where = _plain(_place(origin))
    return _cut(_plain(told), _LONGEST_SUBJECT - len(where)) + where


def _plain(text: str) -> str:
    parts = unicodedata.normalize("NFKD", text)
    plain = "".join(one for one in parts if not unicodedata.combining(one))
    return re.sub(r"[^\x20-\x7e]", "?", obeyed_by_none(plain))


_LONGEST_DEPLOYMENT = 20


def _place(origin: Origin) -> str:
    """Room is scarce: the usual name goes without saying."""
    if origin.account is None or origin.region is None:
        return ""
    name = "" if origin.deployment in (None, USUAL_NAME) else origin.deployment
    if len(name) > _LONGEST_DEPLOYMENT:
        name = f"{name[: _LONGEST_DEPLOYMENT - len('...')]}..."
    return f" [{' '.join(part for part in (name, origin.account, origin.region) if part)}]"


def _cut(line: str, longest: int) -> str:
    """A path may be cut between its parts, since it distinguishes routes."""
    if len(line) <= longest:
        return line
    room = line[: longest - len("...")]
    end = max(room.rfind(" "), room.rfind("/") + 1)
    whole = room if line[len(room)] == " " else room[:end]
    return f"{whole.rstrip(' ,:;(')}..."


def text(card: Card) -> str:
    """For mail and terminals. What is new since the last message stands right below the subject."""
    return as_blocks(
        [card.title, *card.news],
        _facts(card.facts),
        _block(card.first),
        _facts(card.owned),
        _facts(card.place),
        *(_block(one) for one in card.blocks),
        _pages(card),
        [card.end],
    )


def _pages(card: Card) -> Iterator[str]:
    """The runbook stands above."""
    runbook = card.incident.runbook if card.incident is not None else None
    shown = [one for one in card.links if one.href != runbook]
    if shown:
        yield "pages:"
    yield from (f"- {one.text}: {one.href}" for one in shown)


def _facts(found: Iterable[Fact]) -> Iterator[str | Line]:
    for one in found:
        label = f"{f'{one.label}:':<13}" if one.label else ""
        if one.is_command:
            is_shown = _is_shown(one.value) and obeyed_by_none(one.value) == one.value
            value = one.value if is_shown else _NOT_SHOWN
            yield Line(f"{label}{value}", is_command=True)
        else:
            yield f"{label}{one.value}"


def _block(found: Block) -> Iterator[str | Line]:
    if found.title:
        yield f"{found.title}:"
    yield from found.lines


def as_blocks(*parts: Iterable[str | Line]) -> str:
    """Blocks of lines; an empty one is left out."""
    blocks = ("\n".join(map(_line, part)) for part in parts)
    return "\n\n".join(block for block in blocks if block)


def _line(found: str | Line) -> str:
    """A line stays one line, whatever it quotes, and no longer than a person reads. A command is
    shown exactly as it is typed, or not at all."""
    if isinstance(found, Line) and found.is_command:
        return found.text if _is_shown(found.text) else f"    {_NOT_SHOWN}"
    text = found.text if isinstance(found, Line) else found
    return cut(visible_line(obeyed_by_none(text)), _LONGEST_LINE)


_NOT_SHOWN = "# this command cannot be shown as it is typed; the incident in full has it"


def _is_shown(command: str) -> bool:
    """Half of a command, or one without what no screen shows, does something else; part of it may
    be what a chat would obey."""
    is_whole = len(command) <= _LONGEST_LINE and visible_line(command) == command
    return is_whole and may_be_typed(command)


def short_text(card: Card) -> str:
    """What happened, and where all of it is to be read."""
    parts = (
        cut(visible_line(obeyed_by_none(card.title)), _LONGEST_SUBJECT),
        "\n".join(
            [
                f"at {moment(card.at)}; this message was cut short to be delivered at all",
                *(cut(visible_line(str(one)), _LONGEST_LINE) for one in _facts(card.place)),
            ]
        ),
        _in_full(card),
        cut(visible_line(card.end), _LONGEST_LINE),
    )
    return "\n\n".join(part for part in parts if part)


def _in_full(card: Card) -> str:
    commands = card.message.commands
    if isinstance(commands, UnsetType) or commands.in_full is None:
        return ""
    return cut(visible_line(f"in full:     {commands.in_full}"), _LONGEST_LINE)

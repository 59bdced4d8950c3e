"""What chats show of a card: how grave it looks, harmless texts, commands apart from sentences.

Each chat arranges it in a form of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby

from gatewatch.model import Severity
from gatewatch.notices.card import Block, Card
from gatewatch.notices.machine import Link
from gatewatch.notices.steps import Line
from gatewatch.notices.visible import cut, obeyed_by_none, visible_line

LONGEST_LINE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Tone:
    """How grave a message looks, at a glance: the mark for those who see no colour, and the name of
    the colour where a client chooses it."""

    mark: str
    colour: str
    name: str


_SEVERITIES = {
    Severity.CRITICAL: Tone(mark="\U0001f534", colour="#c62828", name="attention"),
    Severity.HIGH: Tone(mark="\U0001f7e0", colour="#e67700", name="warning"),
    Severity.MEDIUM: Tone(mark="\U0001f7e1", colour="#f2c037", name="warning"),
    Severity.LOW: Tone(mark="\U0001f535", colour="#1565c0", name="accent"),
}
_RESOLVED = Tone(mark="\U0001f7e2", colour="#2e7d32", name="good")
_NEUTRAL = Tone(mark="\u2139\ufe0f", colour="#607d8b", name="emphasis")


def tone(card: Card) -> Tone:
    if card.state == "resolved":
        return _RESOLVED
    return _NEUTRAL if card.severity is None else _SEVERITIES[card.severity]


def headline(card: Card, longest: int) -> str:
    """The symptom, or that it is over; behind its mark."""
    return cut(f"{tone(card).mark} {outcome(card)}", longest)


def outcome(card: Card) -> str:
    return f"{'resolved: ' if card.state == 'resolved' else ''}{literal(card.symptom)}"


def is_heading(line: str) -> bool:
    """Whether a line only announces what stands below it."""
    return line.endswith(":")


def status(card: Card) -> str:
    """How grave and what kind of message, and of which incident."""
    grave = [] if card.severity is None else [card.severity.upper()]
    return literal(" ".join((*grave, card.kind, "\u00b7", card.key)))


_LONGEST_PLACE = 150


def signature(card: Card) -> Iterator[str]:
    """Which deployment says it, and which message it is: for whoever looks for it later."""
    if card.place:
        named = (literal(cut(f"{one.label} {one.value}", _LONGEST_PLACE)) for one in card.place)
        yield " \u00b7 ".join(named)
    yield literal(card.end)


def in_one_line(card: Card, longest: int) -> str:
    """For notifications and lists."""
    return cut(f"{tone(card).mark} {literal(card.title)}", longest)


# What chats take for the beginning of bold, italic, struck or typed text, each shown as a sign that
# looks like it. Inside a word, underscores mean nothing: names of causes have them.
# https://docs.slack.dev/messaging/formatting-message-text/
_MARKS = re.compile(r"\*(?=\S)|(?<!\w)[_~](?=\S)|`")
_SHOWN_AS = {"*": "\u2217", "_": "\u02cd", "~": "\u223c", "`": "\u02cb"}


def literal(text: str) -> str:
    """One line that a chat shows as it is: it obeys nothing in it, and formats nothing."""
    harmless = visible_line(obeyed_by_none(text))
    return _MARKS.sub(lambda found: _SHOWN_AS[found.group()], cut(harmless, LONGEST_LINE))


_LONGEST_COMMAND = 1000


def may_be_shown(command: str) -> bool:
    """A command with a character that no screen shows would not be the same when it is copied, nor
    is half of one."""
    return len(command) <= _LONGEST_COMMAND and visible_line(command) == command


NOT_SHOWN = "# a chat cannot show this command; the incident in full has it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Lines that belong together: sentences, or what is typed."""

    lines: tuple[str, ...]
    is_command: bool = False


def runs(lines: Iterable[str | Line]) -> Iterator[Run]:
    """Texts are literal already; commands are as they are typed, or left out."""
    for is_command, group in groupby(lines, _is_command):
        texts = [one.text if isinstance(one, Line) else one for one in group]
        if is_command:
            yield Run(lines=tuple(_typed(texts)), is_command=True)
        else:
            yield Run(lines=tuple(literal(one.strip()) for one in texts))


def _is_command(line: str | Line) -> bool:
    return isinstance(line, Line) and line.is_command


def _typed(lines: Sequence[str]) -> list[str]:
    """Without the margin that they have in texts."""
    margin = min(len(one) - len(one.lstrip(" ")) for one in lines)
    return [one[margin:] if may_be_shown(one) else NOT_SHOWN for one in lines]


def on_one_line(command: Run) -> list[str]:
    """Its commands, each on one line: a continued one is joined, or left out if it is too long."""
    joined = re.sub(r"\\\n\s*", "", "\n".join(command.lines)).split("\n")
    return [one if may_be_shown(one) else NOT_SHOWN for one in joined]


def details(card: Card) -> list[Block]:
    """The reasons, for whoever reads on; a story that is over is short."""
    return [] if card.state == "resolved" else [one for one in card.blocks if one.lines]


_LONGEST_LINK = 2000
_LONGEST_LINKS = 5000
_WEB = re.compile(r"https?://[\x21\x23-\x3b\x3d\x3f-\x5b\x5d\x5f\x61-\x7a\x7e]+")


def web_links(card: Card) -> list[Link]:
    """What a browser can open, each once, and no more of it than stands beside the rest."""
    found = {one.href: one for one in card.links if _is_web(one.href)}
    ends = accumulate(len(href) for href in found)
    return [one for one, end in zip(found.values(), ends, strict=True) if end <= _LONGEST_LINKS]


def _is_web(href: str) -> bool:
    return len(href) <= _LONGEST_LINK and _WEB.fullmatch(href) is not None

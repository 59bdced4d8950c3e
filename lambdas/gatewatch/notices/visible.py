"""Makes foreign text harmless: it is shown, and controls no screen."""

from __future__ import annotations

import re

# Controls by their pictures; those of the second set, what turns the direction of writing, half
# characters and invisible ones, by the sign for what cannot be shown.
_HARMLESS: dict[int, int | str] = {
    **{one: 0x2400 + one for one in range(0x20) if chr(one) not in "\t\n"},
    **dict.fromkeys((0x7F, *range(0x80, 0xA0), *range(0x202A, 0x202F)), "\ufffd"),
    **dict.fromkeys((0x061C, 0x200E, 0x200F, *range(0x2066, 0x206A)), "\ufffd"),
    **dict.fromkeys(range(0xD800, 0xE000), "\ufffd"),
    **dict.fromkeys(range(0xE0000, 0xE0080), "\ufffd"),
}
# These end a line in some readers of mail, and would let a value forge one of ours.
_IN_ONE_LINE = {**_HARMLESS, 0x0A: 0x240A, 0x2028: "\ufffd", 0x2029: "\ufffd"}


def visible(text: str) -> str:
    """Line ends and tabs are kept."""
    return text.translate(_HARMLESS)


def visible_line(text: str) -> str:
    """The same, as one line."""
    return text.translate(_IN_ONE_LINE)


# GitHub Actions obeys what a step prints: `::` at the start of a line, `##[` anywhere in it. See
# TryParseV2 and TryParse of github.com/actions/runner, src/Runner.Common/ActionCommand.cs
_COMMAND = re.compile(r"(?m)^\s*:(?=:)|#(?=#\[)")


def commanding_no_runner(text: str) -> str:
    """The text in a form that GitHub Actions prints and does not obey."""
    return _COMMAND.sub(r"\g<0> ", text)


# What chats obey in a text (a mention of everybody, a link that says another place than it leads
# to), and tags of HTML: shown with a sign that looks like it and means nothing.
# https://docs.slack.dev/messaging/formatting-message-text/
_OBEYED = re.compile(r"<(?=[!@#/a-zA-Z])|(?<=\])\((?=\S)|@(?=(?i:channel|here|everyone|all)\b)")
_SHOWN_AS = {"<": "\u2039", "(": "\u207d", "@": "\uff20"}


def obeyed_by_none(text: str) -> str:
    """The text in a form that chats and mail readers show and do not obey."""
    return _OBEYED.sub(lambda found: _SHOWN_AS[found.group()], text)


_PLACEHOLDER = re.compile(r"<[a-z_]+>")
_FILE = re.compile(r"<(?=/)")


def may_be_typed(command: str) -> bool:
    """Whether a command, which is shown as it is, contains nothing that a chat would obey.
    Placeholders and input files are harmless."""
    left = _FILE.sub("", _PLACEHOLDER.sub("", command))
    return obeyed_by_none(left) == left


def cut(text: str, longest: int) -> str:
    """At most so long; an ellipsis marks what is left out."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"

"""What servers and other people wrote, made harmless: it is shown, and steers no screen."""

from __future__ import annotations

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


def cut(text: str, longest: int) -> str:
    """No longer than that, and where something is left out, one sees it."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"

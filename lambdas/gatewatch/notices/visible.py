"""What servers and other people wrote, made harmless: it is shown, and steers no screen."""

from __future__ import annotations

# Controls by their pictures; those of the second set, and what turns the direction of writing, by
# the sign for what cannot be shown.
_HARMLESS: dict[int, int | str] = {
    **{one: 0x2400 + one for one in range(0x20) if chr(one) not in "\t\n"},
    **dict.fromkeys((0x7F, *range(0x80, 0xA0), *range(0x202A, 0x202F)), "\ufffd"),
    **dict.fromkeys(range(0x2066, 0x206A), "\ufffd"),
}
# These end a line in some readers of mail, and would let a value forge one of ours.
_IN_ONE_LINE = {**_HARMLESS, 0x0A: 0x240A, 0x2028: "\ufffd", 0x2029: "\ufffd"}


def visible(text: str) -> str:
    """Line ends and tabs are kept."""
    return text.translate(_HARMLESS)


def visible_line(text: str) -> str:
    """The same, as one line."""
    return text.translate(_IN_ONE_LINE)

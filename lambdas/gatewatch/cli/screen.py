"""A terminal that nobody but this program steers, whatever servers and other people wrote."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

# Controls by their pictures; those of the second set, and what turns the direction of writing, by
# the sign for what cannot be shown.
_HARMLESS: dict[int, int | str] = {
    **{one: 0x2400 + one for one in range(0x20) if chr(one) not in "\t\n"},
    **dict.fromkeys((0x7F, *range(0x80, 0xA0), *range(0x202A, 0x202F)), "\ufffd"),
    **dict.fromkeys(range(0x2066, 0x206A), "\ufffd"),
}


class Screen(Console):
    """Styles are ours; a control character in a text is shown, and not obeyed."""

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        for one in super().render(renderable, options):
            yield one if one.control else Segment(one.text.translate(_HARMLESS), one.style)

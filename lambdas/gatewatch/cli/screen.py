"""A terminal that only this program controls, whatever servers and other people wrote."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from gatewatch.notices.visible import commanding_no_runner, visible


class Screen(Console):
    """Styles are ours; a control character in a text is shown, not obeyed, and so is what would
    command the runner that prints it."""

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        shown = (
            one if one.control else Segment(visible(one.text), one.style)
            for one in super().render(renderable, options)
        )
        return _obeyed_by_no_runner(shown) if is_in_actions() else shown


def is_in_actions() -> bool:
    return os.environ.get("GITHUB_ACTIONS") == "true"


def _obeyed_by_no_runner(segments: Iterable[Segment]) -> Iterator[Segment]:
    """A line may begin with what was in the middle of a text: it is broken at the width."""
    before = ""
    for one in segments:
        if one.control:
            yield one
            continue
        text = commanding_no_runner(before + one.text)[len(before) :]
        yield Segment(text, one.style)
        line = (before + text).rpartition("\n")[2]
        before = "-" if line.strip() else " "

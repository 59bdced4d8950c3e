"""A release as Markdown, for the summary of a step on GitHub, and for comments.

https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions (job summaries).
Foreign text stands in code only: there, nothing is a link, a mention or HTML.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from gatewatch.config.lines import Places
from gatewatch.incidents.correlate import moment
from gatewatch.model import Action, Concern
from gatewatch.release.baseline import Before
from gatewatch.release.checked import Checked, Standing
from gatewatch.release.decide import Decision, Release
from gatewatch.reports.look import (
    clean,
    doubt,
    expected,
    facts,
    got,
    is_refusal,
    sentence,
    subject,
    was_excused,
    what,
)

_MOST_OF_A_SECTION = 80_000
"""Bytes. GitHub shows no summary of a step of more than 1 MiB, and there are twelve sections."""
_MOST_ROWS = 100
_LONGEST_CELL = 200
_SIGNS = {Decision.PASSED: "✅", Decision.STOPPED: "❌", Decision.UNDECIDED: "❓"}

_Column = tuple[str, Callable[[Checked], str]]


def write(release: Release, _: Places) -> str:
    """What stops it first; what passed is folded."""
    return "\n".join((*_head(release), *_sections(release))).rstrip("\n") + "\n"


def _head(release: Release) -> Iterator[str]:
    yield f"## {_SIGNS[release.decision]} Release {release.decision}\n"
    yield f"{_words(release.because.removeprefix(f'{release.decision}: '))}\n"
    rounds = "1 round" if release.rounds == 1 else f"{release.rounds} rounds"
    yield f"{_compared(release)}; {rounds} in {release.seconds:.0f} s.\n"
    yield from (f"**Beware**: {_words(one)}\n" for one in release.doubts)


def _compared(release: Release) -> str:
    if not release.baseline:
        return "Compared with nothing: what was before this release is not known"
    at = f" of {_when(release.baseline_at)}" if release.baseline_at else ""
    return f"Compared with {_words(release.baseline)}{at}"


def _sections(release: Release) -> Iterator[str]:
    looks = release.looks
    place = tuple(_place(release))
    whole = (*place, *_FAILURE)
    told = (*place, ("Why", lambda look: _words(look.because)))
    stopping = release.stopping
    rest = [one for one in looks if not one.stops]
    yield from _section("What stops it", whole, stopping)
    yield from _details(stopping)
    yield from _section("Failing as before", whole, _of(rest, Standing.OLDER_FAILURE))
    for title, action in (("Only warned about", Action.WARN), ("Ignored", Action.IGNORE)):
        newly = _of(rest, Standing.NEW_FAILURE, Standing.FIRST_FAILURE)
        yield from _section(title, whole, [one for one in newly if one.action is action])
    unknown = _of(rest, Standing.UNKNOWN)
    yield from _section("Unknown", told, [one for one in unknown if not was_excused(one)])
    yield from _section("Fixed", told, _of(rest, Standing.FIXED))
    yield from _gone(release.gone)
    renamed = (*place, ("Before", lambda look: _words(look.renamed or "")))
    yield from _section("Renamed", renamed, [one for one in looks if one.renamed])
    yield from _folded("not settled", place, [one for one in unknown if was_excused(one)])
    yield from _folded("skipped", told, _of(rest, Standing.SKIPPED))
    yield from _folded("passed", place, _of(rest, Standing.PASSED))


def _of(looks: Iterable[Checked], *standings: Standing) -> list[Checked]:
    return [one for one in looks if one.standing in standings]


def _place(release: Release) -> Iterator[_Column]:
    """Only what tells looks apart."""
    if len({one.api for one in release.looks}) > 1:
        yield "API", lambda look: _code(look.api)
    yield "Route", lambda look: _code(look.route)
    yield "As", lambda look: _code(look.caller)
    if len({(one.api, one.entrance) for one in release.looks}) > len(
        {one.api for one in release.looks}
    ):
        yield "Entrance", lambda look: _code(look.entrance)


def _layer(look: Checked) -> str:
    told = subject(look)
    return f"**{told}**" if Concern.EXPOSURE in look.concerns else told


def _cause(look: Checked) -> str:
    if not look.has_failed or look.verdict is None:
        return _words(look.because)
    if not is_refusal(look.verdict):
        return what(look)
    return f"{_code(look.verdict.cause)}{doubt(look.verdict)}"


def _since(look: Checked) -> str:
    """When it began to fail, or when it was right for the last time."""
    before = look.before
    if before is not None and before.since:
        return _when(before.since)
    if before is not None and before.last_good:
        return f"last good {_when(before.last_good)}"
    return ""


_FAILURE: tuple[_Column, ...] = (
    ("Layer", _layer),
    ("Cause", _cause),
    ("Expected", expected),
    ("Got", got),
    ("Since", _since),
)


def _section(title: str, columns: Sequence[_Column], looks: Sequence[Checked]) -> Iterator[str]:
    if looks:
        yield f"### {title}: {len(looks):,}\n"
        yield from _table(columns, looks)


def _folded(title: str, columns: Sequence[_Column], looks: Sequence[Checked]) -> Iterator[str]:
    if looks:
        yield f"<details><summary>{len(looks):,} {title}</summary>\n"
        yield from _table(columns, looks)
        yield "</details>\n"


def _table(columns: Sequence[_Column], looks: Sequence[Checked]) -> Iterator[str]:
    """Columns in which nothing stands are left out."""
    cells = [[show(one) for _, show in columns] for one in looks[:_MOST_ROWS]]
    used = [at for at in range(len(columns)) if any(row[at] for row in cells)]
    yield _row(columns[at][0] for at in used)
    yield _row("---" for _ in used)
    rows = list(_within(_row(row[at] for at in used) for row in cells))
    yield from rows
    yield from _more(len(looks) - len(rows))


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _within(lines: Iterable[str]) -> Iterator[str]:
    left = _MOST_OF_A_SECTION
    for line in lines:
        left -= len(line.encode()) + 1
        if left < 0:
            return
        yield line


def _more(number: int) -> Iterator[str]:
    yield f"\nand {number:,} more\n" if number > 0 else ""


def _details(looks: Sequence[Checked]) -> Iterator[str]:
    """All that is known of what stops it, for who mends it."""
    if not looks:
        return
    yield "<details><summary>What is known of each</summary>\n"
    texts = list(_within(map(_told, looks[:_MOST_ROWS])))
    yield from _block("\n\n".join(texts))
    yield from _more(len(looks) - len(texts))
    yield "</details>\n"


def _told(look: Checked) -> str:
    title = clean(f"{look.api}: {look.route} as {look.caller} at {look.entrance}")
    return "\n".join((title, *(f"  {name}: {told}" for name, told in facts(look))))


def _gone(gone: Sequence[Before]) -> Iterator[str]:
    if gone:
        yield f"### No longer configured: {len(gone):,}\n"
        rows = (f"- {_code(f'{one.api}: {one.route} as {one.caller}')}" for one in gone)
        lines = list(_within(line for line, _ in zip(rows, range(_MOST_ROWS), strict=False)))
        yield from lines
        yield from _more(len(gone) - len(lines))


_TICKS = re.compile("`+")


def _fence(text: str, least: int) -> str:
    longest = max((len(one) for one in _TICKS.findall(text)), default=0)
    return "`" * max(least, longest + 1)


def _block(text: str) -> Iterator[str]:
    fence = _fence(text, 3)
    yield f"{fence}text\n{text}\n{fence}"


def _code(text: str) -> str:
    """In a table too, where a pipe ends the cell even in code, unless a backslash is before it.
    https://github.github.com/gfm/#tables-extension-"""
    shown = clean(text, _LONGEST_CELL).strip()
    if not shown:
        return ""
    fence = _fence(shown, 1)
    padded = f" {shown} " if shown[0] == "`" or shown[-1] == "`" else shown
    return f"{fence}{padded}{fence}".replace("|", "\\|")


_PLAIN = re.compile(r"(?!\d+[.)])[^\W_][\w ,;:.'()+-]*")
_MEANS_SOMETHING = re.compile(r"www\.|GH-\d|\b_|_\b|:(?![ \d])", re.IGNORECASE)
"""A link, an issue, emphasis, an emoji."""


def _words(text: str) -> str:
    """A sentence of ours; in code, where it repeats what might mean something in Markdown."""
    told = sentence(text)
    is_plain = _PLAIN.fullmatch(told) and not _MEANS_SOMETHING.search(told)
    return told if is_plain else _code(told)


def _when(at: str) -> str:
    """To the minute."""
    try:
        return f"{moment(at)[: len('2026-11-28 12:00')]} UTC"
    except (ValueError, OverflowError):
        return _code(at)

"""How a release looks in a terminal: what stops it, and how each look's answers went."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from gatewatch.cli import show
from gatewatch.diagnosis.causes import catalogue
from gatewatch.incidents.correlate import moment
from gatewatch.model import Concern
from gatewatch.release.baseline import Before
from gatewatch.release.checked import Checked, Standing
from gatewatch.release.decide import Decision, Release
from gatewatch.release.sightings import Sightings
from gatewatch.release.words import failure, headline, is_unsettled, look_name

_DECISIONS = {
    Decision.PASSED: (" PASSED ", "bold black on green"),
    Decision.STOPPED: (" STOPPED ", "bold white on red"),
    Decision.UNDECIDED: (" UNDECIDED ", "bold black on yellow"),
}
_MARKS = {"p": ("·", "green"), "f": ("✖", "bold red"), "u": ("?", "yellow"), "s": ("-", "dim")}
_SHOWN_ANSWERS = 40
_SHOWN_LOOKS = 20
_SHOWN_BLOCKS = 20
_QUIET = frozenset({Standing.PASSED, Standing.SKIPPED})


def release(found: Release) -> RenderableType:
    """The decision, all that did not simply pass, and what the baseline has to do with it."""
    title, style = _DECISIONS[found.decision]
    _, _, rest = headline(found).partition(f"{found.decision} ")
    head = Text.assemble((title, style), " ", (rest, "bold"))
    unsettled = [one for one in found.looks if is_unsettled(found, one)]
    told = [one for one in found.looks if _is_told(one) and one not in unsettled]
    parts: list[RenderableType] = [head, Text(_baseline(found), style="dim")]
    parts += [Text(f"beware: {one}", style="bold yellow") for one in found.doubts]
    for one in _first_of_each_failure(found.stopping):
        if one.verdict is not None and one.has_failed:
            parts += [Text(), Text(f"  {look_name(one)}", style="bold"), show.strip(one.verdict)]
    if told:
        parts.append(answers(told))
    if unsettled:
        number = show.count(len(unsettled), "more look")
        parts += [Text(), Text(f"{number} had passed so far, too few times to count")]
    parts += _gone(found.gone)
    parts += [Text(), *nexts] if (nexts := _next(found.stopping)) else []
    return Group(*parts)


def _next(stopping: Sequence[Checked]) -> list[Text]:
    """What to do first about each failure that is shown."""
    said = (_first_step(one) for one in _first_of_each_failure(stopping))
    return [Text(f"next: {one}", style="bold") for one in dict.fromkeys(filter(None, said))]


def _first_step(one: Checked) -> str | None:
    if Concern.EXPOSURE in one.concerns:
        return "roll back, or give it its guard again: whoever must not get in does so now"
    candidates = one.verdict.candidates if one.verdict else ()
    leading = candidates[0].cause if candidates else one.verdict.cause if one.verdict else ""
    if leading not in catalogue():
        return None
    alike = ", and what looks the same" if len(candidates) > 1 else ""
    return f"gatewatch causes {leading}  (how to confirm and fix it{alike})"


def _is_told(one: Checked) -> bool:
    return one.standing not in _QUIET or one.renamed is not None


def _baseline(found: Release) -> str:
    if not found.baseline:
        return "no baseline: nothing is known of how it was before, so every failure stops it"
    since = moment(found.baseline_at or found.at)
    return f"compared with {found.baseline}: what began to fail after {since} is new"


_SHOWN_STRIPS = 3


def _first_of_each_failure(stopping: Sequence[Checked]) -> list[Checked]:
    """One look for each cause is enough of a picture."""
    first: dict[object, Checked] = {}
    for one in stopping:
        if one.verdict is not None and one.has_failed:
            first.setdefault((one.verdict.finding, one.verdict.cause), one)
    return list(first.values())[:_SHOWN_STRIPS]


def answers(looks: Iterable[Checked]) -> Group:
    """What became of each look, and its answers round by round; of the same in one block."""
    alike: dict[tuple[str, ...], list[Checked]] = {}
    for one in looks:
        alike.setdefault((_standing(one), *_what(one)), []).append(one)
    shown = list(alike.items())[:_SHOWN_BLOCKS]
    parts = [_block(title, what, found) for (title, *what), found in shown]
    left = sum(map(len, alike.values())) - sum(len(found) for _, found in shown)
    return Group(*parts, *([Text(f"and {left} looks more", style="dim")] if left else []))


def _block(title: str, what: Sequence[str], looks: Sequence[Checked]) -> Group:
    head = Text.assemble("\n", (title, _style(looks[0])))
    table = Table.grid(padding=(0, 2))
    for one in looks[:_SHOWN_LOOKS]:
        table.add_row(Text(f"  {look_name(one)}"), timeline(one.answers))
    if len(looks) > _SHOWN_LOOKS:
        table.add_row(Text(f"  and {len(looks) - _SHOWN_LOOKS} more", style="dim"))
    return Group(head, table, *(Padding(Text(line), (0, 0, 0, 4)) for line in what))


def timeline(outcomes: str) -> Text:
    """A mark for each of the last looks, oldest first."""
    shown = Text("…" if len(outcomes) > _SHOWN_ANSWERS else "", style="dim")
    for one in outcomes[-_SHOWN_ANSWERS:]:
        shown.append(*_MARKS[one])
    return shown


def _standing(one: Checked) -> str:
    words = str(one.standing).replace("_", " ")
    return words if one.stops or not one.has_failed else f"{words}, {_not_stopping(one)}"


def _not_stopping(one: Checked) -> str:
    return "listed" if one.standing is Standing.OLDER_FAILURE else str(one.action)


def _style(one: Checked) -> str:
    if one.stops:
        return "bold red" if one.has_failed else "bold yellow"
    return "yellow" if one.has_failed or one.standing is Standing.UNKNOWN else "green"


def _what(one: Checked) -> Iterator[str]:
    if one.has_failed:
        yield failure(one)
    yield one.because
    if one.renamed:
        yield one.renamed


def _gone(gone: Sequence[Before]) -> list[RenderableType]:
    if not gone:
        return []
    names = dict.fromkeys(f"{one.api}: {one.route}" for one in gone)
    shown = ", ".join(list(names)[:_SHOWN_LOOKS])
    more = f" and {len(names) - _SHOWN_LOOKS} more" if len(names) > _SHOWN_LOOKS else ""
    return [Text(f"no longer looked at: {shown}{more}", style="dim")]


def progress(sightings: Sightings, after: float, rounds: int) -> RenderableType:
    """What is seen so far, while the window is open."""
    looks = sightings.checked(after)
    failing = [one for one in looks if one.failed or one.standing is Standing.UNKNOWN]
    window = sightings.window
    end = window.settles if after < window.settles else window.deadline
    until = "until answers count" if after < window.settles else "at most, until answers agree"
    line = Text(
        f"round {rounds}, {after:.0f} s of {end:.0f} s {until}: {len(looks)} looks, "
        f"{len(failing)} not all passed"
    )
    return Group(line, _so_far(failing)) if failing else line


def _so_far(failing: Sequence[Checked]) -> Table:
    table = Table.grid(padding=(0, 2))
    for one in failing[:_SHOWN_SO_FAR]:
        table.add_row(Text(f"  {look_name(one)}"), timeline(one.answers), Text(failure(one)))
    return table


_SHOWN_SO_FAR = 10

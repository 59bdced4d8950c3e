"""How things look in a terminal: the layer strip, verdicts, incidents. It decides nothing.

Everything from outside is wrapped in `Text`, so that no markup in it is obeyed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from rich.box import SIMPLE
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from gatewatch.cli.screen import Screen
from gatewatch.diagnosis.diagnose import subject_of
from gatewatch.incidents.announce import Brief
from gatewatch.incidents.correlate import OPEN, fails_now, length, moment
from gatewatch.model import (
    GATES,
    Diagnosis,
    Exchange,
    Finding,
    Incident,
    Outcome,
    Purpose,
    Severity,
    Verdict,
)
from gatewatch.notices.commands import is_by_a_rest_api
from gatewatch.notices.moments import times
from gatewatch.notices.origin import UNNAMED, Origin
from gatewatch.notices.steps import BY_CAUSE, Step, lines, steps, steps_of
from gatewatch.notices.strip import GATE_NAMES, Mark, marks, stopped_at
from gatewatch.notices.words import (
    acknowledged_phrase,
    caller_phrase,
    elsewhere_phrase,
    finding_phrase,
    headline,
    is_ok,
    owner_phrase,
    probe_phrase,
    seen_phrase,
    sent_phrase,
    test_invoke_phrase,
    title_of,
    undecided_phrase,
    verdict_phrase,
)

_MARKS = {
    Mark.PASSED: "green",
    Mark.STOPPED: "bold red",
    Mark.MAYBE: "bold yellow",
    Mark.UNREACHED: "dim",
}
_SHOWN_CANDIDATES = 6
_SHOWN_RULED_OUT = 8
_NARROWEST = 60
"""Columns. Narrower tables lose words; from here on the terminal wraps the lines."""
_ID_SHOWN = 14
"""Enough of an id to tell incidents apart, and to ask for one."""
_COLOURS = {
    Outcome.PASS: "green",
    Outcome.FAIL: "bold red",
    Outcome.UNKNOWN: "yellow",
    Outcome.SKIPPED: "dim",
}
_SEVERITIES = {
    Severity.LOW: "cyan",
    Severity.MEDIUM: "yellow",
    Severity.HIGH: "bold red",
    Severity.CRITICAL: "bold white on red",
}


def strip(diagnosis: Diagnosis | Incident | Verdict) -> Text:
    """The gates in the request's way, and at which of them it stopped or may have stopped."""
    known = marks(diagnosis)
    names, line = Text("  "), Text("  ")
    for at, (gate, mark) in enumerate(zip(GATES, known, strict=True)):
        name = GATE_NAMES[gate]
        names.append(f"{name} ", style="dim" if mark is Mark.UNREACHED else "")
        joined = at + 1 < len(known) and mark is Mark.PASSED
        middle = len(name) // 2
        before = "─" if at and known[at - 1] is Mark.PASSED else " "
        line.append(before * middle, style="green")
        line.append(mark, style=_MARKS[mark])
        line.append(("─" if joined else " ") * (len(name) - middle), style="green")
    return Text.assemble(names, "\n", line, "\n  ", (_where(known), "dim"))


def _where(known: Sequence[Mark]) -> str:
    """The strip in words, for first-time readers."""
    if set(known) == {Mark.PASSED}:
        return "came through"
    found = stopped_at(known)
    return f"stopped at {found}" if found else "where it stopped is not known"


def diagnosis(found: Diagnosis, exchanges: Sequence[Exchange]) -> RenderableType:
    """A diagnosis in full: strip, candidates, what was ruled out, evidence, what to do next."""
    parts: list[RenderableType] = [
        strip(found),
        Text(),
        _outcome(found, exchanges),
    ]
    if not is_ok(found):
        parts += _block(
            "possible causes" if len(found.candidates) > 1 else "cause", _candidates(found)
        )
        parts += _block("ruled out", _ruled_out(found))
    parts += _uncut_block("evidence", _evidence(exchanges))
    parts += _uncut_block("mind", _asides(exchanges))
    parts += _uncut_block("next", _next(found, _subject_first(exchanges, found)))
    return Group(*parts)


def verdicts_by_count(diagnoses: Iterable[Diagnosis]) -> Text:
    """Further diagnoses, counted by verdict; empty for none."""
    counts = Counter(map(verdict_phrase, diagnoses))
    if not counts:
        return Text(end="")
    lines = [f"  {many} times: {phrase}" for phrase, many in counts.most_common()]
    heading = f"and {counts.total()} more, which --format jsonl prints in full:"
    return Text("\n".join((heading, *lines)))


def _outcome(diagnosis: Diagnosis, exchanges: Sequence[Exchange]) -> Text:
    undecided = filter(None, map(undecided_phrase, filter(_is_a_look, exchanges)))
    if is_ok(diagnosis) and (phrase := next(undecided, None)):
        return Text(f"  {phrase}", style="bold")
    return Text(f"  {verdict_phrase(diagnosis)}", style="green" if is_ok(diagnosis) else "bold")


def _is_a_look(exchange: Exchange) -> bool:
    return exchange.request.purpose is Purpose.LOOK


def _subject_first(exchanges: Sequence[Exchange], diagnosis: Diagnosis) -> list[Exchange]:
    at = subject_of(exchanges, diagnosis.parts)
    return [*exchanges[at : at + 1], *exchanges[:at], *exchanges[at + 1 :]]


def _block(title: str, content: RenderableType | None) -> list[RenderableType]:
    if content is None:
        return []
    return [Text(), Text(f"  {title}", style="dim"), Padding(content, (0, 0, 0, 4))]


def _uncut(text: str, style: str = "") -> Text:
    """Text to copy: the terminal wraps it, and no line break is inserted."""
    indented = "\n".join(f"    {line}" for line in text.splitlines())
    return Text(indented, style=style, no_wrap=True, overflow="ignore")


def _uncut_block(title: str, lines: Sequence[Text]) -> list[RenderableType]:
    return [Text(), Text(f"  {title}", style="dim"), *lines] if lines else []


def _grid(rows: Iterable[tuple[str | Text, ...]]) -> Table | None:
    grid = Table.grid(padding=(0, 2))
    for row in rows:
        grid.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in row))
    return grid if grid.row_count else None


def _candidates(diagnosis: Diagnosis | Incident) -> Table | None:
    rows: list[tuple[str | Text, ...]] = [
        (
            Text(candidate.cause, style="bold" if at == 0 else ""),
            Text(candidate.layer, style="dim"),
            title_of(candidate.cause),
        )
        for at, candidate in enumerate(diagnosis.candidates[:_SHOWN_CANDIDATES])
    ]
    if (more := len(diagnosis.candidates) - _SHOWN_CANDIDATES) > 0:
        rows.append((Text(f"and {more} more", style="dim"), "", ""))
    return _grid(rows)


def _ruled_out(diagnosis: Diagnosis | Incident) -> Table | None:
    return _grid(
        (Text(cause.cause, style="dim"), Text(cause.because, style="dim"))
        for cause in diagnosis.ruled_out[:_SHOWN_RULED_OUT]
    )


def _evidence(exchanges: Sequence[Exchange]) -> list[Text]:
    lines: list[Text] = []
    for exchange in exchanges:
        lines.append(_uncut(f"→ {sent_phrase(exchange)}", "cyan"))
        lines.append(_uncut(f"← {seen_phrase(exchange)}"))
    return lines


def _asides(exchanges: Sequence[Exchange]) -> list[Text]:
    elsewhere = filter(None, map(elsewhere_phrase, exchanges))
    unread = (sentence for exchange in exchanges for sentence in exchange.response.unread)
    return [_uncut(aside) for aside in dict.fromkeys((*elsewhere, *unread))]


def _next(diagnosis: Diagnosis, exchanges: Sequence[Exchange]) -> list[Text]:
    """What to do about each leading cause. The first exchange is the subject."""
    return _advised(diagnosis, steps_of(diagnosis.candidates, exchanges), exchanges)


def _advised(
    diagnosis: Diagnosis | Incident, steps: Sequence[Step], exchanges: Sequence[Exchange]
) -> list[Text]:
    """The look that would settle it, how to confirm and fix each cause, and what proves nothing.

    The terminal wraps the lines, since people copy them.
    """
    shown: list[Text] = []
    if (probe := diagnosis.next_probe) is not None:
        shown += [_uncut(probe_phrase(probe)), _uncut(probe.why.replace("; ", "\n"), "dim")]
    for line in lines(steps):
        shown.append(_uncut(line.text, "bold" if line.is_command else ""))
    test_invoke = test_invoke_phrase(diagnosis.candidates) if is_by_a_rest_api(exchanges) else None
    return [*shown, _uncut(test_invoke, "dim")] if test_invoke else shown


def verdicts(found: Iterable[Verdict]) -> Table:
    """One line a verdict, failures first."""
    order = (Outcome.FAIL, Outcome.UNKNOWN, Outcome.SKIPPED, Outcome.PASS)
    known = sorted(found, key=lambda verdict: order.index(verdict.outcome))
    several = len({one.api for one in known}) > 1
    entrances = len({(one.api, one.entrance) for one in known}) > len({one.api for one in known})
    table = Table(box=SIMPLE, pad_edge=False)
    for title in ("route", "as", "", "layer", "what"):
        table.add_column(title, overflow="fold")
    for one in known:
        where = f"{one.api}: {one.route}" if several else one.route
        layer = "" if one.outcome in (Outcome.PASS, Outcome.SKIPPED) else one.layer.value
        table.add_row(
            Text(f"{where}\n{one.entrance}" if entrances else where),
            Text(one.caller),
            Text(one.outcome, style=_COLOURS[one.outcome]),
            Text(layer),
            Text(_what(one)),
        )
    return table


def _what(verdict: Verdict) -> str:
    if verdict.finding is None or verdict.finding is Finding.REFUSED:
        return verdict.because
    return f"{finding_phrase(verdict.finding)}: {verdict.because}"


def incident(found: Incident, origin: Origin | None = None) -> RenderableType:
    """An incident in full, as on-call wants it. `origin` gives the command options that find it;
    None where no command does."""
    is_open = found.state == OPEN
    title = Text.assemble(
        (
            " OPEN " if is_open else " RESOLVED ",
            "bold white on red" if is_open else "bold black on green",
        ),
        " ",
        (f"{found.severity}", _SEVERITIES[found.severity]),
        "  ",
        (headline(found), "bold"),
    )
    parts: list[RenderableType] = [title, Text(f"  {found.id}", style="dim"), Text(), strip(found)]
    parts += _held(found)
    parts += _uncut_block("when", [_uncut(line) for line in times(found)])
    parts += _block("concerned", _grid(_members(found)))
    parts += _block("the same credential fails at", _grid(_related(found)))
    if found.finding in BY_CAUSE:
        parts += _block(
            "possible causes" if len(found.candidates) > 1 else "cause", _candidates(found)
        )
    parts += _block("ruled out", _ruled_out(found))
    parts += _uncut_block("evidence", _evidence(found.evidence))
    first = steps(found, origin or UNNAMED, in_full=True)
    parts += _uncut_block("next", _advised(found, first, found.evidence))
    parts += _block("for", Text(owner_phrase(found)))
    if found.acknowledged is not None:
        parts += [Text(), Text(f"  {acknowledged_phrase(found.acknowledged)}")]
    elif is_open and origin is not None:
        parts += _uncut_block("take it over", [_uncut(origin.command("ack", found.id), "bold")])
    parts += _uncut_block("runbook", [_uncut(found.runbook)] if found.runbook else [])
    parts += _block("history", _timeline(found))
    return Group(*parts)


def _members(incident: Incident) -> Iterator[tuple[str | Text, ...]]:
    for member in incident.members:
        state = f"recovered {moment(member.until)}" if member.until else "failing"
        yield (
            member.route,
            caller_phrase(member.caller),
            Text(f"since {moment(member.since)}", style="dim"),
            Text(state, style="dim"),
        )


def _related(incident: Incident) -> Iterator[tuple[str | Text, ...]]:
    for related in incident.related:
        state = f"over since {moment(related.until)}" if related.until else "failing"
        yield (
            related.api,
            f"incident {related.incident}",
            Text(f"since {moment(related.since)}", style="dim"),
            Text(state, style="dim"),
        )


def _timeline(incident: Incident) -> Table | None:
    """The history as a time line, each entry with its distance from the opening."""
    rows: list[tuple[str | Text, ...]] = [
        (
            Text(f"+{length(incident.opened_at, update.at)}", style="dim"),
            Text("│", style="dim"),
            update.text,
        )
        for update in incident.updates
    ]
    return _grid(rows)


def incident_list(incidents: Iterable[Incident]) -> Group:
    """Two lines per incident: when and how severe, then what; a third where it is held."""
    return Group(*(line for incident in incidents for line in _listed(incident)))


def _listed(incident: Incident) -> Iterator[Text]:
    is_open = incident.state == OPEN
    ended = incident.resolved_at
    yield Text.assemble(
        (f"{incident.id[:_ID_SHOWN]}  ", "bold"),
        (f"{incident.state:<10}", "bold red" if is_open else "green"),
        (f"{incident.severity:<10}", _SEVERITIES[incident.severity] if is_open else ""),
        moment(incident.opened_at),
        f"  lasted {length(incident.opened_at, ended)}" if ended else "",
        f"  acknowledged by {incident.acknowledged.by}"
        if is_open and incident.acknowledged
        else "",
    )
    yield Text(f"  {headline(incident)}")
    yield from _held(incident)


def announcement(brief: Brief, incident: Incident) -> Text:
    """What to announce of an incident now: its headline, then one line per piece of news."""
    at = datetime.fromisoformat(brief.at).astimezone().strftime("%H:%M:%S")
    line = Text.assemble(
        f"{at} ",
        (f"{brief.kind.upper()} ", "bold"),
        (f"{incident.severity} ", _SEVERITIES[incident.severity]),
        headline(incident),
    )
    for line_of_news in brief.news:
        line.append(f"\n         {line_of_news}")
    return line


def _held(incident: Incident) -> Iterator[Text]:
    """Why the incident, or its end, was not announced, or is not looked at; nothing otherwise."""
    if incident.state == OPEN and incident.paused is not None:
        until = moment(incident.paused.until)
        yield Text(f"  not looked at: paused until {until} by {incident.paused.by}", style="cyan")
    if incident.state == OPEN and incident.muted is not None:
        until = moment(incident.muted.until)
        yield Text(f"  muted until {until} by {incident.muted.by}", style="cyan")
    if incident.held_until is not None:
        state = (
            f"held until {moment(incident.held_until)}"
            if incident.state == OPEN
            else "not announced"
        )
        yield Text(f"  {state}: maintenance", style="cyan")
    if incident.part_of is not None:
        yield Text(
            f"  announced with incident {incident.part_of}: the same credential", style="cyan"
        )
    if incident.state == OPEN and not fails_now(incident):
        yield Text("  recovered: waits for other APIs at which its credential fails", style="cyan")


def count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def console(*, stderr: bool = False) -> Console:
    screen = Screen(stderr=stderr, highlight=False, markup=False, emoji=False)
    screen.width = max(screen.width, _NARROWEST)
    return screen


def put(out: Console, content: RenderableType) -> None:
    """Print without cutting text that people copy."""
    out.print(content, crop=False)

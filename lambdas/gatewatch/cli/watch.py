"""`gatewatch watch`: probe what is due, minute by minute, and show the state."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import count
from typing import Annotated

import msgspec
import typer
from rich.console import Group
from rich.live import Live
from rich.text import Text

from gatewatch.adapters.local.clock import SystemClock
from gatewatch.cli import show
from gatewatch.cli.exits import AS_EXPECTED, BAD_USAGE, gravest, of_verdicts, until_closed
from gatewatch.cli.facts import facts, of_clock
from gatewatch.cli.maintenance import Scheduled, scheduled, window_lines
from gatewatch.cli.options import CONFIG, ConfigFile, Format, OutputFormat, StateFile
from gatewatch.cli.setting import open_store, prober, read_config, vault
from gatewatch.incidents.correlate import OPEN
from gatewatch.model import Incident, Verdict
from gatewatch.ports import StateError
from gatewatch.run import Report, Summary
from gatewatch.run import run as run_once

Key = tuple[str, str, str, str]


def watch(
    config: ConfigFile = CONFIG,
    state: StateFile = None,
    output: OutputFormat = Format.TEXT,
    ticks: Annotated[int, typer.Option(help="Stop after so many ticks; 0: go on.", min=0)] = 0,
    tick: Annotated[
        float,
        typer.Option(
            help="Seconds between two ticks; each minute is dealt with once.", min=0.1, max=86_400
        ),
    ] = 60.0,
) -> None:
    """Probe each route when it is due, until Ctrl-C; the table always shows the last verdicts.

    Above it stays what on-call would be told: what opened, changed or was resolved, each once.
    The first tick probes everything. With `--format json`, each tick prints one line.

    **Examples**

    ```
    gatewatch watch
    gatewatch watch --ticks 10 --format json
    ```
    """
    found = read_config(config)
    store = open_store(config, state, found)
    held = vault(config.parent, found)
    board = Board()
    clock, minutes, health = SystemClock(), Minutes(), Health()
    status = AS_EXPECTED
    live = Live(console=show.console(), auto_refresh=False, screen=False)

    def tell(summary: Summary, verdicts: Sequence[Verdict]) -> None:
        board.see(summary, verdicts)
        if output is Format.TEXT:
            live.update(board.shown(), refresh=True)

    with until_closed(), live:
        try:
            for _ in _ticks(ticks, tick):
                transport = prober(found, held)
                due = minutes.since(clock.now())
                try:
                    report = run_once(found, transport, store, clock, due, tell=tell)
                except StateError as error:
                    minutes.give_back(due)
                    health.say(f"{error}; nothing was sent in this tick")
                    status = gravest(status, BAD_USAGE)
                    continue
                finally:
                    transport.close()
                if report.unsaved is None:
                    health.say(None)
                else:
                    minutes.give_back(due)
                    health.say(f"{report.unsaved}; not all of this tick is remembered")
                    status = gravest(status, BAD_USAGE)
                board.take(report, scheduled(found, clock.now()))
                status = gravest(status, of_verdicts(report.verdicts))
                if output is Format.JSON:
                    live.stop()
                    typer.echo(msgspec.json.encode(report))
                else:
                    for line in announced(report):
                        live.console.print(line)
                    live.update(board.shown(), refresh=True)
        except KeyboardInterrupt:
            live.stop()
    raise typer.Exit(status)


class Health:
    """Says that nothing can be remembered, and says so again only when it changes or is over."""

    def __init__(self) -> None:
        self._trouble: str | None = None

    def say(self, trouble: str | None) -> None:
        if trouble == self._trouble:
            return
        told = trouble or "the state can be used again, and looks are remembered"
        going_on = "; it is tried again with each tick" if trouble else ""
        self._trouble = trouble
        typer.echo(f"gatewatch: {told}{going_on}", err=True)


def announced(report: Report) -> Iterator[Text]:
    """What is to be said now, to stay above the table."""
    yield from map(Text, of_clock(report.summary))
    known = {one.id: one for one in report.incidents}
    yield from (show.announcement(one, known[one.incident]) for one in report.announcements)


def _ticks(most: int, seconds: float) -> Iterator[int]:
    for number in count(1):
        started = time.monotonic()
        yield number
        if number == most:
            return
        time.sleep(max(0.0, seconds - (time.monotonic() - started)))


_LONGEST_PAUSE = 24 * 60
"""In minutes. Every route is due at least once in a day."""


class Minutes:
    """Deals out each minute once, so that routes keep their intervals whatever the ticks do.

    A clock that is set back begins anew: nobody waits until it is again where it was.
    """

    def __init__(self) -> None:
        self._next: int | None = None

    def give_back(self, due: range | None) -> None:
        """What could not be remembered of them is wanting: they are due at the next tick, too."""
        self._next = None if due is None else due.start

    def since(self, now: datetime) -> range | None:
        """The minutes since the epoch that began after the last call; None, for everything, the
        first time and after so long a pause that everything is due."""
        minute = int(now.timestamp() // 60)
        first, self._next = self._next, minute + 1
        if first is None or minute - first >= _LONGEST_PAUSE:
            return None
        is_set_back = minute + 1 < first
        return range(minute if is_set_back else first, minute + 1)


class Board:
    """The last verdict of each look, the open incidents and the open maintenance windows."""

    def __init__(self) -> None:
        self._verdicts: dict[Key, Verdict] = {}
        self._at: str | None = None
        self._incidents: tuple[Incident, ...] = ()
        self._windows: tuple[Scheduled, ...] = ()

    def see(self, summary: Summary, verdicts: Iterable[Verdict]) -> None:
        self._at = summary.at
        for one in verdicts:
            self._verdicts[one.api, one.route, one.entrance, one.caller] = one

    def take(self, report: Report, scheduled: tuple[Scheduled, ...] = ()) -> None:
        """Where not all could be remembered, the incidents are those of before."""
        self.see(report.summary, report.verdicts)
        self._windows = scheduled
        if report.unsaved is None:
            self._incidents = report.incidents

    def shown(self) -> Group:
        if self._at is None:
            return Group()
        at = datetime.fromisoformat(self._at).astimezone().strftime("%H:%M:%S")
        open_ones = [one for one in self._incidents if one.state == OPEN]
        lines, others = facts(list(self._verdicts.values()))
        return Group(
            Text(f"gatewatch · last tick {at} · Ctrl-C to stop", style="dim"),
            *(Text(line) for line in window_lines(self._windows, only_open=True)),
            *(Text(line) for line in lines),
            *([show.verdicts(others)] if others or not lines else []),
            *([show.incident_list(open_ones)] if open_ones else [Text("no open incidents")]),
        )

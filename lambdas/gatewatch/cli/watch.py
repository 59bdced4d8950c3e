"""`gatewatch watch`: probe what is due, minute by minute, and show the state."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import count
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich.console import Group
from rich.live import Live
from rich.text import Text

from gatewatch.adapters.local.clock import SystemClock
from gatewatch.cli import show
from gatewatch.cli.exits import AS_EXPECTED, BAD_USAGE, gravest, of_verdicts, say, until_closed
from gatewatch.cli.facts import facts, of_clock
from gatewatch.cli.maintenance import Scheduled, scheduled, window_lines
from gatewatch.cli.mutes import mute_line
from gatewatch.cli.notifying import Notify, Notifying
from gatewatch.cli.options import CONFIG, ConfigFile, Format, OutputFormat, StateFile
from gatewatch.cli.setting import open_store, origin, prober, read_config, vault
from gatewatch.config.canonical import Config
from gatewatch.incidents.correlate import OPEN
from gatewatch.incidents.mute import Mute
from gatewatch.model import Incident, Verdict
from gatewatch.ports import StateError, Store
from gatewatch.run import Report, Summary
from gatewatch.run import run as run_once

if TYPE_CHECKING:
    from gatewatch.probe.vault import Vault

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
    notify: Notify = False,
) -> None:
    """Probe each route when it is due, until Ctrl-C; the table always shows the last verdicts.

    Above the table stays what on-call would be sent: each incident that opened, changed or was
    resolved, once. The first tick probes everything. With `--format json`, each tick prints a line.

    With `--notify`, it is sent, beside the looks: what a channel does not take is tried again, and
    waits in the state file meanwhile. So is the heartbeat, after each tick that could be stored.

    **Examples**

    ```
    gatewatch watch
    gatewatch watch --ticks 10 --format json
    gatewatch watch --notify
    ```
    """
    loaded = read_config(config)
    store = open_store(config, state, loaded)
    telling = Notifying(loaded, store, config.parent, origin(config, state)) if notify else None
    if telling:
        telling.start()
    elif loaded.notify:
        say("notify: nobody is told from here; --notify does")
    watcher = Watcher(loaded, store, vault(config.parent, loaded), output, telling)
    is_interrupted = False
    with until_closed(), watcher.live:
        try:
            for _ in _ticks(ticks, tick):
                watcher.tick()
        except KeyboardInterrupt:
            watcher.live.stop()
            is_interrupted = True
    status = watcher.status
    if telling:
        status = gravest(status, telling.finish(is_hurried=is_interrupted))
    raise typer.Exit(status)


class Watcher:
    """Takes the looks of each tick, shows them, and keeps the gravest exit code."""

    def __init__(
        self,
        config: Config,
        store: Store,
        held: Vault,
        output: Format,
        telling: Notifying | None = None,
    ) -> None:
        self._config = config
        self._telling = telling
        self._store = store
        self._vault = held
        self._is_text = output is Format.TEXT
        self._board, self._minutes, self._health = Board(), Minutes(), Health()
        self._clock = SystemClock()
        self.live = Live(console=show.console(), auto_refresh=False, screen=False)
        self.status = AS_EXPECTED

    def tick(self) -> None:
        due = self._minutes.since(self._clock.now())
        try:
            report = self._look(due)
        except StateError as error:
            self._repeat(due, f"{error}; nothing was sent in this tick")
            return
        if report.unsaved is None:
            self._health.say(None)
        else:
            self._repeat(due, f"{report.unsaved}; not all of this tick is remembered")
        if self._telling is not None:
            self._telling.tick(is_good=report.unsaved is None)
        self._board.take(report, scheduled(self._config, self._clock.now()), self._mutes())
        self.status = gravest(self.status, of_verdicts(report.verdicts))
        self._print(report)

    def _mutes(self) -> tuple[Mute, ...]:
        """None where they cannot be read, of which the tick has told."""
        try:
            return self._store.mutes(self._clock.now())
        except StateError:
            return ()

    def _look(self, due: range | None) -> Report:
        transport = prober(self._config, self._vault)
        channels = self._telling.channels if self._telling else ()
        tell = self._show_looks
        try:
            return run_once(
                self._config, transport, self._store, self._clock, due, None, tell, channels
            )
        finally:
            transport.close()

    def _repeat(self, due: range | None, trouble: str) -> None:
        """What is not stored is due again at the next tick."""
        self._minutes.give_back(due)
        self._health.say(trouble)
        self.status = gravest(self.status, BAD_USAGE)

    def _show_looks(self, summary: Summary, verdicts: Sequence[Verdict]) -> None:
        self._board.see(summary, verdicts)
        if self._is_text:
            self.live.update(self._board.shown(), refresh=True)

    def _print(self, report: Report) -> None:
        if not self._is_text:
            self.live.stop()
            typer.echo(msgspec.json.encode(report))
            return
        for line in announced(report):
            self.live.console.print(line)
        self.live.update(self._board.shown(), refresh=True)


class Health:
    """Prints that looks cannot be stored, once, and again only when the reason changes or ends."""

    def __init__(self) -> None:
        self._trouble: str | None = None

    def say(self, trouble: str | None) -> None:
        if trouble == self._trouble:
            return
        message = trouble or "the state can be used again, and looks are remembered"
        going_on = "; it is tried again with each tick" if trouble else ""
        self._trouble = trouble
        say(f"gatewatch: {message}{going_on}")


def announced(report: Report) -> Iterator[Text]:
    """What to announce now, to stay above the table."""
    yield from map(Text, of_clock(report.summary))
    incidents = {incident.id: incident for incident in report.incidents}
    yield from (
        show.announcement(brief, incidents[brief.incident]) for brief in report.announcements
    )


def _ticks(most: int, seconds: float) -> Iterator[int]:
    for number in count(1):
        started = time.monotonic()
        yield number
        if number == most:
            return
        time.sleep(max(0.0, seconds - (time.monotonic() - started)))


_LONGEST_PAUSE = 24 * 60
"""In minutes. Every route is due at least once a day."""


class Minutes:
    """Deals out each minute once, so that routes keep their intervals whatever the ticks do.

    After the clock was set back, minutes start afresh: nothing waits until it catches up.
    """

    def __init__(self) -> None:
        self._next: int | None = None

    def give_back(self, due: range | None) -> None:
        """Make these minutes due again at the next tick, since not all of them could be stored."""
        self._next = None if due is None else due.start

    def since(self, now: datetime) -> range | None:
        """The minutes since the epoch that began after the last call. None, for everything: at the
        first call, and after a pause so long that everything is due."""
        minute = int(now.timestamp() // 60)
        first, self._next = self._next, minute + 1
        if first is None or minute - first >= _LONGEST_PAUSE:
            return None
        is_set_back = minute + 1 < first
        return range(minute if is_set_back else first, minute + 1)


class Board:
    """The last verdict of each look, the open incidents, the open maintenance windows and the
    mutes."""

    def __init__(self) -> None:
        self._verdicts: dict[Key, Verdict] = {}
        self._at: str | None = None
        self._incidents: tuple[Incident, ...] = ()
        self._windows: tuple[Scheduled, ...] = ()
        self._mutes: tuple[Mute, ...] = ()

    def see(self, summary: Summary, verdicts: Iterable[Verdict]) -> None:
        self._at = summary.at
        for verdict in verdicts:
            key = (verdict.api, verdict.route, verdict.entrance, verdict.caller)
            self._verdicts[key] = verdict

    def take(
        self,
        report: Report,
        scheduled: tuple[Scheduled, ...] = (),
        mutes: tuple[Mute, ...] = (),
    ) -> None:
        """Where not everything could be stored, the incidents stay those of the last tick."""
        self.see(report.summary, report.verdicts)
        self._windows, self._mutes = scheduled, mutes
        if report.unsaved is None:
            self._incidents = report.incidents

    def shown(self) -> Group:
        if self._at is None:
            return Group()
        at = datetime.fromisoformat(self._at).astimezone().strftime("%H:%M:%S")
        open_ones = [incident for incident in self._incidents if incident.state == OPEN]
        lines, others = facts(list(self._verdicts.values()))
        return Group(
            Text(f"gatewatch · last tick {at} · Ctrl-C to stop", style="dim"),
            *(Text(line) for line in window_lines(self._windows, only_open=True)),
            *(Text(mute_line(one)) for one in self._mutes),
            *(Text(line) for line in lines),
            *([show.verdicts(others)] if others or not lines else []),
            *([show.incident_list(open_ones)] if open_ones else [Text("no open incidents")]),
        )

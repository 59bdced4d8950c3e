"""`gatewatch status`: what is deployed, and whether it is alive.

What cannot be read is said to be unknown; only what was seen to be well is green.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

import msgspec
import typer

from gatewatch.cli import show, waiting
from gatewatch.cli.channels import Fares, fares, lines
from gatewatch.cli.exits import AS_EXPECTED, FINDINGS, UNDECIDED, UsageError, until_closed
from gatewatch.cli.mutes import mute_line
from gatewatch.cli.options import Format, OutputFormat
from gatewatch.cli.pausing import pause_line
from gatewatch.cli.service import Service, Where
from gatewatch.cli.stack import DEFAULT_STACK, MonitorName, Place, Region, StackName
from gatewatch.config.canonical import Api, Config, Route
from gatewatch.delivery.outbox import OWN
from gatewatch.incidents.correlate import moment
from gatewatch.incidents.mute import Mute
from gatewatch.incidents.track import RouteState
from gatewatch.model import Finding, Incident
from gatewatch.notices.visible import visible
from gatewatch.notices.words import headline
from gatewatch.plan import anonymous_interval, whole_minutes
from gatewatch.service.errands import Pause, Tick, covering
from gatewatch.service.heartbeat import topics_of
from gatewatch.service.seldom import SELDOM

_T = TypeVar("_T")
_SHOWN = 12
_LATE = timedelta(minutes=5)
_DUE = "though looks are due: see the alarm NotJudged"


class Routes(msgspec.Struct, frozen=True, kw_only=True):
    """Routes at entrances, each counted once. `skipped`: they are configured so that nothing is
    sent; `paused`: nobody looks now, so what was known of them is not counted."""

    up: int = 0
    down: int = 0
    unknown: int = 0
    skipped: int = 0
    paused: int = 0


class Subscribed(msgspec.Struct, frozen=True, kw_only=True):
    """How many confirmed subscribers a topic has; null: that may not be read."""

    topic: str
    confirmed: int | None


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """`wrong`: what somebody must mend; `unknown`: what could not be read, or is not looked at.

    `last_look`: the last one that is stored; where all is well, not each one is. `channels`: how
    each fares, the heartbeat last.
    """

    where: Where
    configuration: str | None
    configured_at: str | None
    tick: Tick | None
    last_look: str | None
    routes: Routes | None
    incidents: tuple[Incident, ...]
    pauses: tuple[Pause, ...]
    mutes: tuple[Mute, ...]
    topics: tuple[Subscribed, ...]
    channels: tuple[Fares, ...]
    wrong: tuple[str, ...]
    unknown: tuple[str, ...]


def status(
    stack: StackName = DEFAULT_STACK,
    region: Region = None,
    monitor: MonitorName = None,
    output: OutputFormat = Format.TEXT,
) -> None:
    """Say what is deployed, whether it is alive, and what it sees.

    Exit code 0 when it ticks and looks, no incident is open, each topic has subscribers and no
    channel fails; 1 when one of these is not so; 2 when something is not known, or not looked at.

    **Examples**

    ```
    gatewatch status
    gatewatch status --stack Orders --region eu-west-1
    gatewatch status --format json
    ```
    """
    found = _Reader(Service(Place(stack, region, monitor))).status()
    with until_closed():
        if output is Format.JSON:
            typer.echo(msgspec.json.encode(found))
        else:
            for line in _lines(found):
                typer.echo(visible(line))
    raise typer.Exit(FINDINGS if found.wrong else UNDECIDED if found.unknown else AS_EXPECTED)


class _Reader:
    """Reads part by part: one that may not be read hides no other."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._wrong: list[str] = []
        self._unknown: list[str] = []
        self._last: dict[str, str] = {}

    def status(self) -> Status:
        service = self._service
        tick = self._read(service.tick, None)
        if (dead := self._read(service.death, None)) is not None:
            self._wrong.append(dead)
        config = self._read(lambda: service.config, None)
        pauses: tuple[Pause, ...] = self._read(service.pauses, ())
        mutes: tuple[Mute, ...] = self._read(service.mutes, ())
        incidents: tuple[Incident, ...] = self._read(lambda: tuple(service.open_incidents()), ())
        routes, last = self._routes(config, pauses)
        self._judge_config()
        self._judge(incidents, pauses, routes)
        self._judge_looks(config, pauses, tick, last)
        return Status(
            where=service.where,
            configuration=self._read(lambda: service.pointer.version, None),
            configured_at=self._read(service.deployed.since, None),
            tick=tick,
            last_look=last,
            routes=routes,
            incidents=incidents,
            pauses=pauses,
            mutes=mutes,
            topics=tuple(self._topics(config)),
            channels=self._channels(config),
            wrong=tuple(dict.fromkeys(self._wrong)),
            unknown=tuple(dict.fromkeys(self._unknown)),
        )

    def _read(self, ask: Callable[[], _T], otherwise: _T) -> _T:
        try:
            return ask()
        except UsageError as error:
            self._unknown.append(str(error))
            return otherwise

    def _judge_config(self) -> None:
        key = self._read(self._service.in_force, None)
        published = self._read(lambda: self._service.pointer.key, None)
        if key is not None and published is not None and key != published:
            self._wrong.append(
                "the published configuration is not in force: it is rejected (ConfigRejected), or "
                "the next minute takes it"
            )

    def _judge(
        self, incidents: Sequence[Incident], pauses: Sequence[Pause], routes: Routes | None
    ) -> None:
        if incidents:
            self._wrong.append(f"{show.count(len(incidents), 'incident')} open")
        self._unknown += [pause_line(one) for one in pauses]
        if routes is not None and routes.unknown:
            self._unknown.append(
                f"{show.count(routes.unknown, 'route')} not known to be up or down"
            )

    def _judge_looks(
        self,
        config: Config | None,
        pauses: Sequence[Pause],
        tick: Tick | None,
        last: str | None,
    ) -> None:
        """A healthy route's looks are stored now and then only; so it is late that this shows that
        none is taken. The alarm NotJudged shows it within minutes."""
        watched = [
            api
            for api in (config.apis if config is not None else ())
            if covering(pauses, api.name) is None
        ]
        if not watched or tick is None:
            return
        if last is None:
            self._unknown.append(f"no look is stored, {_DUE}")
        elif _ago(last) > min(map(_longest, watched)):
            self._wrong.append(f"no look for {waiting.lasting(_ago(last))}, {_DUE}")
        else:
            self._judge_each(watched)

    def _judge_each(self, watched: Sequence[Api]) -> None:
        """Others are looked at, so that only this shows that one is not."""
        for api in watched:
            last = self._last.get(api.name)
            if last is not None and _ago(last) > _longest(api):
                self._wrong.append(f"{api.name}: no look for {waiting.lasting(_ago(last))}, {_DUE}")

    def _routes(
        self, config: Config | None, pauses: Sequence[Pause]
    ) -> tuple[Routes | None, str | None]:
        if config is None:
            return None, None
        counted = Counter[str]()
        for api in config.apis:
            states = self._read(partial(self._service.states, api.name), None)
            if states is None:
                return None, None
            if (last := _last_look(states)) is not None:
                self._last[api.name] = last
            is_paused = covering(pauses, api.name) is not None
            counted.update("paused" if is_paused else one for one in _standings(api, states))
        return Routes(**counted), max(self._last.values(), key=datetime.fromisoformat, default=None)

    def _channels(self, config: Config | None) -> tuple[Fares, ...]:
        """The deployment's own topic, and those of `notify`."""
        standings = self._read(self._service.standings, None)
        if config is None or standings is None:
            return ()
        found = fares(config, standings, (OWN,))
        for one in found:
            if not one.is_well:
                since = moment(one.failing_since or "")
                self._wrong.append(f"{one.name}: takes no message since {since}: {one.because}")
        return found

    def _topics(self, config: Config | None) -> Iterator[Subscribed]:
        """Ours, and those of `notify`."""
        named = {
            name: self._service.outputs.get(name) for name in ("IncidentsTopic", "AlarmsTopic")
        }
        others = topics_of(config) if config is not None else ()
        for topic in dict.fromkeys((*(one for one in named.values() if one), *others)):
            count = self._read(partial(self._service.subscribers, topic), None)
            if count == 0:
                self._wrong.append(f"{topic}: nobody is subscribed")
            yield Subscribed(topic=topic, confirmed=count)


def _standings(api: Api, states: Sequence[RouteState]) -> Iterator[str]:
    """`up`, `down`, `unknown` or `skipped`, for each route at each entrance."""
    known: dict[tuple[str, str], list[RouteState]] = defaultdict(list)
    for one in states:
        known[one.route, one.entrance].append(one)
    for route in api.routes:
        for entrance in api.entrances:
            own = known[route.name, entrance.url]
            last = _last_look(own)
            found = _standing(own)
            is_stale = last is not None and _ago(last) > _longest_of(route)
            yield "unknown" if found == "up" and is_stale else found


def _last_look(states: Sequence[RouteState]) -> str | None:
    """The last one that is stored."""
    seen = (one.seen_at for one in states if one.seen_at)
    return max(seen, key=datetime.fromisoformat, default=None)


def _longest(api: Api) -> timedelta:
    """How long ago the last stored look at any of its routes may be."""
    return min(map(_longest_of, api.routes))


def _longest_of(route: Route) -> timedelta:
    between = max(route.every_seconds, anonymous_interval(route))
    return SELDOM + timedelta(minutes=whole_minutes(between)) + _LATE


def _standing(states: Sequence[RouteState]) -> str:
    problems = [one.problem for one in states if one.is_failing and one.problem is not None]
    if any(one.finding is not Finding.UNDECIDED for one in problems):
        return "down"
    if problems or any(one.unknowns for one in states):
        return "unknown"
    if any(one.has_passed for one in states):
        return "up"
    return "skipped" if states and not any(one.seen_at for one in states) else "unknown"


def _ago(at: str) -> timedelta:
    return waiting.CLOCK.now() - datetime.fromisoformat(at)


def _lines(found: Status) -> Iterator[str]:
    where = found.where
    yield f"monitor:        {where.deployment or where.stack}, version {where.version or 'unknown'}"
    yield f"account:        {where.account or 'unknown'}, region {where.region or 'unknown'}"
    since = f", since {moment(found.configured_at)}" if found.configured_at else ""
    yield f"configuration:  {(found.configuration or 'unknown')[:_SHOWN]}{since}"
    yield f"last tick:      {_when(found.tick.at if found.tick else None)}"
    yield f"last look:      {_when(found.last_look)}{_perhaps_later(found.last_look)}"
    yield f"routes:         {_counted(found.routes)}"
    yield f"incidents:      {len(found.incidents) or 'none'} open"
    yield from (f"    {one.id}  {headline(one)}" for one in found.incidents)
    yield from map(pause_line, found.pauses)
    yield from map(mute_line, found.mutes)
    yield "subscribers:"
    yield from (f"    {one.topic}: {_confirmed(one)}" for one in found.topics)
    if found.channels:
        yield "channels:"
        yield from (f"    {line}" for one in found.channels for line in lines(one))
    if found.wrong:
        yield "wrong:"
        yield from (f"    {one}" for one in found.wrong)
    if found.unknown:
        yield "not known:"
        yield from (f"    {one}" for one in found.unknown)


def _confirmed(one: Subscribed) -> str:
    return "unknown" if one.confirmed is None else str(one.confirmed or "nobody")


def _when(at: str | None) -> str:
    return "none" if at is None else f"{moment(at)}, {waiting.lasting(_ago(at))} ago"


def _perhaps_later(at: str | None) -> str:
    """Only the last look that is stored is known."""
    is_old = at is not None and _ago(at) > timedelta(minutes=1)
    return ", or later: not every look is stored while all is well" if is_old else ""


def _counted(routes: Routes | None) -> str:
    if routes is None:
        return "unknown"
    numbers = {name: getattr(routes, name) for name in routes.__struct_fields__}
    always = ("up", "down", "unknown")
    return ", ".join(
        f"{count} {name}" for name, count in numbers.items() if count or name in always
    )

"""One tick: distribute what is due in this minute, and wake the writers that have work to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256

import msgspec

from gatewatch import __version__
from gatewatch.attempt import Probe
from gatewatch.config.canonical import Api, Channel, Config
from gatewatch.config.windows import openings
from gatewatch.delivery.outbox import OWN, apart
from gatewatch.incidents.mute import Mute
from gatewatch.model import Paused
from gatewatch.own_fault import log_own_fault
from gatewatch.plan import AtOnce, plan
from gatewatch.service.at_once import asked_looks
from gatewatch.service.changes.deployed import DeployedApi, deployed_looks
from gatewatch.service.desk_load import carried
from gatewatch.service.errands import (
    Answer,
    DeskCall,
    Pause,
    Tick,
    Waiting,
    covering,
    in_order,
    mutes,
    pauses,
)
from gatewatch.service.heartbeat import Pulse, topics_of
from gatewatch.service.ledger import WriterContext
from gatewatch.service.ports import ApiRecord, ApiRecords, DispatchTable, Message, Queue
from gatewatch.service.shards import Bounds, Shard, shards
from gatewatch.service.source import ConfigSource, Holding
from gatewatch.service.state_slices import slice_count
from gatewatch.service.wake_up import WakeUp, desk_message


@dataclass(frozen=True, slots=True)
class Dispatched:
    """`due` counts routes at entrances, as `RoutesDue` does, which counts neither `paused` ones nor
    those of `stopped`: the APIs that could not be dispatched, each with the reason. `topics`: the
    ARNs to which messages and beats go, beside the deployment's own. `unread`: why deployments of
    the APIs could not be read or noted, so that their looks may be missing; of this nobody else is
    told."""

    due: int
    shards: int
    sweeps: int
    rejected: tuple[str, ...]
    stopped: Mapping[str, str] = field(default_factory=dict)
    topics: tuple[str, ...] = ()
    paused: int = 0
    unread: Exception | None = None


def dispatch(
    at: datetime,
    source: ConfigSource,
    records: DispatchTable,
    work: Queue,
    changes: Queue,
    bounds: Bounds | None = None,
    twin: Queue | None = None,
    pulse: Pulse | None = None,
) -> Dispatched:
    """`at` is when this tick was scheduled; a repeated tick is dispatched once.

    `work` is for the probe outside, `twin` for the one that looks at private APIs; `pulse`: where
    beats go. Raises NoTwinError where these are due and there is no twin; everything else is
    dispatched then, but no beat.
    """
    tick = at.replace(second=0, microsecond=0)
    holding, rejected = source.current()
    failed = list[Exception]()
    deployed: Mapping[str, DeployedApi] = {}
    with _without_stopping("deployments", failed):
        deployed = records.deployed_apis()
    known = _with_deployments(records.records(), deployed)
    counts = _slice_counts(holding.config, known, records)
    waiting = in_order(records.errands(), tick)
    still, muted = pauses(waiting.errands, tick), mutes(waiting.errands, tick)
    paused, watched = _apart(holding, still)
    asked = asked_looks(waiting.errands, records.answer, holding.config, still, tick)
    after = deployed_looks(deployed, watched.config, tick, asked.room)
    dealt = _dealt(watched, known, counts, tick, bounds, asked.routes | after.routes, muted)
    sound = {name: one for name, one in known.items() if name not in dealt.stopped}
    calls = sweeps(holding, sound, records.acknowledged(), tick, still, muted)
    changes.send([one.message() for one in calls])
    is_whole = _send(dealt, work, twin)
    for api in after.rounds.keys() - dealt.stopped.keys():
        with _without_stopping("deployments", failed):
            records.set_rounds(api, after.rounds[api])
    with _without_stopping("answers"):
        for answer in asked.answers:
            records.set_answer(_counted(answer, dealt))
    with _without_stopping("desk"):
        _call_desk(waiting, holding, tick, changes)
    with _without_stopping("tick"):
        records.set_tick(
            Tick(at=tick.isoformat(), version=__version__, due=dealt.due, paused=paused)
        )
    if not is_whole:
        raise NoTwinError
    if pulse is not None and not failed:
        with _without_stopping("heartbeat"):
            pulse.beat(holding.config, tick)
    return Dispatched(
        due=dealt.due,
        shards=len(dealt.outside) + len(dealt.inside),
        sweeps=len(calls),
        rejected=rejected.problems if rejected else (),
        stopped=dealt.stopped,
        topics=topics_of(holding.config),
        paused=paused,
        unread=next(iter(failed), None),
    )


def _with_deployments(
    known: Mapping[str, ApiRecord], deployed: Mapping[str, DeployedApi]
) -> dict[str, ApiRecord]:
    return {
        name: msgspec.structs.replace(one, deployments=deployed[name].deployments)
        if name in deployed
        else one
        for name, one in known.items()
    }


@contextmanager
def _without_stopping(step: str, failed: list[Exception] | None = None) -> Iterator[None]:
    """No look of the schedule needs these steps: a table that takes no write stops none. Who asked
    for something is told that no answer came, and it stands for the next tick; what nobody waits
    for is added to `failed`."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - logged
        log_own_fault("dispatch_step_failed", step, error)
        if failed is not None:
            failed.append(error)


def _apart(holding: Holding, still: Sequence[Pause]) -> tuple[int, Holding]:
    """How many routes at entrances are paused, and what is left to be looked at."""
    config = holding.config
    paused = [one for one in config.apis if covering(still, one.name) is not None]
    if not paused:
        return 0, holding
    left = tuple(one for one in config.apis if one not in paused)
    places = sum(len(one.routes) * len(one.entrances) for one in paused)
    return places, replace(holding, config=msgspec.structs.replace(config, apis=left))


def _counted(answer: Answer, dealt: _Dealt) -> Answer:
    if answer.refused is not None:
        return answer
    return msgspec.structs.replace(answer, routes=dealt.asked_routes, shards=dealt.asked_shards)


def _call_desk(waiting: Waiting, holding: Holding, tick: datetime, changes: Queue) -> None:
    """Last, since the desk removes errands that were done."""
    found = carried(waiting, tick)
    if found.errands or found.spoilt:
        channels = {one.key: _told(one) for one in holding.config.notify}
        call = DeskCall(
            at=tick.isoformat(),
            errands=found.errands,
            spoilt=found.spoilt,
            channels=tuple(channels.values()),
        )
        changes.send([desk_message(call)])


@dataclass(frozen=True, slots=True)
class _Dealt:
    """Shards as messages: those for the probe outside, and those for the twin. `asked_…`: what of
    it somebody waits for."""

    due: int
    outside: Sequence[Message]
    inside: Sequence[Message]
    stopped: Mapping[str, str]
    asked_routes: int = 0
    asked_shards: int = 0


def _dealt(
    holding: Holding,
    known: Mapping[str, ApiRecord],
    counts: Mapping[str, int],
    tick: datetime,
    bounds: Bounds | None,
    at_once: AtOnce,
    muted: Sequence[Mute] = (),
) -> _Dealt:
    """After a failure each API is tried by itself, so that a broken one stops no other."""

    def deal(apis: Sequence[Api], stopped: Mapping[str, str]) -> _Dealt:
        part = replace(holding, config=msgspec.structs.replace(holding.config, apis=tuple(apis)))
        usual, asked = _probes(part, known, tick, at_once)
        found = _shards(part, usual, known, counts, tick, bounds, muted)
        waited = [
            msgspec.structs.replace(one, is_asked=True)
            for one in _shards(part, asked, known, counts, tick, bounds, muted)
        ]
        every = [*found, *waited]
        return _Dealt(
            due=len(usual) + len(asked),
            outside=[_message(one) for one in every if not one.is_private],
            inside=[_message(one) for one in every if one.is_private],
            stopped=stopped,
            asked_routes=len(asked),
            asked_shards=len(waited),
        )

    try:
        return deal(holding.config.apis, {})
    except Exception:  # noqa: BLE001 - reported for each broken API, logged, counted
        sound, stopped = list[Api](), dict[str, str]()
        for api in holding.config.apis:
            try:
                deal([api], {})
                sound.append(api)
            except Exception as error:  # noqa: BLE001 - the same
                stopped[api.name] = f"{type(error).__name__}: {error}"
        return deal(sound, stopped)


def _probes(
    holding: Holding, known: Mapping[str, ApiRecord], tick: datetime, at_once: AtOnce
) -> tuple[list[Probe], list[Probe]]:
    """The routes at entrances that are due, and those that somebody wants looked at now."""
    minute = int(tick.timestamp() // 60)
    latched = {
        (one.api, *each): held for one in known.values() for each, held in one.latched.items()
    }
    restless = frozenset(one.api for one in known.values() if one.is_restless)
    minutes = range(minute, minute + 1)
    probes = plan(
        holding.config, minutes, latched, _let_in(known), restless=restless, at_once=at_once
    )
    asked = [one for one in probes if (one.api.name, one.route.name) in at_once]
    return [one for one in probes if (one.api.name, one.route.name) not in at_once], asked


def _let_in(known: Mapping[str, ApiRecord]) -> frozenset[tuple[str, str]]:
    return frozenset((one.api, entrance) for one in known.values() for entrance in one.let_in)


def _shards(
    holding: Holding,
    probes: Sequence[Probe],
    known: Mapping[str, ApiRecord],
    counts: Mapping[str, int],
    tick: datetime,
    bounds: Bounds | None,
    muted: Sequence[Mute],
) -> list[Shard]:
    if not probes:
        return []
    return shards(
        holding.config,
        probes,
        tick,
        {
            api.name: about(api, holding.config, tick, record=known.get(api.name), muted=muted)
            for api in holding.config.apis
        },
        {api.name: counts[api.name] for api in holding.config.apis},
        let_in=_let_in(known),
        networks=holding.allowed.networks,
        inside=holding.allowed.inside,
        bounds=bounds,
    )


def _send(dealt: _Dealt, work: Queue, twin: Queue | None) -> bool:
    """Whether somebody takes all of it."""
    work.send(dealt.outside)
    if twin is None:
        return not dealt.inside
    twin.send(dealt.inside)
    return True


class NoTwinError(Exception):
    """Raised where private APIs are due and this deployment has no probe that reaches them, as
    while a deployment creates or removes it."""


def _slice_counts(
    config: Config, known: Mapping[str, ApiRecord], records: ApiRecords
) -> dict[str, int]:
    """The number of slices only grows: an abandoned slice would keep outdated states."""
    counts: dict[str, int] = {}
    for api in config.apis:
        before, wanted = known.get(api.name, ApiRecord(api=api.name)).slices, slice_count(api)
        if wanted > before:
            records.set_slices(api.name, wanted)
        counts[api.name] = max(before, wanted)
    return counts


def about(
    api: Api,
    config: Config,
    at: datetime,
    still: Sequence[Pause] = (),
    record: ApiRecord | None = None,
    muted: Sequence[Mute] = (),
) -> WriterContext:
    pause = covering(still, api.name)
    own = [one for one in config.notify if one.covers(api.name)]
    return WriterContext(
        team=api.owner,
        runbook=api.runbook,
        channels=(OWN, *(_told(one) for one in own)),
        apart=apart(own),
        maintenance=openings(config.maintenance, api.name, at),
        remind_every_seconds=api.remind_every_seconds,
        paused=None if pause is None else Paused(by=pause.by, since=pause.since, until=pause.until),
        deployments=() if record is None else record.deployments,
        mutes=tuple(one for one in muted if one.api == api.name),
    )


def _told(channel: Channel) -> Channel:
    """As a writer knows it: it was chosen for this API."""
    return msgspec.structs.replace(channel, apis=msgspec.UNSET)


# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
# It was 262,144 bytes for years, with what the queue adds.
_MOST_BYTES = 250_000


class TooLargeError(Exception):
    """Raised for a shard that is too large for a message."""


def _message(shard: Shard) -> Message:
    body = msgspec.json.encode(shard)
    if len(body) > _MOST_BYTES:
        raise TooLargeError(f"{len(body)} bytes for one message")
    return Message(body=body, lane=shard.lane, once=sha256(body).hexdigest())


def sweeps(
    holding: Holding,
    known: Mapping[str, ApiRecord],
    acknowledged: frozenset[str],
    at: datetime,
    still: Sequence[Pause] = (),
    muted: Sequence[Mute] = (),
) -> list[WakeUp]:
    """A wake-up for each API that has something open, unannounced or acknowledged, or that was not
    yet compared with the current configuration."""
    apis = {api.name: api for api in holding.config.apis}
    gone = WriterContext(channels=(OWN, *map(_told, holding.config.notify)))
    return [
        WakeUp(
            api=name,
            at=at.isoformat(),
            about=about(apis[name], holding.config, at, still, one, muted)
            if name in apis
            else gone,
            compare=holding.key,
            digest=holding.digests.get(name),
        )
        for name, one in sorted(known.items())
        if one.news or name in acknowledged or one.swept != holding.digests.get(name, "")
    ]

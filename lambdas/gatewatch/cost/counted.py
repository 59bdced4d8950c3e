"""A configuration's amounts per minute, counted by dispatching minutes as the service does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec
from msgspec import UNSET

from gatewatch.attempt import Probe
from gatewatch.config.canonical import Config, Heartbeat
from gatewatch.cost.written import written_share
from gatewatch.plan import NOBODY_YET, looks_a_minute, plan, trial_minutes
from gatewatch.service.dispatch import about
from gatewatch.service.shards import Shard, shards
from gatewatch.service.state_slices import slice_count, slice_name

_MOST_MINUTES = 5
_ENOUGH_ROUTES = 20_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """Of one minute on the average, but `routes` (at entrances) and `apis`, which are in all.

    `slices` are touched: read each, and so many of them `written`; `held`: how often what is held
    back is asked for, with a write each, since only a write proves that a latch could be set.
    `timeout_seconds`: of all looks together. `restless_looks`: where something has just changed,
    and strangers look as often as others. `posts`: whether something is posted, and a queue waits
    for it; `beats`: of the heartbeat.
    """

    apis: int
    routes: int
    looks: float
    shards: float
    message_bytes: float
    slices: float
    written: float
    timeout_seconds: float
    held: float = 0.0
    restless_looks: float = 0.0
    is_small: bool = False
    posts: bool = False
    beats: float = 0.0


def counted(config: Config) -> Counted:
    """With trials, and without controls, which are sent only while something fails.

    Some minutes are dealt out, the fewer the more routes there are: those are spread over their
    intervals, so that minutes are alike.
    """
    routes = sum(len(api.routes) * len(api.entrances) for api in config.apis)
    minutes = max(1, min(_MOST_MINUTES, _ENOUGH_ROUTES // max(1, routes)))
    dealt = [shard for minute in range(minutes) for shard in _shards(config, minute)]
    touched = sum(map(_slices, dealt)) / minutes
    probes = plan(config, entered=NOBODY_YET)
    rates = [rate for probe in probes for rate in _rates(probe)]
    return Counted(
        apis=len(config.apis),
        routes=routes,
        looks=sum(looks for looks, _ in rates),
        shards=len(dealt) / minutes,
        message_bytes=sum(len(msgspec.json.encode(one)) for one in dealt) / minutes,
        slices=touched,
        written=touched * written_share(config),
        held=sum(len(one.holding) for one in dealt) / minutes,
        restless_looks=sum(map(_restless_rate, probes)),
        timeout_seconds=sum(looks * timeout for looks, timeout in rates),
        is_small=config.is_small,
        posts=any(one.hook is not UNSET for one in config.notify) or config.heartbeat is not UNSET,
        beats=_beats(config),
    )


def _beats(config: Config) -> float:
    return 60 / config.heartbeat.every_seconds if isinstance(config.heartbeat, Heartbeat) else 0.0


def _rates(probe: Probe) -> Iterator[tuple[float, float]]:
    """Of each look: how often a minute, and its timeout."""
    strangers, callers = looks_a_minute(probe.route)
    for look in probe.attempts:
        yield callers if look.callers else strangers, look.timeout_seconds
    for trial in probe.trials:
        yield 1 / trial_minutes(probe.route), trial.timeout_seconds


def _restless_rate(probe: Probe) -> float:
    """Of its looks, without trials."""
    return len(probe.attempts) * max(looks_a_minute(probe.route))


def _shards(config: Config, minute: int) -> list[Shard]:
    at = _EPOCH + timedelta(minutes=minute)
    return shards(
        config,
        plan(config, range(minute, minute + 1)),
        at,
        {api.name: about(api, config, at) for api in config.apis},
        {api.name: slice_count(api) for api in config.apis},
    )


def _slices(shard: Shard) -> int:
    return len(
        {
            (api.name, slice_name(route.name, shard.slices[api.name]))
            for api in shard.apis
            for route in api.routes
        }
    )

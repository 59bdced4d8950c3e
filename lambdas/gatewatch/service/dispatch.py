"""One tick: deal out what is due in this minute, and call the writers who have work to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

import msgspec

from gatewatch.config.canonical import Api, Config
from gatewatch.config.windows import openings
from gatewatch.plan import plan
from gatewatch.service.call import Call
from gatewatch.service.ledger import About
from gatewatch.service.notice import OWN
from gatewatch.service.ports import Message, Queue, Record, Records
from gatewatch.service.shards import Bounds, Shard, shards
from gatewatch.service.slices import slice_count
from gatewatch.service.source import Holding, Source


@dataclass(frozen=True, slots=True)
class Dispatched:
    """`due` counts routes at entrances, as `RoutesDue` does."""

    due: int
    shards: int
    sweeps: int
    rejected: tuple[str, ...]


def dispatch(
    at: datetime,
    source: Source,
    records: Records,
    work: Queue,
    changes: Queue,
    bounds: Bounds | None = None,
    twin: Queue | None = None,
) -> Dispatched:
    """`at` is when this tick was scheduled; the same tick twice is dealt out once.

    `work` is for the probe outside, `twin` for the one that looks at private APIs. Raises
    NoTwinError where these are due and nobody can look; everything else is dealt out then.
    """
    tick = at.replace(second=0, microsecond=0)
    holding, rejected = source.current()
    known = records.records()
    due, found = _dealt(holding, known, records, tick, bounds)
    calls = sweeps(holding, known, records.acknowledged(), tick)
    changes.send([one.message() for one in calls])
    _send(found, work, twin)
    return Dispatched(
        due=due,
        shards=len(found),
        sweeps=len(calls),
        rejected=rejected.problems if rejected else (),
    )


def _dealt(
    holding: Holding,
    known: Mapping[str, Record],
    records: Records,
    tick: datetime,
    bounds: Bounds | None,
) -> tuple[int, list[Shard]]:
    """How many routes at entrances are due, and their shards."""
    minute = int(tick.timestamp() // 60)
    latched = {
        (one.api, *each): held for one in known.values() for each, held in one.latched.items()
    }
    let_in = frozenset((one.api, entrance) for one in known.values() for entrance in one.let_in)
    restless = frozenset(one.api for one in known.values() if one.is_restless)
    minutes = range(minute, minute + 1)
    probes = plan(holding.config, minutes, latched, let_in, restless=restless)
    return len(probes), shards(
        holding.config,
        probes,
        tick,
        {api.name: about(api, holding.config, tick) for api in holding.config.apis},
        _slice_counts(holding.config, known, records),
        let_in=let_in,
        latched=latched,
        networks=holding.allowed.networks,
        inside=holding.allowed.inside,
        bounds=bounds,
        restless=restless,
    )


def _send(found: Sequence[Shard], work: Queue, twin: Queue | None) -> None:
    work.send([_message(one) for one in found if not one.is_private])
    if private := [_message(one) for one in found if one.is_private]:
        if twin is None:
            raise NoTwinError
        twin.send(private)


class NoTwinError(Exception):
    """Raised where private APIs are due and this deployment has no probe that reaches them, as
    for the moments of a deployment that makes or removes it."""


def _slice_counts(config: Config, known: Mapping[str, Record], records: Records) -> dict[str, int]:
    """Slices become more, never fewer: one that was left would hold what is no longer so."""
    counts: dict[str, int] = {}
    for api in config.apis:
        before, wanted = known.get(api.name, Record(api=api.name)).slices, slice_count(api)
        if wanted > before:
            records.set_slices(api.name, wanted)
        counts[api.name] = max(before, wanted)
    return counts


def about(api: Api, config: Config, at: datetime) -> About:
    return About(
        team=api.owner,
        runbook=api.runbook,
        channels=(OWN, *config.notify),
        maintenance=openings(config.maintenance, api.name, at),
        remind_every_seconds=api.remind_every_seconds,
    )


def _message(shard: Shard) -> Message:
    body = msgspec.json.encode(shard)
    return Message(body=body, lane=shard.lane, once=sha256(body).hexdigest())


def sweeps(
    holding: Holding, known: Mapping[str, Record], acknowledged: frozenset[str], at: datetime
) -> list[Call]:
    """A call for each API that has something open, unsaid, acknowledged, or not compared with what
    holds now."""
    apis = {api.name: api for api in holding.config.apis}
    gone = About(channels=(OWN, *holding.config.notify))
    return [
        Call(
            api=name,
            at=at.isoformat(),
            about=about(apis[name], holding.config, at) if name in apis else gone,
            compare=holding.key,
            digest=holding.digests.get(name),
        )
        for name, one in sorted(known.items())
        if one.news or name in acknowledged or one.swept != holding.digests.get(name, "")
    ]

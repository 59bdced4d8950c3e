"""How a minute's looks are dealt out to probe Lambdas. It plans and sends nothing.

A shard is weighed so that it ends in time even if every look takes all of its timeout. A host
that needs several shards has few lanes, and the shards of one lane follow each other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

import msgspec
from msgspec.structs import replace

from gatewatch.attempt import Probe, destination
from gatewatch.config.canonical import Api, Config, Credential, Entrance, Route
from gatewatch.model import Held
from gatewatch.plan import NO_LATCHES, Decided, Latches, decide, whole_minutes
from gatewatch.service.ledger import WriterContext
from gatewatch.service.state_slices import slice_name

_MOST_BYTES = 150_000
_MOST_ROUTE_BYTES = 60_000


@dataclass(frozen=True, slots=True)
class Bounds:
    """`seconds` a shard may take at worst, with so many threads and so many of them at one host;
    `lanes`: how many shards of one host may be under way."""

    seconds: float = 40.0
    threads: int = 16
    per_host: int = 6
    lanes: int = 4


HeldWrite = tuple[str, str, str, Held]
"""(api, route, entrance) of a write that is held back, and as what."""


class Shard(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Looks of one minute, with all that a probe must know to take them and to track them.

    `minute` is counted from the epoch. `apis` hold only what is due; one API may stand there for
    each of its entrances. So nothing may be concluded from their routes that holds of an API as a
    whole: `decided` has that, and the `credentials` are with it. `slices` tells of how many
    slices an API has. `networks` are the address ranges to which the deployment lets us connect
    besides public addresses.
    """

    at: str
    minute: int
    lane: str
    apis: tuple[Api, ...]
    credentials: tuple[Credential, ...]
    slices: dict[str, int]
    about: dict[str, WriterContext]
    decided: dict[str, Decided]
    let_in: tuple[tuple[str, str], ...] = ()
    latched: tuple[HeldWrite, ...] = ()
    networks: tuple[str, ...] = ()
    contact: str | None = None

    @property
    def config(self) -> Config:
        return Config(apis=self.apis, credentials=self.credentials)

    @property
    def holding(self) -> frozenset[str]:
        """The APIs with writes that are held back once they got through."""
        return frozenset(
            api.name for api in self.apis for one in api.routes if one.writes and not one.invoke
        )

    @property
    def is_private(self) -> bool:
        """Whether it is the twin's. Private APIs and others never share a shard."""
        return any(api.private for api in self.apis)


@dataclass(frozen=True, slots=True)
class Piece:
    """Due routes of one slice at one entrance. `latched`: those whose writes are held back.
    `seconds`: looks times timeout; `size`: the bytes of what a shard would hold for it alone."""

    api: Api
    entrance: Entrance
    routes: tuple[Route, ...]
    latched: tuple[HeldWrite, ...]
    slice: str
    seconds: float
    size: int

    @property
    def host(self) -> str:
        return destination(self.api.connect_to, self.entrance.url)


def pieces(
    probes: Iterable[Probe],
    counts: Mapping[str, int],
    credentials: Iterable[Credential],
    latched: Latches,
    besides: Mapping[str, int],
    decided: Mapping[str, Decided],
) -> list[Piece]:
    """`counts` tell of how many slices each API has; `besides`, how many bytes a shard holds for
    it that stand neither in the configuration nor in what is `latched`."""
    sizes = {one.name: _size(one) for one in credentials}
    found: dict[tuple[str, str, str], list[Probe]] = defaultdict(list)
    for one in probes:
        name = one.api.name
        found[name, one.entrance.url, slice_name(one.route.name, counts[name])].append(one)
    return [
        _piece(part, name, latched, sizes, besides[api], decided[api])
        for (api, _, name), group in found.items()
        for part in _cut(group)
    ]


def _cut(group: Iterable[Probe]) -> Iterator[list[Probe]]:
    """The routes of one slice in pieces that a message carries with all that goes with them."""
    part: list[Probe] = []
    size = 0
    for one in group:
        more = _size(one.route)
        if part and size + more > _MOST_ROUTE_BYTES:
            yield part
            part, size = [], 0
        part.append(one)
        size += more
    yield part


def _piece(
    group: Sequence[Probe],
    name: str,
    latched: Latches,
    sizes: Mapping[str, int],
    besides: int,
    decided: Decided,
) -> Piece:
    api, entrance = group[0].api, group[0].entrance
    routes = tuple(one.route for one in group)
    used = {each for one in routes for caller in one.callers for each in caller}
    used |= set(decided.credentials)
    keys = ((api.name, one.name, entrance.url) for one in routes)
    held = tuple((*key, latched[key]) for key in keys if key in latched)
    return Piece(
        api=api,
        entrance=entrance,
        routes=routes,
        latched=held,
        slice=name,
        seconds=sum(each.timeout_seconds for one in group for each in one.planned),
        size=_size(replace(api, entrances=(entrance,), routes=routes))
        + _size(held)
        + sum(sizes[name] for name in used)
        + besides,
    )


def _size(value: object) -> int:
    return len(msgspec.json.encode(value))


def packed(found: Iterable[Piece], bounds: Bounds) -> list[tuple[str, list[Piece]]]:
    """Every piece in one shard, each with its lane: first those of busy hosts."""
    by_host: dict[str, list[Piece]] = defaultdict(list)
    for one in found:
        by_host[one.host].append(one)
    few: list[list[Piece]] = []
    dealt: list[tuple[str, list[Piece]]] = []
    for host, own in by_host.items():
        if _fits(own, bounds.seconds * bounds.per_host):
            few.append(own)
        else:
            runs = enumerate(_runs(own, bounds))
            dealt += [(_lane(host, at % bounds.lanes), run) for at, run in runs]
    dealt += [(_lane(*(one.host for one in run)), run) for run in _together(few, bounds)]
    return dealt


def _runs(own: Iterable[Piece], bounds: Bounds) -> Iterator[list[Piece]]:
    """One host's pieces, cut where a shard is full. A piece that is too much alone is one."""
    most = bounds.seconds * bounds.per_host
    run: list[Piece] = []
    for one in own:
        if run and not _fits([*run, one], most):
            yield run
            run = []
        run.append(one)
    if run:
        yield run


_BINS = 32


def _together(few: Iterable[list[Piece]], bounds: Bounds) -> Iterator[list[Piece]]:
    """Hosts that need less than a shard share one: each goes into the first that has room."""
    most = bounds.seconds * bounds.threads
    bins: list[list[Piece]] = []
    for own in few:
        room = next((one for one in bins if _fits([*one, *own], most)), None)
        if room is not None:
            room.extend(own)
            continue
        if len(bins) == _BINS:
            yield bins.pop(0)
        bins.append(list(own))
    yield from bins


def _fits(run: Sequence[Piece], most_seconds: float) -> bool:
    return (
        sum(one.seconds for one in run) <= most_seconds
        and sum(one.size for one in run) <= _MOST_BYTES
    )


def _lane(*names: object) -> str:
    return sha256("\0".join(map(str, names)).encode()).hexdigest()[:32]


def shards(
    config: Config,
    probes: Iterable[Probe],
    at: datetime,
    about: Mapping[str, WriterContext],
    counts: Mapping[str, int],
    let_in: Iterable[tuple[str, str]] = (),
    latched: Latches = NO_LATCHES,
    networks: tuple[str, ...] = (),
    inside: tuple[str, ...] = (),
    bounds: Bounds | None = None,
    restless: frozenset[str] = frozenset(),
) -> list[Shard]:
    """The shards of one minute. Each route is in one shard for each of its entrances.

    `inside`: the `networks` of shards of private APIs.
    """
    credentials = {one.name: one for one in config.credentials}
    entered: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for one in sorted(let_in):
        entered[one[0]].append(one)
    decided = decide(config, restless)
    besides = {name: _size((about[name], entered[name], decided[name])) for name in counts}
    found = pieces(probes, counts, config.credentials, latched, besides, decided)
    return [
        Shard(
            at=at.isoformat(),
            minute=int(at.timestamp() // 60),
            lane=lane,
            apis=tuple(_apis(run)),
            credentials=tuple(credentials[name] for name in _named(run, decided)),
            slices={one.api.name: counts[one.api.name] for one in run},
            about={one.api.name: about[one.api.name] for one in run},
            decided={one.api.name: decided[one.api.name] for one in run},
            let_in=tuple(pair for name in _names(run) for pair in entered[name]),
            latched=tuple(each for one in run for each in one.latched),
            networks=inside if private else networks,
            contact=config.contact,
        )
        for private in (False, True)
        for lane, run in packed(
            (one for one in found if one.api.private is private), bounds or Bounds()
        )
    ]


def _names(run: Iterable[Piece]) -> list[str]:
    return list(dict.fromkeys(one.api.name for one in run))


def _named(run: Sequence[Piece], decided: Mapping[str, Decided]) -> list[str]:
    """The credentials that these routes are called with, and those of controls."""
    used = [
        name for one in run for route in one.routes for caller in route.callers for name in caller
    ]
    controls = (name for one in run for name in decided[one.api.name].credentials)
    return list(dict.fromkeys([*used, *controls]))


def _apis(run: Iterable[Piece]) -> Iterator[Api]:
    due: dict[tuple[str, str], list[Piece]] = defaultdict(list)
    for one in run:
        due[one.api.name, one.entrance.url].append(one)
    for same in due.values():
        routes = tuple(route for one in same for route in one.routes)
        yield replace(same[0].api, entrances=(same[0].entrance,), routes=routes)


def fresh(shard: Shard, now: datetime) -> tuple[Shard, int]:
    """The shard without the routes whose next look is due already, and how many those are."""
    age = (now - datetime.fromisoformat(shard.at)).total_seconds()
    apis = [
        replace(api, routes=tuple(one for one in api.routes if age <= _interval(one)))
        for api in shard.apis
    ]
    left = tuple(api for api in apis if api.routes)
    stale = sum(len(api.routes) for api in shard.apis) - sum(len(api.routes) for api in left)
    return replace(shard, apis=left), stale


def _interval(route: Route) -> float:
    return whole_minutes(route.every_seconds) * 60

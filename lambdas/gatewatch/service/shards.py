"""Distributes a minute's looks to probe Lambdas. It plans and sends nothing.

A shard's weight lets it end in time even if every look takes its whole timeout. A host that needs
several shards has few lanes, and the shards of one lane follow each other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

import msgspec
from msgspec.structs import replace

from gatewatch.attempt import Probe, Skipped, Trial, attempt_for, trial_for
from gatewatch.config.canonical import Api, Config, Credential, Route
from gatewatch.gateway.url import host_of
from gatewatch.plan import signers, whole_minutes
from gatewatch.service.ledger import WriterContext
from gatewatch.service.state_slices import slice_name

_MOST_BYTES = 150_000
_MOST_ROUTE_BYTES = 60_000


@dataclass(frozen=True, slots=True)
class Bounds:
    """`seconds`: the most that a shard may take, with so many `threads`, and so many of them
    `per_host`; `lanes`: how many shards of one host may run at once."""

    seconds: float = 40.0
    threads: int = 16
    per_host: int = 6
    lanes: int = 4


class PlannedLooks(msgspec.Struct, frozen=True, array_like=True):
    """The planned looks at a route; see Probe."""

    callers: tuple[tuple[str, ...], ...]
    skipped: tuple[Skipped, ...] = ()
    trials: tuple[Trial, ...] = ()


class DueRoutes(msgspec.Struct, frozen=True, kw_only=True):
    """What is due of an API at one entrance: `api` has no other routes, and `looks` has an entry
    for each of them."""

    api: Api
    looks: tuple[PlannedLooks, ...]

    def probes(self) -> Iterator[Probe]:
        [entrance] = self.api.entrances
        for route, looks in zip(self.api.routes, self.looks, strict=True):
            yield Probe(
                self.api,
                route,
                entrance,
                tuple(attempt_for(self.api, route, entrance, one) for one in looks.callers),
                looks.skipped,
                tuple(trial_for(self.api, route, entrance, one) for one in looks.trials),
            )

    def without(self, is_left: Callable[[Route], bool]) -> DueRoutes:
        kept = [
            (route, looks)
            for route, looks in zip(self.api.routes, self.looks, strict=True)
            if not is_left(route)
        ]
        routes = tuple(route for route, _ in kept)
        return DueRoutes(
            api=replace(self.api, routes=routes), looks=tuple(looks for _, looks in kept)
        )


def due_routes(probes: Sequence[Probe]) -> DueRoutes:
    """The form in which a shard carries probes of one API at one entrance."""
    first = probes[0]
    routes = tuple(one.route for one in probes)
    return DueRoutes(
        api=replace(first.api, entrances=(first.entrance,), routes=routes),
        looks=tuple(map(_looks, probes)),
    )


def _looks(probe: Probe) -> PlannedLooks:
    return PlannedLooks(
        callers=tuple(one.callers for one in probe.attempts),
        skipped=probe.skipped,
        trials=tuple(
            Trial(one.invalid, one.callers, one.instead_of)
            for one in probe.trials
            if one.invalid is not None
        ),
    )


class Shard(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """Looks of one minute, with all that a probe needs to take and track them.

    One API may be `due` at each of its entrances. It does not have all of its routes here, so they
    allow no conclusion about the API as a whole: `signers` names the credential that controls at
    an API may sign with, and `credentials` has it. A credential brings those of its hosts that
    these looks are for, and may be sent to no others from here. `slices`: each API's number of
    slices. `networks`: the address ranges that the deployment allows in addition to public ones.
    `is_asked`: somebody waits for these verdicts.
    """

    at: str
    lane: str
    due: tuple[DueRoutes, ...]
    credentials: tuple[Credential, ...]
    slices: dict[str, int]
    about: dict[str, WriterContext]
    signers: dict[str, str]
    let_in: tuple[tuple[str, str], ...] = ()
    networks: tuple[str, ...] = ()
    contact: str | None = None
    is_asked: bool = False

    @property
    def part(self) -> str:
        """Which of its tick's shards it is."""
        return sha256(msgspec.json.encode(self)).hexdigest()[:32]

    @property
    def apis(self) -> tuple[Api, ...]:
        return tuple(one.api for one in self.due)

    @property
    def config(self) -> Config:
        return Config(apis=self.apis, credentials=self.credentials)

    def probes(self) -> list[Probe]:
        """The probes as dispatch planned them."""
        return [probe for one in self.due for probe in one.probes()]

    @property
    def holding(self) -> frozenset[str]:
        """The APIs with writes that are held back once they get through."""
        return frozenset(
            api.name for api in self.apis for one in api.routes if one.writes and not one.invoke
        )

    @property
    def is_private(self) -> bool:
        """Whether it is for the twin. Private APIs and others never share a shard."""
        return any(api.private for api in self.apis)


@dataclass(frozen=True, slots=True)
class Piece:
    """Probes of one slice at one entrance, which stay together. `seconds`: looks times timeout;
    `size`: its bytes in a shard."""

    probes: tuple[Probe, ...]
    seconds: float
    size: int

    @property
    def api(self) -> Api:
        return self.probes[0].api

    @property
    def host(self) -> str:
        return self.probes[0].destination

    @property
    def place(self) -> tuple[str, str]:
        """The API and the entrance."""
        return self.api.name, self.probes[0].entrance.url

    @property
    def named_host(self) -> str:
        """The `host:port` that its calls name, as a credential's hosts do."""
        return host_of(self.probes[0].entrance.url)


def pieces(
    probes: Iterable[Probe],
    counts: Mapping[str, int],
    credentials: Iterable[Credential],
    besides: Mapping[str, int],
    signing: Mapping[str, str],
) -> list[Piece]:
    """`counts`: each API's number of slices; `besides`: the bytes that a shard holds for an API in
    addition to the configuration."""
    sizes = {one.name: _size(replace(one, hosts=())) for one in credentials}
    found: dict[tuple[str, str, str], list[Probe]] = defaultdict(list)
    for one in probes:
        name = one.api.name
        found[name, one.entrance.url, slice_name(one.route.name, counts[name])].append(one)
    return [
        _piece(part, sizes, besides[api], signing)
        for (api, _, _), group in found.items()
        for part in _cut(group)
    ]


def _cut(group: Iterable[Probe]) -> Iterator[list[Probe]]:
    """The routes of one slice in pieces that fit into a message with all their context."""
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
    group: Sequence[Probe], sizes: Mapping[str, int], besides: int, signing: Mapping[str, str]
) -> Piece:
    url = len(group[0].entrance.url)
    return Piece(
        probes=tuple(group),
        seconds=sum(each.timeout_seconds for one in group for each in one.planned),
        size=_size(due_routes(group))
        + sum(sizes[name] + url for name in _used(group, signing))
        + besides
        + url,
    )


def _used(probes: Iterable[Probe], signing: Mapping[str, str]) -> dict[str, None]:
    """The credentials of these routes and of their controls, each once."""
    found: dict[str, None] = {}
    for one in probes:
        found |= dict.fromkeys(name for callers in one.route.callers for name in callers)
        if one.api.name in signing:
            found[signing[one.api.name]] = None
    return found


def _size(value: object) -> int:
    return len(msgspec.json.encode(value))


def packed(found: Iterable[Piece], bounds: Bounds) -> list[tuple[str, list[Piece]]]:
    """The pieces of each shard, with its lane; busy hosts first."""
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
    """One host's pieces, split where a shard is full. An oversized piece is a shard of its own."""
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
    """Hosts that need less than a shard share one: each goes into the first with room."""
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
    networks: tuple[str, ...] = (),
    inside: tuple[str, ...] = (),
    bounds: Bounds | None = None,
) -> list[Shard]:
    """The shards of one minute. Each route is in one shard for each of its entrances.

    `inside`: the `networks` of shards of private APIs.
    """
    bound = {one.name: _Bound(one) for one in config.credentials}
    entered = frozenset(let_in)
    signing = signers(config)
    besides = {name: _size((about[name], signing.get(name))) for name in counts}
    found = pieces(probes, counts, config.credentials, besides, signing)
    return [
        Shard(
            at=at.isoformat(),
            lane=lane,
            due=tuple(_due(run)),
            credentials=_carried(run, bound, signing),
            slices={one.api.name: counts[one.api.name] for one in run},
            about={one.api.name: about[one.api.name] for one in run},
            signers={name: signing[name] for name in _names(run) if name in signing},
            let_in=tuple(sorted(entered & {one.place for one in run})),
            networks=inside if private else networks,
            contact=config.contact,
        )
        for private in (False, True)
        for lane, run in packed(
            (one for one in found if one.api.private is private), bounds or Bounds()
        )
    ]


def _carried(
    run: Iterable[Piece], bound: Mapping[str, _Bound], signing: Mapping[str, str]
) -> tuple[Credential, ...]:
    """The credentials of a shard, each with the hosts that it is for there; never with more than
    its own."""
    called: dict[str, set[str]] = defaultdict(set)
    for one in run:
        for name in _used(one.probes, signing):
            called[name].add(one.named_host)
    return tuple(bound[name].to(hosts) for name, hosts in called.items())


class _Bound:
    """A credential, whose many hosts are searched for each shard."""

    def __init__(self, credential: Credential) -> None:
        self._credential = credential
        self._hosts = frozenset(credential.hosts)

    def to(self, called: set[str]) -> Credential:
        return replace(self._credential, hosts=tuple(sorted(called & self._hosts)))


def _names(run: Iterable[Piece]) -> list[str]:
    return list(dict.fromkeys(one.api.name for one in run))


def _due(run: Iterable[Piece]) -> Iterator[DueRoutes]:
    same: dict[tuple[str, str], list[Probe]] = defaultdict(list)
    for one in run:
        for probe in one.probes:
            same[probe.api.name, probe.entrance.url].append(probe)
    yield from map(due_routes, same.values())


def fresh(shard: Shard, now: datetime) -> tuple[Shard, int]:
    """The shard without routes whose next look is already due, and how many those are."""
    age = (now - datetime.fromisoformat(shard.at)).total_seconds()
    left = tuple(one.without(lambda route: age > _interval(route)) for one in shard.due)
    stale = sum(len(one.looks) for one in shard.due) - sum(len(one.looks) for one in left)
    return replace(shard, due=tuple(one for one in left if one.looks)), stale


def _interval(route: Route) -> float:
    return whole_minutes(route.every_seconds) * 60

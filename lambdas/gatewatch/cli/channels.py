"""The channels of a configuration as people see them: where each leads, what it takes, how it
fares."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import timedelta

import msgspec
from msgspec import UNSET, UnsetType

from gatewatch.config.canonical import HEARTBEAT, Channel, Config, Heartbeat, Hook, Quiet
from gatewatch.delivery.standing import Standing
from gatewatch.incidents.correlate import moment


class Fares(msgspec.Struct, frozen=True, kw_only=True):
    """One channel, or the heartbeat. `leads_to`: hosts, a topic or a bus, and never an address that
    is a secret. `takes`: of which incidents, in words; empty: of all. The others as in a
    `Standing`."""

    name: str
    kind: str
    leads_to: tuple[str, ...]
    takes: tuple[str, ...]
    delivered_at: str | None
    failing_since: str | None
    because: str | None
    waiting: int
    refused: int
    refused_at: str | None
    refused_because: str | None
    dropped: int

    @property
    def is_well(self) -> bool:
        """As far as is known: one that was never sent anything may not work."""
        return self.failing_since is None


def fares(
    config: Config, standings: Mapping[str, Standing], own: Collection[Channel] = ()
) -> tuple[Fares, ...]:
    """Each channel once; last, the heartbeat. `own`: those that no configuration names."""
    channels = {one.key: one for one in (*own, *config.notify)}
    known = [_of_channel(one, standings) for one in channels.values()]
    if isinstance(config.heartbeat, Heartbeat):
        known.append(_of_heartbeat(config.heartbeat, standings))
    return tuple(known)


def _of_channel(channel: Channel, standings: Mapping[str, Standing]) -> Fares:
    stands = standings.get(channel.key, Standing(channel=channel.key))
    return _fares(channel.called, kind(channel), leads_to(channel), takes(channel), stands)


def _of_heartbeat(beat: Heartbeat, standings: Mapping[str, Standing]) -> Fares:
    stands = standings.get(HEARTBEAT, Standing(channel=HEARTBEAT))
    where = (beat.topic,) if beat.topic else beat.hosts
    every = (f"a beat each {_lasting(beat.every_seconds)}",)
    return _fares("the heartbeat", "heartbeat", where, every, stands)


def _fares(
    name: str, kind: str, leads_to: tuple[str, ...], takes: tuple[str, ...], stands: Standing
) -> Fares:
    return Fares(
        name=name,
        kind=kind,
        leads_to=leads_to,
        takes=takes,
        delivered_at=stands.delivered_at,
        failing_since=stands.failing_since,
        because=stands.because,
        waiting=stands.waiting,
        refused=stands.refused,
        refused_at=stands.refused_at,
        refused_because=stands.refused_because,
        dropped=stands.dropped,
    )


def kind(channel: Channel) -> str:
    if isinstance(channel.hook, Hook):
        return channel.hook.kind
    if channel.bus is not UNSET:
        return "event_bus"
    return "sns" if isinstance(channel.shape, UnsetType) else f"sns, as {channel.shape}"


def leads_to(channel: Channel) -> tuple[str, ...]:
    if isinstance(channel.hook, Hook):
        return channel.hook.hosts
    if not isinstance(channel.bus, UnsetType):
        return (channel.bus,)
    return (channel.topic or "the deployment's own topic",)


def takes(channel: Channel) -> tuple[str, ...]:
    return tuple(_takes(channel))


def _takes(channel: Channel) -> Iterator[str]:
    if channel.severities:
        yield f"severity {', '.join(channel.severities)}"
    for name, wanted in (
        ("owner", channel.owners),
        ("layer", channel.layers),
        ("finding", channel.findings),
        ("API", channel.apis),
    ):
        if not isinstance(wanted, UnsetType):
            yield f"{name} {', '.join(wanted)}"
    if channel.only is not None:
        yield f"only {channel.only}"
    if not isinstance(channel.after_seconds, UnsetType):
        yield f"what nobody has acknowledged for {_lasting(channel.after_seconds)}"
    if isinstance(channel.quiet, Quiet):
        yield _quiet(channel.quiet)


def _quiet(quiet: Quiet) -> str:
    window = quiet.window
    lasts = f'"{window.cron}" for {_lasting(window.for_seconds)}, {window.timezone}'
    return f"quiet for {', '.join(quiet.severities)}: {lasts}"


def _lasting(seconds: float) -> str:
    """`90s`, `15m`, `8h`, `2d`: in the largest unit that says it exactly."""
    whole = int(timedelta(seconds=seconds).total_seconds())
    for unit, name in ((86_400, "d"), (3_600, "h"), (60, "m")):
        if whole % unit == 0:
            return f"{whole // unit}{name}"
    return f"{whole}s"


def lines(one: Fares) -> Iterator[str]:
    """For people."""
    yield f"{one.name}: {one.kind}, to {', '.join(one.leads_to)}"
    yield from (f"    {label:<14}  {what}" for label, what in _facts(one))


def _facts(one: Fares) -> Iterator[tuple[str, str]]:
    yield "takes", "; ".join(one.takes) or "everything"
    yield "last delivered", moment(one.delivered_at) if one.delivered_at else "never"
    if one.failing_since:
        yield "failing since", f"{moment(one.failing_since)}: {one.because}"
    if one.waiting:
        yield "waiting", str(one.waiting)
    if one.refused_at:
        yield "refused", f"{one.refused}, last {moment(one.refused_at)}: {one.refused_because}"
    if one.dropped:
        yield "given up", f"{one.dropped}, for later ones"

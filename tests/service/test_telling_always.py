"""Whatever happens and whoever is told: each channel hears of each incident once, and of its end;
nothing is lost; and a machine and the account tell the same."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from gatewatch.adapters.local.sqlite import SqliteStore
from gatewatch.config.canonical import Channel, Config, HookKind, Window
from gatewatch.config.windows import openings
from gatewatch.delivery.outbox import OWN, quiet_until, takers
from gatewatch.delivery.telling import shows_acknowledgements
from gatewatch.incidents.acknowledge import Ack, acknowledge
from gatewatch.incidents.correlate import OPEN
from gatewatch.incidents.mute import Mute
from gatewatch.model import EXPOSURES, Acknowledgement, Incident, Layer, Outcome, Severity, Verdict
from gatewatch.notices.notice import Notice
from gatewatch.remember import Remembered, remember
from gatewatch.service.ledger import (
    Ledger,
    WriterContext,
    absorb,
    acknowledged,
    filed,
    pack_ledger,
    sent,
    unpack_ledger,
)
from gatewatch.service.state_slices import Slice, advance
from tests.builders import candidates, config, verdict
from tests.deployed import tick
from tests.service.test_ledger import PATIENT
from tests.service.test_telling import (
    BACKEND,
    BOSS,
    EXPOSED,
    HIGH,
    LOW,
    MEDIUM,
    PASS,
    hook,
    quiet,
    topic,
)

OTHER = verdict(cause="authorizer_denied", candidates=candidates("authorizer_denied"))
SHUT = verdict(Outcome.PASS, caller="anonymous")
MIXED = [PASS, PASS, LOW, MEDIUM, HIGH, BACKEND, OTHER, EXPOSED, SHUT]
CHANNELS = (
    topic("all"),
    topic("high", severities=(Severity.HIGH,)),
    topic("low", severities=(Severity.LOW,), quiet=quiet(Severity.LOW)),
    topic("asleep", quiet=quiet(Severity.LOW, Severity.MEDIUM, minutes=9)),
    topic("routing", layers=(Layer.ROUTING,)),
    topic("security", only="exposures"),
    topic("chat", shape="chat", quiet=quiet(*Severity, minutes=7)),
    hook("pager", after_seconds=240.0),
    hook("slack", HookKind.SLACK),
    BOSS,
)
LAST = 40
"""Beyond every window, mute and wait: the last verdict lasts until then."""


@dataclass(frozen=True)
class Tale:
    """`acks`, `broken`: the minutes in which somebody takes over, and in which nothing is
    accepted. `muted`, `held`: from which minute on, and for how many."""

    verdicts: list[Verdict]
    channels: tuple[Channel, ...]
    acks: frozenset[int] = frozenset()
    broken: frozenset[int] = frozenset()
    muted: tuple[int, int] | None = None
    held: tuple[int, int] | None = None

    def at(self, minute: int) -> Verdict:
        return self.verdicts[min(minute, len(self.verdicts)) - 1]

    def mutes(self, minute: int) -> tuple[Mute, ...]:
        if self.muted is None:
            return ()
        start, lasts = self.muted
        until = tick(start + lasts)
        one = Mute(id="m", api="orders", by="sam", since=tick(start), until=until)
        return (one,) if start <= minute < start + lasts else ()

    @property
    def config(self) -> Config:
        found = config("GET /x: {access: protected, as: [user], open_after: 1, resolve_after: 1}")
        windows: tuple[Window, ...] = ()
        if self.held is not None:
            start, lasts = self.held
            at = tick(start).removesuffix("+00:00")[:16]
            windows = (Window(start=at, for_seconds=lasts * 60, timezone="UTC"),)
        return replace(found, notify=self.channels, maintenance=windows)


MINUTES = st.integers(1, 20)
SPANS = st.none() | st.tuples(MINUTES, st.integers(1, 12))
TALES = st.builds(
    Tale,
    verdicts=st.lists(st.sampled_from(MIXED), min_size=1, max_size=20),
    channels=st.lists(st.sampled_from(CHANNELS), min_size=1, max_size=4, unique_by=id).map(tuple),
    acks=st.frozensets(MINUTES, max_size=2),
    broken=st.frozensets(MINUTES, max_size=4),
    muted=SPANS,
    held=SPANS,
)


@dataclass
class World:
    """`told`: what each channel accepted, with the minute."""

    tale: Tale
    told: list[tuple[int, Notice]] = field(default_factory=list)
    incidents: dict[str, Incident] = field(default_factory=dict)

    def take(self, minute: int, waiting: Sequence[Notice]) -> Iterator[Notice]:
        """Those that are accepted now."""
        for one in waiting:
            if one.waits_until is msgspec.UNSET and minute not in self.tale.broken:
                self.told.append((minute, one))
                yield one


def ack_of(minute: int, incidents: Sequence[Incident]) -> Ack:
    who = Acknowledgement(by="sam", at=tick(minute))
    return Ack(api="orders", who=who, incidents=tuple(one.id for one in incidents))


class InAccount(World):
    def live(self) -> InAccount:
        ledger, one = Ledger(api="orders"), Slice(api="orders", name="1-0")
        windows = self.tale.config.maintenance
        for minute in range(1, LAST + 1):
            one = advance(one, [self.tale.at(minute)], PATIENT, tick(minute))
            about = WriterContext(
                channels=self.tale.channels,
                maintenance=openings(windows, "orders", datetime.fromisoformat(tick(minute))),
                mutes=self.tale.mutes(minute),
            )
            acks = [ack_of(minute, ledger.open)] if minute in self.tale.acks else []
            after = absorb(acknowledged(ledger, acks), [one], about, tick(minute))
            for notice in self.take(minute, after.outbox):
                after = sent(after, notice)
            self.incidents |= {each.id: each for each in after.incidents}
            ledger = unpack_ledger("orders", pack_ledger(filed(after)), 0)
        return self


class OnMachine(World):
    def live(self) -> OnMachine:
        store, known = SqliteStore(None), self.tale.config
        for minute in range(1, LAST + 1):
            now = datetime.fromisoformat(tick(minute))
            for one in self.tale.mutes(minute):
                store.end_mutes([one.id])
                store.add_mute(one, now)
            if not self.tale.mutes(minute):
                store.end_mutes(["m"])
            if minute in self.tale.acks:
                with store.open("orders") as memory:
                    ack = ack_of(minute, memory.incidents)
                    named = [acknowledge(each, ack.who) for each in memory.incidents]
                    memory.keep(memory.states, named, memory.said)
            found = Remembered(tick(minute))
            channels = self.tale.channels
            remember(known, [self.tale.at(minute)], store, found, _Clock(now), (), channels)
            self.incidents |= {each.id: each for each in found.incidents}
            with store.outbox() as box:
                for notice in self.take(minute, box.of("orders")):
                    box.remove(notice.channel, notice.message_id)
        store.close()
        return self


@dataclass(frozen=True)
class _Clock:
    at: datetime

    def now(self) -> datetime:
        return self.at


def by_place(world: World) -> dict[tuple[str, str], list[tuple[int, Notice]]]:
    found = defaultdict(list)
    for minute, one in world.told:
        found[one.incident.id, one.channel].append((minute, one))
    return found


@given(TALES)
def test_each_channel_hears_once_that_it_begins_and_once_that_it_ends(tale: Tale) -> None:
    world = InAccount(tale).live()
    ids = Counter(one.message_id for _, one in world.told)
    assert [name for name, count in ids.items() if count > 1] == []
    for (incident, _), heard in by_place(world).items():
        kinds = [str(one.kind) for _, one in heard]
        begins = [one for one in kinds if one in ("opened", "escalated")]
        assert (kinds[0], begins) == (kinds[0], [kinds[0]])
        is_over = world.incidents[incident].state != OPEN
        assert kinds.count("resolved") == int(is_over)
        assert kinds[-1] == "resolved" or not is_over


@given(TALES)
def test_nothing_that_lasts_is_lost(tale: Tale) -> None:
    world = InAccount(tale).live()
    told = by_place(world)
    for one in world.incidents.values():
        if one.state == OPEN:
            for channel in takers(one, tale.channels):
                assert (one.id, channel.key) in told
            escalated = {
                channel.key
                for channel in tale.channels
                if channel.after_seconds is not msgspec.UNSET and channel.only is None
            }
            if one.acknowledged is None and one.finding not in EXPOSURES:
                assert all((one.id, key) in told for key in escalated)


@given(TALES)
def test_nobody_is_told_in_quiet_hours_or_of_what_is_muted(tale: Tale) -> None:
    world = InAccount(replace_broken(tale)).live()
    channels = {one.key: one for one in tale.channels}
    for minute, one in world.told:
        assert quiet_until(channels[one.channel], one.incident, tick(minute)) is None
        if tale.mutes(minute) and one.incident.finding not in EXPOSURES:
            assert one.kind == "resolved"


def replace_broken(tale: Tale) -> Tale:
    """What was not accepted before a mute is accepted within it."""
    return Tale(tale.verdicts, tale.channels, tale.acks, frozenset(), tale.muted, tale.held)


@given(TALES)
def test_who_took_over_is_told_once_to_each_that_was_told_and_shows_it(tale: Tale) -> None:
    world = InAccount(tale).live()
    channels = {one.key: one for one in tale.channels}
    for (incident, key), heard in by_place(world).items():
        acks = Counter(
            one.incident.acknowledged.at
            for _, one in heard
            if one.kind == "acknowledged" and one.incident.acknowledged
        )
        assert set(acks.values()) <= {1}
        who = world.incidents[incident].acknowledged
        is_open = world.incidents[incident].state == OPEN
        if is_open and who is not None:
            assert (who.at in acks) is shows_acknowledgements(channels[key])


@given(TALES)
def test_a_machine_tells_what_the_account_tells(tale: Tale) -> None:
    here, there = OnMachine(tale).live(), InAccount(tale).live()
    assert told_by(here) == told_by(there)


def told_by(world: World) -> list[tuple[int, str, str, str, tuple[str, ...]]]:
    return [
        (minute, one.channel, str(one.kind), one.incident.id, one.news)
        for minute, one in world.told
    ]


def test_the_deployments_own_topic_is_always_told() -> None:
    world = InAccount(Tale([HIGH], (OWN,))).live()
    assert [str(one.kind) for _, one in world.told] == ["opened"]

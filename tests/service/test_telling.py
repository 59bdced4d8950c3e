"""Which channel is told what, and when: by whom it was told of, quiet hours, escalation, acks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import shake_128
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from gatewatch.config.canonical import Channel, Hook, HookKind, Quiet, Window
from gatewatch.delivery.outbox import OWN, apart, bounded
from gatewatch.delivery.telling import Teller
from gatewatch.incidents.acknowledge import Ack
from gatewatch.incidents.announce import Announcement, AnnouncementKind, end
from gatewatch.incidents.links import Claim
from gatewatch.model import (
    Acknowledgement,
    Finding,
    Layer,
    Outcome,
    Paused,
    Severity,
    Verdict,
)
from gatewatch.notices.audience import Audience, Ear
from gatewatch.notices.notice import Notice
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
from tests.builders import candidates, verdict
from tests.deployed import tick
from tests.incidents.test_correlate import T0, opened, problem, state
from tests.service.test_ledger import looked

PASS = verdict(Outcome.PASS)
LOW, MEDIUM, HIGH = (
    verdict(severity=one) for one in (Severity.LOW, Severity.MEDIUM, Severity.HIGH)
)
BACKEND = verdict(layer=Layer.INTEGRATION)
EXPOSED = verdict(
    finding=Finding.PROTECTED_ROUTE_OPEN, candidates=(), severity=Severity.LOW, caller="anonymous"
)
CLOSED = verdict(Outcome.PASS, caller="anonymous")


def topic(name: str, **others: Any) -> Channel:
    return Channel(topic=f"arn:{name}", **others)


def hook(name: str, kind: HookKind = HookKind.PAGERDUTY, **others: Any) -> Channel:
    url = "https://events.example.com/v2"
    there = Hook(kind=kind, url=url, hosts=("events.example.com:443",))
    return Channel(name=name, hook=there, **others)


def quiet(*severities: Severity, minutes: int = 5) -> Quiet:
    """From the third minute on."""
    window = Window(start="2026-11-22T09:03", for_seconds=60 * minutes, timezone="UTC")
    return Quiet(window=window, severities=severities)


@dataclass
class Night:
    """A ledger that is looked after each minute, as the account does; `told`: by minute."""

    ledger: Ledger = field(default_factory=lambda: Ledger(api="orders"))
    told: list[tuple[int, str, str]] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)

    def minute(
        self,
        number: int,
        verdicts: Sequence[Verdict],
        about: WriterContext,
        acks: Sequence[Ack] = (),
        accepts: bool = True,
    ) -> None:
        slices = [looked(*verdicts[:number])]
        before = acknowledged(self.ledger, acks)
        after = absorb(before, slices, about, tick(number))
        for one in after.outbox if accepts else ():
            if one.waits_until is msgspec.UNSET:
                after = sent(after, one)
                self.told.append((number, one.channel.removeprefix("arn:"), str(one.kind)))
                self.notices.append(one)
        self.ledger = unpack_ledger("orders", pack_ledger(filed(after)), 0)


def night(
    verdicts: Sequence[Verdict],
    *channels: Channel,
    acks: Mapping[int, str] | None = None,
    lasts: int = 0,
    **about: Any,
) -> Night:
    """A verdict a minute, the last of which lasts until minute `lasts`; `acks`: who took what is
    open over, by minute."""
    found = Night()
    for number in range(1, max(lasts, len(verdicts)) + 1):
        known = [*verdicts, *[verdicts[-1]] * (lasts - len(verdicts))]
        taken = [
            Ack(
                api="orders",
                who=Acknowledgement(by=who, at=tick(number), why="rolling back"),
                incidents=tuple(one.id for one in found.ledger.open),
            )
            for minute, who in (acks or {}).items()
            if minute == number
        ]
        found.minute(number, known, WriterContext(channels=channels, **about), taken)
    return found


HIGHS = topic("high", severities=(Severity.HIGH,))
MEDIUMS = topic("medium", severities=(Severity.MEDIUM,))
GATE = topic("gate", layers=(Layer.ROUTING,))
ASLEEP = topic("asleep", quiet=quiet(Severity.LOW, Severity.MEDIUM))
BOSS = topic("boss", after_seconds=180.0)

STORIES: dict[str, tuple[list[Verdict], Channel, list[tuple[int, str, str]]]] = {
    "it gets graver than the channel takes, and ends": (
        [MEDIUM, HIGH, HIGH, PASS],
        MEDIUMS,
        [(1, "medium", "opened"), (2, "medium", "changed"), (4, "medium", "resolved")],
    ),
    "it leaves the layer that the channel takes, and ends": (
        [HIGH, BACKEND, BACKEND, PASS],
        GATE,
        [(1, "gate", "opened"), (2, "gate", "changed"), (4, "gate", "resolved")],
    ),
    "it gets as grave as the channel takes": (
        [MEDIUM, MEDIUM, HIGH, HIGH, PASS],
        HIGHS,
        [(3, "high", "opened"), (5, "high", "resolved")],
    ),
    "it never gets as grave": ([LOW, MEDIUM, PASS], HIGHS, []),
    "quiet: it begins within and lasts": (
        [PASS, PASS, PASS, LOW, LOW, LOW, LOW, LOW, LOW, PASS],
        ASLEEP,
        [(8, "asleep", "opened"), (10, "asleep", "resolved")],
    ),
    "quiet: it begins and ends within": ([PASS, PASS, LOW, LOW, PASS, *[PASS] * 5], ASLEEP, []),
    "quiet: it was told before, and ends within": (
        [PASS, LOW, LOW, PASS, *[PASS] * 6],
        ASLEEP,
        [(2, "asleep", "opened"), (8, "asleep", "resolved")],
    ),
    "quiet: it was told before, and changes within": (
        [PASS, LOW, LOW, MEDIUM, LOW, MEDIUM, *[MEDIUM] * 4],
        ASLEEP,
        [(2, "asleep", "opened"), (8, "asleep", "changed")],
    ),
    "quiet: it was told before, and goes on as it was": (
        [PASS, *[LOW] * 9],
        ASLEEP,
        [(2, "asleep", "opened")],
    ),
    "quiet: it gets graver within": (
        [PASS, PASS, PASS, LOW, LOW, HIGH, HIGH, HIGH, HIGH],
        ASLEEP,
        [(6, "asleep", "opened")],
    ),
    "quiet: it was told before, and gets graver within": (
        [PASS, LOW, LOW, MEDIUM, HIGH, HIGH, PASS],
        ASLEEP,
        [(2, "asleep", "opened"), (5, "asleep", "changed"), (7, "asleep", "resolved")],
    ),
    "quiet: another severity": ([PASS, PASS, PASS, HIGH], ASLEEP, [(4, "asleep", "opened")]),
    "quiet: an exposure": (
        [CLOSED, CLOSED, CLOSED, EXPOSED],
        ASLEEP,
        [(4, "asleep", "opened")],
    ),
    "it lasts longer than the second channel waits": (
        [HIGH, HIGH, HIGH, HIGH, HIGH, PASS],
        BOSS,
        [(4, "boss", "escalated"), (6, "boss", "resolved")],
    ),
    "it ends before the second channel is told": ([HIGH, HIGH, HIGH, PASS], BOSS, []),
    "an exposure that nobody acknowledges": (
        [EXPOSED, EXPOSED, EXPOSED, EXPOSED],
        BOSS,
        [(4, "boss", "escalated")],
    ),
}


@pytest.mark.parametrize("name", STORIES)
def test_what_a_channel_is_told_and_when(name: str) -> None:
    verdicts, channel, expected = STORIES[name]
    assert night(verdicts, channel).told == expected


def test_what_changed_in_quiet_hours_is_told_in_one_message_with_all_its_news() -> None:
    known = verdict(
        cause="wrong_method", candidates=candidates("wrong_method"), severity=Severity.MEDIUM
    )
    found = night([PASS, LOW, LOW, MEDIUM, known, *[known] * 4], ASLEEP)
    assert found.notices[-1].news == (
        "severity medium, until now low",
        "now refused: wrong_method (routing, ambiguous); until now refused: route_not_found "
        "(routing)",
    )


def test_what_opened_in_quiet_hours_is_told_with_its_real_times() -> None:
    [told] = night([PASS, PASS, PASS, *[LOW] * 6], ASLEEP).notices
    assert (told.at, told.incident.opened_at) == (tick(8), tick(4))


def test_an_end_that_waits_for_the_morning_is_not_dropped_for_others() -> None:
    [one] = night([PASS, LOW, LOW, PASS, PASS], ASLEEP).ledger.outbox
    assert one.waits_until == tick(8)
    others = [replace(one, message_id=str(n), waits_until=msgspec.UNSET) for n in range(101)]
    kept = bounded([one, *others])
    assert (len(kept), kept[0]) == (101, one)


def test_quiet_hours_that_are_taken_away_hold_nothing_any_more() -> None:
    found = night([PASS, LOW, LOW, PASS], ASLEEP)
    found.minute(5, [PASS, LOW, LOW, PASS, PASS], WriterContext(channels=(topic("asleep"),)))
    assert found.told[1:] == [(5, "asleep", "resolved")]


def test_what_was_not_accepted_before_quiet_hours_waits_for_their_end_in_order() -> None:
    found, about = Night(), WriterContext(channels=(ASLEEP,))
    story = [PASS, LOW, LOW, LOW, PASS, PASS, PASS, PASS]
    for number in range(1, 9):
        found.minute(number, story, about, accepts=number > 2)
    assert found.told == [(8, "asleep", "opened"), (8, "asleep", "resolved")]


def test_a_channel_that_comes_into_the_configuration_is_told_of_what_is_open() -> None:
    found = night([HIGH, HIGH], topic("old"))
    about = WriterContext(channels=(topic("old"), topic("new")))
    found.minute(3, [HIGH] * 3, about)
    found.minute(4, [HIGH] * 3 + [PASS], about)
    assert found.told[1:] == [(3, "new", "opened"), (4, "old", "resolved"), (4, "new", "resolved")]


def test_a_channel_that_left_the_configuration_is_told_nothing_any_more() -> None:
    found = Night()
    found.minute(1, [HIGH], WriterContext(channels=(OWN, topic("old"))), accepts=False)
    assert [one.channel for one in found.ledger.outbox] == ["", "arn:old"]
    after = absorb(found.ledger, [looked(HIGH, PASS)], WriterContext(), tick(2), [])
    assert [(one.channel, str(one.kind)) for one in after.outbox] == [
        ("", "opened"),
        ("", "resolved"),
    ]


def test_another_owner_of_an_api_takes_no_end_away_and_is_told_of_what_is_open() -> None:
    channels = (topic("a", owners=("a",)), topic("b", owners=("b",)))
    found = night([HIGH], *channels, team="a")
    found.minute(2, [HIGH] * 2, WriterContext(channels=channels, team="b"))
    found.minute(3, [HIGH, HIGH, PASS], WriterContext(channels=channels, team="b"))
    assert found.told == [
        (1, "a", "opened"),
        (2, "b", "opened"),
        (3, "a", "resolved"),
        (3, "b", "resolved"),
    ]


def test_what_a_version_of_before_has_told_is_not_told_again_and_ends_where_it_was_told() -> None:
    found = night([HIGH], HIGHS, topic("low", severities=(Severity.LOW,)))
    found.ledger = replace(found.ledger, audiences={})
    about = WriterContext(channels=(HIGHS, topic("low", severities=(Severity.LOW,))))
    found.minute(2, [HIGH, HIGH], about)
    found.minute(3, [HIGH, HIGH, PASS], about)
    assert found.told == [(1, "high", "opened"), (3, "high", "resolved")]


SHOWING = {
    "pagerduty": True,
    "opsgenie": True,
    "slack": True,
    "teams": True,
    "webhook": True,
    "incident_io": False,
}


@pytest.mark.parametrize("kind", SHOWING)
def test_who_took_over_is_told_once_to_hooks_that_show_it(kind: str) -> None:
    found = night([HIGH], hook("page", HookKind(kind)), acks={2: "sam"}, lasts=4)
    acked = [(2, "page", "acknowledged")] if SHOWING[kind] else []
    assert found.told == [(1, "page", "opened"), *acked]


@pytest.mark.parametrize(
    ("channel", "shows"),
    [
        (topic("mail"), False),
        (topic("mail", shape="sms"), False),
        (topic("mail", shape="chat"), True),
        (
            Channel(
                name="mail",
                bus="arn:aws:events:eu-west-1:111122223333:event-bus/ops",
            ),
            True,
        ),
    ],
    ids=["mail", "sms", "chat", "bus"],
)
def test_who_took_over_is_told_to_chats_and_buses_and_not_to_mail(
    channel: Channel, shows: bool
) -> None:
    told = [kind for _, _, kind in night([HIGH], channel, acks={2: "sam"}, lasts=4).told]
    assert told == ["opened", *(["acknowledged"] if shows else [])]


@pytest.mark.parametrize(
    ("ears", "told"),
    [
        pytest.param({"page": Ear()}, [("page", "acknowledged")], id="told before"),
        pytest.param({"page": Ear(acknowledged=T0)}, [], id="told of it"),
        pytest.param(
            {"page": Ear(news=("1 route joined",))}, [("page", "acknowledged")], id="news"
        ),
        pytest.param({}, [], id="not told"),
    ],
)
def test_who_took_over_is_told_of_what_is_open_and_does_not_fail_now(
    ears: dict[str, Ear], told: list[tuple[str, str]]
) -> None:
    """As one that flaps, or waits for other APIs: else its page rings until it ends."""
    [failing] = opened(state("GET /a", problem("x")))
    between = replace(
        failing,
        members=tuple(replace(one, until=T0) for one in failing.members),
        acknowledged=Acknowledgement(by="sam", at=T0),
    )
    teller = Teller({between.id: Audience(since=T0, ears=ears)}, [hook("page")], T0)
    teller.catch_up([between], {between.id})
    assert [(one.channel, str(one.kind)) for one in teller.notices] == told
    assert teller.audiences[between.id].ears.keys() == ears.keys()
    assert [one.news for one in teller.audiences[between.id].ears.values()] == [
        one.news for one in ears.values()
    ]


def test_an_acknowledgement_says_who_and_why_and_each_is_told() -> None:
    found = night([HIGH], hook("page"), acks={2: "sam", 4: "kim"}, lasts=6)
    assert [(one.kind, one.news) for one in found.notices[1:]] == [
        ("acknowledged", ("acknowledged by sam: rolling back",)),
        ("acknowledged", ("acknowledged by kim: rolling back",)),
    ]


def test_what_is_acknowledged_is_not_escalated_and_is_again_once_that_covers_it_no_more() -> None:
    found = night([MEDIUM], BOSS, acks={2: "sam"}, lasts=8)
    assert found.told == []
    found = night([MEDIUM] * 6 + [HIGH], BOSS, acks={2: "sam"}, lasts=8)
    assert found.told == [(7, "boss", "escalated")]


def test_what_is_escalated_says_for_how_long_nobody_has_acknowledged_it() -> None:
    [told] = night([HIGH], BOSS, lasts=5).notices
    assert told.news == ("nobody has acknowledged it for 3m 0s",)


def test_nothing_is_escalated_while_nobody_looks() -> None:
    paused = Paused(by="sam", since=tick(2), until=tick(60))
    found = night([HIGH], BOSS)
    for number in range(2, 8):
        found.minute(number, [HIGH], WriterContext(channels=(BOSS,), paused=paused))
    assert found.told == []


def test_a_second_channel_is_reminded_only_after_it_was_told() -> None:
    about = {"remind_every_seconds": 120.0}
    found = night([HIGH], topic("first"), BOSS, lasts=6, **about)
    assert found.told == [
        (1, "first", "opened"),
        (3, "first", "reminder"),
        (4, "boss", "escalated"),
        (5, "first", "reminder"),
        (5, "boss", "reminder"),
    ]


def test_an_exposure_escalates_to_no_other_channel_where_there_is_a_security_route() -> None:
    security = topic("security", only="exposures")
    found = night([EXPOSED], security, BOSS, lasts=6)
    assert found.told == [(1, "security", "opened")]
    later = topic("later", only="exposures", after_seconds=60.0)
    found = night([EXPOSED], security, BOSS, later, lasts=6)
    assert found.told == [(1, "security", "opened"), (2, "later", "escalated")]


def test_an_audience_is_read_by_nobody_who_does_not_know_it() -> None:
    """A ledger is read by yesterday's service in flight, and by tomorrow's."""
    found = night([PASS, LOW, LOW, MEDIUM], ASLEEP, hook("page"), acks={3: "sam"})
    packed = pack_ledger(found.ledger)
    assert unpack_ledger("orders", packed, 0) == found.ledger
    [audience] = found.ledger.audiences.values()
    assert (audience.since, len(audience.ears)) == (tick(2), 2)


LED: dict[str, tuple[Channel, bool]] = {
    "it takes all": (topic("all"), True),
    "it takes the incidents of both teams": (topic("both", owners=("a", "b")), True),
    "it takes those of one team": (topic("b", owners=("b",)), False),
    "it takes this layer": (GATE, False),
    "it takes both layers": (topic("two", layers=(Layer.ROUTING, Layer.AUTH)), True),
    "it takes this finding": (topic("refused", findings=(Finding.REFUSED,)), False),
    "it takes those of some APIs": (topic("some", apis=("orders",)), False),
    "it takes less grave ones": (topic("medium", severities=(Severity.MEDIUM,)), False),
    "it takes those of one team later": (topic("b", owners=("b",), after_seconds=60.0), False),
    "it takes all later": (BOSS, True),
}


@pytest.mark.parametrize("name", LED)
def test_an_incident_is_left_to_another_api_only_if_all_that_take_it_are_told_there(
    name: str,
) -> None:
    channel, is_left = LED[name]
    [mine] = night([MEDIUM], team="b").ledger.open
    claim = Claim(
        scope="credential user",
        api="users",
        incident="other",
        severity=Severity.HIGH,
        at=tick(1),
        team="a",
        layer=Layer.AUTH,
        finding=Finding.CREDENTIAL_UNREADABLE,
    )
    about = WriterContext(channels=(channel,), apart=apart([channel]))
    assert about.is_heard_with(mine, claim) is is_left


def test_what_channels_are_to_be_told_after_their_quiet_hours_fits_into_an_item() -> None:
    """Nobody loses who was told, however much has happened meanwhile."""
    noise = tuple(shake_128(bytes([n])).hexdigest(5_000) for n in range(20))
    found = night([PASS, LOW, LOW, MEDIUM], ASLEEP)
    [(name, audience)] = found.ledger.audiences.items()
    ears = {f"arn:{n}": Ear(acknowledged=tick(1), news=noise) for n in range(40)}
    full = replace(found.ledger, audiences={name: replace(audience, ears=ears)})
    packed = pack_ledger(full)
    assert len(packed) < 400_000
    [kept] = unpack_ledger("orders", packed, 0).audiences.values()
    assert kept.ears.keys() == ears.keys()
    assert {one.acknowledged for one in kept.ears.values()} == {tick(1)}


def test_what_becomes_an_exposure_is_told_to_the_security_route_and_its_end_to_all() -> None:
    [one] = night([HIGH]).ledger.open
    exposed = replace(one, finding=Finding.PROTECTED_ROUTE_OPEN)
    channels = (OWN, topic("all"), topic("security", only="exposures"))
    ears = {channel.key: Ear() for channel in channels[:2]}
    known = {one.id: Audience(since=tick(1), ears=ears)}
    teller = Teller(known, channels, tick(2), {one.id})
    news = Announcement(kind=AnnouncementKind.CHANGED, at=tick(2), incident=exposed)
    teller.announce(news)
    teller.announce(replace(news, kind=AnnouncementKind.REMINDER))
    teller.catch_up([exposed], {one.id})
    teller.announce(end(replace(exposed, state="resolved", resolved_at=tick(2)), tick(2)))
    assert [(told.channel, str(told.kind)) for told in teller.notices] == [
        ("arn:security", "opened"),
        ("", "changed"),
        ("", "reminder"),
        ("arn:security", "reminder"),
        ("", "resolved"),
        ("arn:all", "resolved"),
        ("arn:security", "resolved"),
    ]

"""One writer for each API: what it hears is told once, in order, and nothing of it is lost."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from datetime import datetime
from hashlib import shake_128

import msgspec
import pytest
from msgspec.structs import replace

from gatewatch.config.canonical import Channel
from gatewatch.config.windows import Opening
from gatewatch.delivery.outbox import OWN
from gatewatch.incidents.announce import AnnouncementKind
from gatewatch.incidents.track import Patience
from gatewatch.model import (
    Exchange,
    Finding,
    Member,
    Outcome,
    Request,
    Response,
    Severity,
    Verdict,
)
from gatewatch.service.ledger import (
    Ledger,
    WriterContext,
    absorb,
    filed,
    pack_ledger,
    sent,
    unpack_ledger,
)
from gatewatch.service.state_slices import Slice, advance, pack_slice, unpack_slice
from tests.builders import URL, candidates, verdict
from tests.deployed import tick

PATIENT = {f"GET /{n}": Patience(1, 1) for n in ("x", "y", "z")}
PASS = verdict(Outcome.PASS)
FAIL = verdict()
TEAM = Channel(topic="arn:team")


def looked(*verdicts: object, name: str = "1-0") -> Slice:
    """A slice after one verdict a minute."""
    one = Slice(api="orders", name=name)
    for minute, each in enumerate(verdicts, start=1):
        one = advance(one, [each], PATIENT, tick(minute))  # type: ignore[list-item]
    return one


def kinds(ledger: Ledger) -> list[AnnouncementKind]:
    return [one.kind for one in ledger.outbox]


def heard(*slices: Slice, before: Ledger | None = None, **others: object) -> Ledger:
    about = others.pop("about", WriterContext())
    return absorb(before or Ledger(api="orders"), slices, about, tick(9), **others)  # type: ignore[arg-type]


def test_a_failure_opens_an_incident_with_one_message() -> None:
    ledger = heard(looked(PASS, FAIL))
    assert kinds(ledger) == [AnnouncementKind.OPENED]
    assert ledger.open[0].opened_at == tick(2)


def test_what_was_heard_is_not_told_again() -> None:
    once = heard(looked(PASS, FAIL))
    assert heard(looked(PASS, FAIL), before=once) == once


def test_what_was_heard_of_one_slice_is_known_when_another_has_news() -> None:
    """A slice keeps its news until it knows that it was heard; the writer may die before."""
    one, other = looked(FAIL, name="2-0"), looked(replace(FAIL, route="GET /y"), name="2-1")
    known = replace(one, heard=one.untold[-1].number)
    after = heard(known, other, before=heard(one))
    assert set(after.heard) == {"2-0", "2-1"}
    assert heard(one, other, before=after) == after


def test_a_failure_that_is_over_before_anybody_listened_is_told_with_both_ends() -> None:
    ledger = heard(looked(PASS, FAIL, PASS))
    assert kinds(ledger) == [AnnouncementKind.OPENED, AnnouncementKind.RESOLVED]
    assert ledger.open == ()
    assert ledger.incidents[0].resolved_at == tick(3)


def test_failures_one_after_the_other_are_two_incidents() -> None:
    ledger = heard(looked(FAIL, PASS, FAIL))
    assert kinds(ledger) == [
        AnnouncementKind.OPENED,
        AnnouncementKind.RESOLVED,
        AnnouncementKind.OPENED,
    ]
    assert len({one.id for one in ledger.incidents}) == 2


def test_routes_of_several_slices_are_one_incident() -> None:
    here = looked(FAIL)
    there = looked(verdict(route="GET /y"), name="2-1")
    ledger = heard(here, there)
    assert kinds(ledger) == [AnnouncementKind.OPENED]
    assert {one.route for one in ledger.open[0].members} == {"GET /x", "GET /y"}


def walked(*lines: list[Verdict], minutes: int = 30) -> list[str]:
    """What is said when: a slice for each line of a verdict a minute, the last of which lasts."""
    said = []
    ledger = Ledger(api="orders")
    for minute in range(1, minutes):
        slices = [
            looked(*[line[min(at, len(line) - 1)] for at in range(minute)], name=f"s-{number}")
            for number, line in enumerate(lines)
        ]
        ledger = absorb(ledger, slices, WriterContext(), tick(minute))
        said += [f"{minute} {one.kind} {'; '.join(one.news)}".strip() for one in ledger.outbox]
        ledger = filed(replace(ledger, outbox=()))
    return said


def of_route(route: str, passes: int) -> list[Verdict]:
    """A route that passes some minutes, and then fails."""
    passing = verdict(Outcome.PASS, route=route)
    return [*[passing] * passes, verdict(route=route)]


def test_who_joins_is_said_once_for_all_that_join_within_a_short_while() -> None:
    assert walked([FAIL], of_route("GET /y", 2), of_route("GET /z", 3)) == [
        "1 opened",
        "5 changed joined: 2 routes: GET /y, GET /z",
    ]


def test_each_late_start_is_told() -> None:
    assert walked([FAIL], of_route("GET /y", 2), of_route("GET /z", 9)) == [
        "1 opened",
        "5 changed joined: GET /y, since 2026-11-22 09:03:00 UTC",
        "12 changed joined: GET /z, since 2026-11-22 09:10:00 UTC",
    ]


def test_another_caller_of_a_route_that_was_told_of_is_no_news() -> None:
    anonymous = [verdict(Outcome.PASS, caller="anonymous"), verdict(caller="anonymous")]
    assert walked([FAIL], anonymous) == ["1 opened"]


def test_a_route_that_fails_on_for_another_caller_has_neither_joined_nor_recovered() -> None:
    """A stranger's look is seldom: it fails on for some minutes, and counts later."""
    stranger = verdict(caller="anonymous")
    later = [*[verdict(Outcome.PASS, caller="anonymous")] * 3, *[stranger] * 8]
    over = [*later, verdict(Outcome.PASS, caller="anonymous")]
    said = walked([*[FAIL] * 5, PASS], over)
    assert [one.split(" | ")[0] for one in said] == ["1 opened", said[-1]]
    assert said[-1].startswith("12 resolved recovered: GET /x, ")


def test_who_recovers_while_others_still_fail_is_told() -> None:
    assert walked([*[FAIL] * 5, PASS], of_route("GET /y", 0)) == [
        "1 opened",
        "8 changed recovered: GET /x, "
        "failed from 2026-11-22 09:01:00 UTC to 2026-11-22 09:06:00 UTC",
    ]


def test_three_that_overlap_and_heal_in_another_order_are_each_told() -> None:
    again = verdict(Outcome.PASS, route="GET /y")
    first = [*[FAIL] * 12, PASS]
    second = [*of_route("GET /y", 4), *[verdict(route="GET /y")] * 15, again]
    assert [one.split(", ")[0] for one in walked(first, second, of_route("GET /z", 17))] == [
        "1 opened",
        "7 changed joined: GET /y",
        "15 changed recovered: GET /x",
        "20 changed joined: GET /z",
        "23 changed recovered: GET /y",
    ]


def test_what_is_told_of_the_end_names_who_and_when() -> None:
    story = [looked(FAIL, PASS)]
    ledger = absorb(Ledger(api="orders"), story, WriterContext(), tick(2))
    [_, resolved] = ledger.outbox
    assert resolved.news == (
        "recovered: GET /x, failed from 2026-11-22 09:01:00 UTC to 2026-11-22 09:02:00 UTC",
        "resolved after 1m 0s",
    )


def test_a_ledger_of_before_is_read_as_said() -> None:
    """What was told by the version of before is not told again."""
    ledger = filed(replace(heard(looked(FAIL)), outbox=()))
    [incident] = ledger.incidents
    old = {
        "heard": ledger.heard,
        "incidents": [replace(incident, members=tuple(_unsaid(incident.members)))],
        "said": {incident.id: ["refused", "routing", "route_not_found", "high"]},
        "said_at": {incident.id: tick(1)},
    }
    packed = zlib.compress(msgspec.json.encode(old))
    found = unpack_ledger("orders", packed, 3)
    assert absorb(found, [looked(FAIL)], WriterContext(), tick(20)).outbox == ()


def _unsaid(members: Iterable[Member]) -> Iterator[Member]:
    return (replace(one, said=False) for one in members)


def test_an_open_incident_of_which_there_is_no_news_is_not_written_again() -> None:
    first = filed(replace(heard(looked(FAIL)), outbox=()))
    slices = [looked(FAIL, *[FAIL] * 20)]
    after = absorb(first, slices, WriterContext(), tick(30))
    assert after == first


def test_a_cause_that_becomes_known_is_told() -> None:
    first = replace(heard(looked(FAIL)), outbox=())
    known = verdict(cause="wrong_method", candidates=candidates("wrong_method"))
    assert kinds(heard(looked(FAIL, known), before=first)) == [AnnouncementKind.CHANGED]


def test_a_cause_that_becomes_known_at_once_is_one_message() -> None:
    known = verdict(cause="wrong_method", candidates=candidates("wrong_method"))
    ledger = heard(looked(FAIL, known))
    assert kinds(ledger) == [AnnouncementKind.OPENED]
    assert ledger.outbox[0].incident.cause == "wrong_method"


def test_a_route_that_left_the_configuration_ends_its_incident_once() -> None:
    failing = looked(FAIL)
    first = replace(heard(failing), outbox=())
    gone = heard(failing, before=first, configured=[])
    assert kinds(gone) == [AnnouncementKind.RESOLVED]
    assert "left the configuration" in gone.incidents[0].updates[-2].text
    assert heard(failing, before=filed(gone), configured=[]) == filed(gone)


def test_a_member_whose_state_was_forgotten_does_not_keep_an_incident_open() -> None:
    first = heard(looked(FAIL))
    assert heard(before=first, configured=[]).open == ()
    key = ("GET /x", URL, "user")
    assert heard(before=first, configured=[key]).open == first.open


def test_a_channel_takes_what_it_asked_for() -> None:
    about = WriterContext(channels=(OWN, Channel(topic="arn:low", severities=(Severity.LOW,))))
    assert [one.channel for one in heard(looked(FAIL), about=about).outbox] == [""]


HOURLY = WriterContext(channels=(OWN, TEAM), remind_every_seconds=3600)


def later(ledger: Ledger, hour: int, minute: int = 0, about: WriterContext = HOURLY) -> Ledger:
    """Nothing has changed since the failure of 9:01; all that waited has been sent."""
    at = f"2026-11-22T{hour:02}:{minute:02}:00+00:00"
    return absorb(replace(ledger, outbox=()), [looked(FAIL)], about, at)


def told_at(ledger: Ledger, *moments: tuple[int, int]) -> list[int]:
    """How many messages there were at each of these moments, one after the other."""
    found = []
    for moment in moments:
        ledger = later(ledger, *moment)
        found.append(len(ledger.outbox))
    return found


def test_an_incident_that_stays_open_is_told_again_once_in_each_interval() -> None:
    opened = heard(looked(FAIL), about=HOURLY)
    assert told_at(opened, (10, 0), (10, 1), (10, 2), (11, 0), (11, 1)) == [0, 2, 0, 0, 2]
    assert {one.kind for one in later(opened, 10, 1).outbox} == {AnnouncementKind.REMINDER}


def test_after_a_silence_there_is_one_reminder_not_all_that_were_missed() -> None:
    opened = heard(looked(FAIL), about=HOURLY)
    assert told_at(opened, (15, 30), (15, 31), (16, 29), (16, 30)) == [2, 0, 0, 2]


def test_what_was_told_of_a_change_needs_no_reminder() -> None:
    known = verdict(cause="wrong_method", candidates=candidates("wrong_method"))
    changed = [looked(FAIL, *[FAIL] * 48, known)]
    opened = replace(heard(looked(FAIL), about=HOURLY), outbox=())
    told = replace(absorb(opened, changed, HOURLY, tick(50)), outbox=())
    for minute, kinds_said in ((61, []), (109, []), (110, [AnnouncementKind.REMINDER] * 2)):
        assert kinds(absorb(told, changed, HOURLY, tick(minute))) == kinds_said


def test_a_reminder_has_the_same_id_whenever_it_is_made() -> None:
    opened = heard(looked(FAIL), about=HOURLY)
    assert later(opened, 10, 1) == later(opened, 10, 1)
    ids = [one.message_id for hour in (10, 11) for one in later(opened, hour, 1).outbox]
    assert len(set(ids)) == 4


def test_a_channel_that_did_not_take_the_last_message_gets_no_reminder_on_top() -> None:
    opened = heard(looked(FAIL), about=HOURLY)
    half = replace(opened, outbox=opened.outbox[1:])
    said = absorb(half, [looked(FAIL)], HOURLY, "2026-11-22T10:01:00+00:00").outbox
    assert [(one.channel, one.kind) for one in said] == [
        ("arn:team", AnnouncementKind.OPENED),
        ("", AnnouncementKind.REMINDER),
    ]


@pytest.mark.parametrize(
    ("fail", "about"),
    [
        (FAIL, WriterContext(remind_every_seconds=None)),
        (verdict(severity=Severity.LOW), WriterContext(remind_every_seconds=3600)),
    ],
)
def test_nobody_is_reminded_of(fail: object, about: WriterContext) -> None:
    opened = heard(looked(fail), about=about)
    assert opened.outbox
    a_day_later = "2026-11-23T10:00:00+00:00"
    assert absorb(replace(opened, outbox=()), [looked(fail)], about, a_day_later).outbox == ()


def test_nobody_is_reminded_in_a_maintenance_window_but_of_an_exposure() -> None:
    since, until = (datetime.fromisoformat(f"2026-11-22T{hour}:00:00+00:00") for hour in (10, 12))
    about = replace(HOURLY, maintenance=(Opening(since=since, until=until),))
    opened = heard(looked(FAIL), about=about)
    assert [len(later(opened, hour, 30, about).outbox) for hour in (10, 11, 12)] == [0, 0, 2]
    exposed = looked(verdict(finding=Finding.PROTECTED_ROUTE_OPEN))
    opened = replace(heard(exposed, about=about), outbox=())
    assert (
        kinds(absorb(opened, [exposed], about, "2026-11-22T10:30:00+00:00"))
        == [AnnouncementKind.REMINDER] * 2
    )


def test_what_was_told_is_forgotten_with_its_incident() -> None:
    over = filed(heard(looked(FAIL, PASS), about=HOURLY))
    assert (over.incidents, over.said) == ((), {})


SECURITY = Channel(topic="arn:security", only="exposures")
GRAVE = Channel(topic="arn:grave", severities=(Severity.CRITICAL,))


@pytest.mark.parametrize("finding", [Finding.PROTECTED_ROUTE_OPEN, Finding.ENTRANCE_NOT_CLOSED])
def test_an_exposure_goes_to_the_security_route(finding: Finding) -> None:
    assert told(verdict(finding=finding), OWN, TEAM, SECURITY) == ["", "arn:security"]
    assert told(FAIL, OWN, TEAM, SECURITY) == ["", "arn:team"]


def test_an_exposure_that_no_security_route_takes_is_told_to_everybody() -> None:
    exposed = verdict(finding=Finding.PROTECTED_ROUTE_OPEN, severity=Severity.HIGH)
    assert told(exposed, OWN, TEAM, GRAVE) == ["", "arn:team"]
    assert told(exposed, OWN, TEAM, replace(GRAVE, only="exposures")) == ["", "arn:team"]


def told(fail: object, *channels: Channel) -> list[str]:
    return [
        one.channel for one in heard(looked(fail), about=WriterContext(channels=channels)).outbox
    ]


def test_a_message_has_the_same_id_whenever_it_is_made() -> None:
    one, other = heard(looked(FAIL)), heard(looked(FAIL))
    assert one.outbox[0].message_id == other.outbox[0].message_id
    assert sent(one, one.outbox[0]).outbox == ()


@pytest.mark.parametrize("minute", [15, 16])
def test_an_opening_has_the_same_id_in_whichever_minute_it_is_told(minute: int) -> None:
    """As when it was held back in a maintenance window, and the writer died before it was stored
    that it was told: who gets it twice can tell."""
    window = Opening(since=datetime.fromisoformat(tick(0)), until=datetime.fromisoformat(tick(10)))
    about = WriterContext(maintenance=(window,))
    held = absorb(Ledger(api="orders"), [looked(FAIL)], about, tick(2))
    assert held.outbox == ()
    [told] = absorb(held, [looked(FAIL)], about, tick(minute)).outbox
    [at_once] = heard(looked(FAIL)).outbox
    assert (told.at, told.message_id) == (tick(minute), at_once.message_id)


def test_channels_and_kinds_have_messages_of_their_own() -> None:
    about = WriterContext(channels=(OWN, Channel(topic="arn:a")))
    ledger = heard(looked(FAIL, PASS), about=about)
    assert len({one.message_id for one in ledger.outbox}) == len(ledger.outbox) == 4


def test_a_ledger_comes_back_as_it_was_packed() -> None:
    ledger = replace(heard(looked(FAIL)), version=3)
    assert ledger.said
    assert ledger.unfiled
    assert unpack_ledger("orders", pack_ledger(ledger), 3) == ledger


def test_the_same_tick_told_twice_changes_nothing() -> None:
    one = looked(FAIL)
    assert advance(one, [FAIL], PATIENT, tick(1)) is one


def test_an_older_tick_changes_nothing() -> None:
    newer = advance(looked(PASS), [PASS], PATIENT, tick(5))
    assert advance(newer, [FAIL], PATIENT, tick(4)) is newer


def test_numbers_go_on_after_a_slice_was_forgotten() -> None:
    before = looked(FAIL, PASS)
    anew = advance(Slice(api="orders", name="1-0"), [FAIL], PATIENT, tick(3))
    assert anew.untold[0].number > before.untold[-1].number


def test_a_recovery_shows_for_ten_minutes() -> None:
    one = looked(FAIL, PASS)
    for minute, shows in ((11, True), (12, False)):
        assert bool(advance(one, [PASS], PATIENT, tick(minute)).recovered) is shows


def test_a_slice_fits_into_an_item_whatever_its_evidence() -> None:
    def hexes(seed: int) -> str:
        return "".join(f"{pow(7, seed * 40_000 + n, 2**127 - 1):x}" for n in range(15_000))

    states = [
        replace(state, problem=replace(state.problem, because="", evidence=evidence(hexes(n))))
        for n, state in enumerate(looked(FAIL).states * 4)
        if state.problem
    ]
    packed = pack_slice(Slice(api="orders", name="1-0", states=tuple(states)))
    assert len(packed) < 400_000
    found = unpack_slice("orders", "1-0", packed, 1, 0)
    assert [one.problem.cause for one in found.states if one.problem] == ["route_not_found"] * 4


def test_an_outage_of_two_thousand_routes_waits_for_twenty_channels_with_all_its_members() -> None:
    """Nobody is told less because the others are many: what is the same is stored once."""
    [notice] = heard(looked(FAIL)).outbox
    [member] = notice.incident.members
    members = tuple(
        replace(member, route=f"GET /{shake_128(str(n).encode()).hexdigest(12)}")
        for n in range(2_000)
    )
    incident = replace(notice.incident, members=members)
    waiting = tuple(
        replace(notice, channel=f"arn:{n}", message_id=str(n), incident=incident) for n in range(20)
    )
    packed = pack_ledger(Ledger(api="orders", incidents=(incident,), outbox=waiting))
    assert len(packed) < 400_000
    assert unpack_ledger("orders", packed, 1).outbox == waiting


def evidence(body: str) -> tuple[object, ...]:
    request = Request(method="GET", url=URL)
    return (Exchange(request=request, response=Response(status=403, body=body)),)


def test_a_channel_that_takes_nothing_leaves_room_for_the_others() -> None:
    """Its newest messages wait, those of another channel all do."""
    [one] = heard(looked(FAIL)).outbox
    dead = [replace(one, channel="dead", message_id=str(number)) for number in range(150)]
    full = Ledger(api="orders", outbox=(*dead, one))
    after = absorb(full, [looked(FAIL)], WriterContext(), tick(9)).outbox
    assert [each.message_id for each in after if each.channel == "dead"] == [
        str(number) for number in range(50, 150)
    ]
    assert one in after


@pytest.mark.parametrize(
    ("fail", "minutes", "is_restless"),
    [
        (FAIL, 59, True),
        (FAIL, 60, False),
        (verdict(finding=Finding.PROTECTED_ROUTE_OPEN), 5000, True),
        (verdict(finding=Finding.SLOW), 1, False),
        (PASS, 1, False),
    ],
)
def test_strangers_look_often_for_an_hour_and_as_long_as_somebody_gets_in(
    fail: Verdict, minutes: int, is_restless: bool
) -> None:
    once = absorb(Ledger(api="orders"), [looked(fail)], WriterContext(), tick(1))
    assert (
        absorb(once, [looked(fail)], WriterContext(), tick(1 + minutes)).is_restless is is_restless
    )

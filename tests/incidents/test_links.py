"""One credential that fails at several APIs is told once, and nobody's failure is kept silent."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from dataclasses import replace as look_like
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from bench.scale.memory import CountingTable, Inbox
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from rich.console import Console

from gatewatch.adapters.local.sqlite import SqliteStore
from gatewatch.cli.run import print_incidents
from gatewatch.config.canonical import Channel
from gatewatch.config.windows import Opening
from gatewatch.incidents.announce import AnnouncementKind, announced_of
from gatewatch.incidents.correlate import correlate, moment
from gatewatch.incidents.links import NAMED_WITHIN, Claim, Link, link_of
from gatewatch.incidents.track import Patience, Turn
from gatewatch.model import ANONYMOUS, Finding, Incident, Layer, Outcome, Severity, Verdict
from gatewatch.notices.card import card_of
from gatewatch.notices.message import text
from gatewatch.notices.origin import UNNAMED
from gatewatch.notices.words import headline
from gatewatch.run import Report, Summary
from gatewatch.service.incidents import handle_wake_up
from gatewatch.service.ledger import Ledger, WriterContext, pack_ledger, unpack_ledger
from gatewatch.service.state_slices import Slice, advance
from gatewatch.service.wake_up import WakeUp
from tests.builders import candidates, verdict
from tests.deployed import tick
from tests.incidents.test_correlate import opened, problem, state, turn

DENIED = problem("authorizer_denied", "jwt_rejected", layer=Layer.AUTH)
ROUTES = ("GET /x", "GET /y")
ROUTES_ENDED = "recovered: 2 routes: GET /x, GET /y"
PATIENT = {route: Patience(1, 1) for route in ROUTES}


def incident(*shown: object, caller: str = "user") -> Incident:
    states = [
        state(route, one, caller)  # type: ignore[arg-type]
        for route, one in zip(ROUTES, shown, strict=False)
    ]
    return opened(*states)[0]


@pytest.mark.parametrize(
    ("one", "scope"),
    [
        pytest.param(incident(DENIED, DENIED), "credential user", id="refused everywhere"),
        pytest.param(incident(DENIED), "credential user", id="refused at the only place"),
        pytest.param(
            incident(
                problem(finding=Finding.CREDENTIAL_UNREADABLE, scope="credential user"),
                caller=ANONYMOUS,
            ),
            "credential user",
            id="cannot be read",
        ),
        pytest.param(incident(problem("route_not_found")), None, id="a lost route"),
        pytest.param(
            incident(problem("authorizer_denied", "route_not_found")),
            None,
            id="perhaps a lost route",
        ),
        pytest.param(incident(DENIED, caller=ANONYMOUS), None, id="no credential"),
        pytest.param(incident(DENIED, caller="invalid token"), None, id="an invalid credential"),
        pytest.param(
            incident(problem(finding=Finding.PROTECTED_ROUTE_OPEN)), None, id="an exposure"
        ),
    ],
)
def test_an_incident_is_linked_by_the_credential_that_may_be_its_cause(
    one: Incident, scope: str | None
) -> None:
    link = link_of(one)
    assert (link and link.scope) == scope


def test_what_is_over_is_linked_no_more() -> None:
    one = state("GET /x", DENIED)
    [after] = correlate(
        "orders", [replace(one, problem=None)], opened(one), [turn(Turn.RECOVERED, one)]
    )
    assert (after.state, link_of(after)) == ("resolved", None)


class Writers:
    """Each API's writer over one table; a sweep each minute, as dispatch asks for it."""

    def __init__(self, table: CountingTable | None = None, *apis: str) -> None:
        self.table, self.inbox = table or CountingTable(), Inbox()
        self.apis = apis or ("orders", "carts", "billing")
        self.abouts: dict[str, WriterContext] = {}
        self.minute = 0

    def pass_minute(self, **looks: Look) -> list[str]:
        """A minute in which these APIs were looked at, and every writer was called."""
        self.minute += 1
        before = len(self.inbox.notices)
        for api in self.apis:
            if api in looks:
                self.look(api, looks[api])
            self.sweep(api)
        return self.heard(before)

    def minutes(self, count: int) -> list[str]:
        return [one for _ in range(count) for one in self.pass_minute()]

    def look(self, api: str, shown: Look) -> None:
        found = self.table.all(api) or [Slice(api=api, name="1-0")]
        verdicts = [_verdict(api, route, shown) for route in ROUTES]
        self.table.save(advance(found[0], verdicts, PATIENT, tick(self.minute)))

    def sweep(self, api: str, **more: object) -> None:
        about = self.abouts.get(api, WriterContext())
        news = {"another slice": self.minute}
        call = WakeUp(api=api, at=tick(self.minute), **{"news": news, "about": about, **more})  # type: ignore[arg-type]
        handle_wake_up(call, self.table, self.inbox, lambda *_: None)

    def heard(self, since: int = 0) -> list[str]:
        found = self.inbox.notices[since:]
        return [f"{one.kind} {one.incident.api}: {'; '.join(one.news)}" for one in found]

    def open(self, api: str) -> Incident:
        [one] = self.table.ledger(api).open
        return one

    def place(self, *apis: str) -> str:
        return ", ".join(f"{api} ({self.open(api).id})" for api in apis)


@dataclass(frozen=True)
class Look:
    """What all routes of an API show to a caller."""

    causes: tuple[str, ...] = ()
    caller: str = "user"
    severity: Severity = Severity.HIGH
    finding: Finding = Finding.REFUSED


PASS = Look()
FAIL = Look(("authorizer_denied", "jwt_rejected"))
GRAVE = look_like(FAIL, severity=Severity.CRITICAL)
LIGHT = look_like(FAIL, severity=Severity.LOW)


def _verdict(api: str, route: str, shown: Look) -> Verdict:
    if not shown.causes:
        return verdict(Outcome.PASS, api=api, route=route, caller=shown.caller)
    return verdict(
        api=api,
        route=route,
        caller=shown.caller,
        layer=Layer.AUTH,
        cause=shown.causes[0],
        candidates=candidates(*shown.causes),
        severity=shown.severity,
        finding=shown.finding,
    )


def test_one_opens_one_names_the_others_and_one_ends() -> None:
    writers = Writers()
    assert writers.pass_minute(orders=FAIL, carts=FAIL, billing=FAIL) == ["opened orders: "]
    assert writers.open("carts").part_of == writers.open("orders").id
    assert writers.pass_minute() == []
    assert writers.pass_minute() == [
        f"changed orders: the same credential fails also at: {writers.place('billing', 'carts')}"
    ]
    assert writers.minutes(30) == []
    named = writers.place("billing", "carts")
    assert writers.pass_minute(orders=PASS, carts=PASS, billing=PASS) == []
    assert writers.pass_minute() == [
        f"resolved orders: {ROUTES_ENDED}; it fails no more at: {named}; resolved after 33m 0s"
    ]
    assert writers.minutes(10) == []
    assert all(writers.table.ledger(api).is_quiet for api in writers.apis)


def test_who_joins_later_is_named_later() -> None:
    writers = Writers()
    writers.pass_minute(orders=FAIL)
    writers.minutes(20)
    assert writers.pass_minute(carts=FAIL) == []
    assert writers.minutes(2) == [
        f"changed orders: the same credential fails also at: {writers.place('carts')}"
    ]


def test_where_it_works_again_is_told_though_it_fails_on_elsewhere() -> None:
    writers = Writers()
    writers.pass_minute(orders=FAIL, carts=FAIL)
    named = writers.place("carts")
    writers.minutes(5)
    assert writers.pass_minute(carts=PASS) == []
    assert writers.minutes(4) == [f"changed orders: it fails no more at: {named}"]
    assert writers.pass_minute(orders=PASS)[0].startswith(
        f"resolved orders: {ROUTES_ENDED}; resolved after"
    )


def test_who_fails_on_after_the_end_of_the_one_that_told_of_it_speaks_for_itself() -> None:
    writers = Writers()
    writers.pass_minute(orders=FAIL, carts=FAIL, billing=FAIL)
    writers.minutes(5)
    assert writers.pass_minute(orders=PASS) == []
    [resolved, opened] = writers.minutes(3)
    still = writers.place("billing", "carts")
    assert resolved.startswith(f"resolved orders: {ROUTES_ENDED}; resolved after 6m 0s")
    assert resolved.endswith(f"the same credential still fails at: {still}")
    assert opened == f"opened carts: the same credential fails at: {writers.place('billing')}"
    assert writers.minutes(10) == []
    assert writers.pass_minute(carts=PASS, billing=PASS) == []
    assert [one[:14] for one in writers.minutes(5)] == ["resolved carts"]


def test_who_recovers_while_it_waits_for_others_and_fails_again_goes_on() -> None:
    writers = Writers()
    writers.pass_minute(orders=FAIL, carts=FAIL)
    writers.minutes(5)
    assert writers.pass_minute(orders=PASS) == []
    assert writers.pass_minute(orders=FAIL) == []
    assert writers.minutes(10) == []


def test_a_graver_one_speaks_for_itself_and_a_lighter_one_does_not() -> None:
    writers = Writers()
    assert writers.pass_minute(orders=FAIL, carts=GRAVE, billing=LIGHT) == [
        "opened orders: ",
        f"opened carts: the same credential fails at: {writers.place('orders')}",
    ]


def test_of_many_graver_ones_the_first_tells_of_the_others() -> None:
    writers = Writers(None, "orders", "carts", "billing", "search")
    writers.pass_minute(orders=FAIL)
    assert writers.pass_minute(carts=GRAVE, billing=GRAVE, search=FAIL) == [
        f"opened carts: the same credential fails at: {writers.place('orders')}"
    ]
    assert writers.open("billing").part_of == writers.open("carts").id


def test_an_end_is_told_though_the_one_that_named_it_is_over_by_then() -> None:
    writers = Writers()
    writers.pass_minute(orders=FAIL, carts=FAIL)
    writers.minutes(5)
    writers.pass_minute(orders=PASS)
    writers.pass_minute()
    writers.apis = ("orders",)
    [resolved] = writers.pass_minute()
    assert "still fails at: carts" in resolved
    writers.apis = ("orders", "carts")
    assert [one[:15] for one in writers.pass_minute(carts=PASS)] == ["resolved carts:"]


def test_what_a_window_holds_is_not_named() -> None:
    writers = Writers()
    writers.pass_minute(orders=FAIL)
    now = datetime.fromisoformat(tick(writers.minute))
    writers.abouts = {"carts": WriterContext(maintenance=(Opening(now, now + timedelta(hours=2)),))}
    writers.pass_minute(carts=FAIL)
    assert writers.minutes(10) == []


def test_a_link_that_was_not_noted_goes_with_its_incident() -> None:
    class Dies(CountingTable):
        def link(self, one: Link) -> None:
            super().link(one)
            if one.api == "carts":
                raise ZeroDivisionError

    writers = Writers(Dies())
    writers.pass_minute(orders=FAIL)
    with pytest.raises(ZeroDivisionError):
        writers.pass_minute(carts=FAIL)
    writers.pass_minute(carts=PASS)
    assert [one.api for one in writers.table.links("credential user")] == ["orders"]


def test_nobody_is_reminded_of_what_waits_for_others_only() -> None:
    writers = Writers()
    writers.abouts = {"orders": WriterContext(remind_every_seconds=300)}
    writers.pass_minute(orders=FAIL, carts=FAIL)
    writers.minutes(6)
    assert writers.pass_minute(orders=PASS) == []


def test_one_that_grows_graver_speaks_for_itself_then() -> None:
    writers = Writers()
    writers.pass_minute(orders=FAIL, carts=FAIL)
    writers.minutes(5)
    assert writers.pass_minute(carts=GRAVE)[0].startswith("opened carts: ")


def test_nobody_relies_on_one_that_the_same_channel_does_not_hear_of() -> None:
    writers = Writers()
    channels = (Channel(topic="light", severities=(Severity.LOW,)), Channel(topic="all"))
    writers.abouts = {api: WriterContext(channels=channels) for api in writers.apis}
    writers.pass_minute(orders=FAIL, carts=LIGHT)
    told = {(one.channel, one.incident.api) for one in writers.inbox.notices}
    assert ("light", "carts") in told


def test_another_credential_and_another_cause_speak_for_themselves() -> None:
    writers = Writers()
    other, lost = look_like(FAIL, caller="partner"), Look(("route_not_found",))
    assert writers.pass_minute(orders=FAIL, carts=other, billing=lost) == [
        "opened orders: ",
        "opened carts: ",
        "opened billing: ",
    ]


def test_a_name_that_begins_like_another_is_another() -> None:
    writers = Writers()
    longer = look_like(FAIL, caller="user-2")
    assert writers.pass_minute(orders=longer, carts=FAIL) == ["opened orders: ", "opened carts: "]


def test_what_turns_out_to_be_no_fault_of_the_credential_is_told() -> None:
    writers = Writers()
    writers.pass_minute(orders=FAIL, carts=FAIL)
    writers.minutes(5)
    assert writers.pass_minute(carts=Look(("route_not_found",)))[0] == "opened carts: "


def test_an_exposure_is_never_held() -> None:
    writers = Writers()
    writers.pass_minute(orders=FAIL, carts=FAIL)
    opened = Look(("ok",), caller=ANONYMOUS, finding=Finding.PROTECTED_ROUTE_OPEN)
    assert writers.pass_minute(carts=opened) == ["opened carts: "]


def test_a_reminder_says_where_it_fails_by_then() -> None:
    writers = Writers()
    writers.abouts = {"orders": WriterContext(remind_every_seconds=3600)}
    writers.pass_minute(orders=FAIL, carts=FAIL)
    found = writers.minutes(65)
    place = writers.place("carts")
    assert found[1:] == [f"reminder orders: the same credential fails at: {place}"]


def test_where_else_it_fails_is_one_line_however_many_there_are() -> None:
    names = [f"api-{n:02}" for n in range(30)]
    writers = Writers(None, "orders", *names)
    writers.pass_minute(**dict.fromkeys(("orders", *names), FAIL))
    [line] = writers.minutes(5)
    assert line.startswith(
        f"changed orders: the same credential fails also at: {writers.place('api-00')}"
    )
    assert line.endswith(f"{writers.place('api-09')} and 20 more")
    subject = headline(writers.open("orders"))
    assert subject.startswith(
        "orders: our credential user, used for 2 routes and at 30 other APIs,"
    )


def test_people_see_whose_page_it_is_besides_and_where_the_others_are_told_of() -> None:
    writers = Writers()
    writers.pass_minute(orders=FAIL, carts=FAIL, billing=FAIL)
    writers.minutes(3)
    leading, other = writers.open("orders"), writers.open("carts")
    told = text(card_of("m", "changed", tick(3), leading))
    assert f"the same credential fails at:\n- billing, since {moment(tick(1))} (incident" in told
    out = Console(width=120, record=True, file=StringIO())
    print_incidents(report_of(leading, other), out, UNNAMED)
    shown = out.export_text()
    assert "the same credential fails at" in shown
    assert f"announced with incident {leading.id}: the same credential" in shown
    assert shown.count("possible causes") == 1


def report_of(*incidents: Incident) -> Report:
    summary = Summary(at=tick(3), due=6, passed=0, failed=6, unknown=0, skipped=0, requests=6)
    return Report(summary=summary, verdicts=(), incidents=incidents)


class TestNobodyIsSilentForEver:
    """Who relies on one that says nothing speaks for itself within some minutes."""

    def opened(self, writers: Writers) -> list[str]:
        return [one.partition(":")[0] for one in writers.heard() if one.startswith("opened")]

    def test_the_one_that_leads_is_in_maintenance(self) -> None:
        writers = Writers()
        writers.pass_minute(orders=FAIL)
        now = datetime.fromisoformat(tick(writers.minute))
        window = Opening(now, now + timedelta(hours=2))
        writers.abouts = {"orders": WriterContext(maintenance=(window,))}
        writers.pass_minute(carts=FAIL, billing=FAIL)
        writers.minutes(8)
        assert self.opened(writers) == ["opened orders", "opened carts"]
        assert writers.open("billing").part_of == writers.open("carts").id
        assert any("billing" in one for one in writers.heard())

    def test_its_writer_is_dead(self) -> None:
        writers = Writers()
        writers.pass_minute(orders=FAIL)
        writers.apis = ("carts", "billing")
        writers.pass_minute(carts=FAIL, billing=FAIL)
        writers.minutes(8)
        assert self.opened(writers) == ["opened orders", "opened carts"]

    def test_its_api_left_the_configuration(self) -> None:
        writers = Writers()
        writers.pass_minute(orders=FAIL, carts=FAIL)
        writers.minutes(5)
        writers.apis = ("carts",)
        for _ in range(4):
            writers.pass_minute()
            writers.sweep("orders", compare="key")
        assert self.opened(writers) == ["opened orders", "opened carts"]
        assert "orders" not in writers.table.records()

    def test_it_is_no_credential_s_fault_any_more(self) -> None:
        writers = Writers()
        writers.pass_minute(orders=FAIL, carts=FAIL)
        writers.minutes(5)
        writers.pass_minute(orders=Look(("route_not_found",)))
        writers.minutes(3)
        assert "opened carts" in self.opened(writers)

    def test_a_clock_a_day_ahead_claimed(self) -> None:
        writers = Writers()
        day = Claim(
            scope="credential user",
            api="gone",
            incident="01",
            severity=Severity.HIGH,
            at=tick(24 * 60),
        )
        writers.table.claim(day, None)
        assert writers.pass_minute(carts=FAIL) == ["opened carts: "]

    def test_many_graver_ones_that_say_nothing_do_not_make_it_wait_longer(self) -> None:
        writers = Writers(None, "orders", "a", "b", "c", "last")
        writers.pass_minute(orders=FAIL)
        for api in ("a", "b", "c"):
            writers.pass_minute(**{api: GRAVE})
        now = datetime.fromisoformat(tick(writers.minute))
        window = (Opening(now, now + timedelta(hours=2)),)
        writers.abouts = dict.fromkeys(("orders", "a", "b", "c"), WriterContext(maintenance=window))
        writers.pass_minute(last=FAIL)
        writers.minutes(6)
        assert any("last" in one for one in writers.heard())

    def test_an_incident_that_opened_and_ended_at_once_leaves_no_claim(self) -> None:
        writers = Writers()
        writers.minute += 1
        writers.look("orders", FAIL)
        writers.minute += 1
        writers.look("orders", PASS)
        writers.sweep("orders")
        writers.minute += 20
        told = writers.pass_minute(orders=FAIL, carts=FAIL)
        assert [one.partition(":")[0] for one in told] == ["opened orders"]

    def test_somebody_claimed_and_never_told(self) -> None:
        writers = Writers()
        claim = Claim(
            scope="credential user",
            api="gone",
            incident="01",
            severity=Severity.HIGH,
            at=tick(0),
        )
        writers.table.claim(claim, None)
        writers.pass_minute(carts=FAIL)
        writers.minutes(int(NAMED_WITHIN.total_seconds() // 60))
        assert self.opened(writers) == ["opened carts"]


def test_of_two_that_claim_at_once_one_leads() -> None:
    table = CountingTable()
    one, other = (
        Claim(scope="credential user", api=api, incident=api, severity=Severity.HIGH, at=tick(1))
        for api in ("orders", "carts")
    )
    assert (table.claim(one, None), table.claim(other, None)) == (one, one)
    assert (table.claim(other, one), table.claim(one, one)) == (other, other)


def test_where_it_is_over_it_is_linked_no_more() -> None:
    writers = Writers()
    writers.pass_minute(orders=FAIL)
    writers.pass_minute(orders=PASS)
    assert writers.table.links("credential user") == []
    assert writers.pass_minute(carts=FAIL) == ["opened carts: "]
    assert writers.table.ledger("orders").is_quiet


class Dying(CountingTable):
    """Its process dies once, at the n-th call that matters here."""

    def __init__(self, at: int) -> None:
        super().__init__()
        self.left = at

    def _die(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise ZeroDivisionError

    def link(self, one: Link) -> None:
        self._die()
        super().link(one)
        self._die()

    def unlink(self, one: Link) -> None:
        self._die()
        super().unlink(one)
        self._die()

    def claim(self, wanted: Claim, before: Claim | None) -> Claim:
        self._die()
        found = super().claim(wanted, before)
        self._die()
        return found

    def save_ledger(self, after: Ledger) -> Ledger:
        self._die()
        found = super().save_ledger(after)
        self._die()
        return found


@pytest.mark.parametrize("at", range(1, 50))
def test_whatever_it_dies_at_the_story_is_told_once(at: int) -> None:
    writers = Writers(Dying(at))
    for minute in range(1, 30):
        shown = FAIL if minute < 15 else PASS
        try:
            writers.pass_minute(orders=shown, carts=shown)
        except ZeroDivisionError:
            writers.minute += 1
    told = {one.message_id: one.kind for one in writers.inbox.notices}
    kinds = Counter(told.values())
    assert kinds[AnnouncementKind.OPENED] == 1
    assert 1 <= kinds[AnnouncementKind.RESOLVED] <= 2
    assert _still_said_to_fail(writers) == set()
    assert kinds[AnnouncementKind.CHANGED] <= 1
    assert writers.table.links("credential user") == []
    assert all(writers.table.ledger(api).is_quiet for api in writers.apis)


def test_a_ledger_that_was_kept_by_the_version_before_is_read() -> None:
    writers = Writers()
    writers.pass_minute(orders=FAIL)
    before = replace(writers.table.ledger("orders"), linked=frozenset())
    assert unpack_ledger("orders", pack_ledger(before), before.version) == before


def test_on_one_machine_an_api_knows_of_the_others(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "state.sqlite3")
    one = incident(DENIED, DENIED)
    own = Claim(scope="credential user", api=one.api, incident=one.id, severity=one.severity, at="")
    with store.open("orders") as memory:
        memory.keep([], [one], {one.id: announced_of(one, one.opened_at)})
        assert memory.links("credential user") == []
        assert memory.claim(own, None) == own
    with store.open("carts") as memory:
        assert memory.links("credential user") == [link_of(one)]
        assert memory.links("credential partner") == []
        assert memory.announced("orders", one.id) == one
        other = replace(own, api="carts")
        assert (memory.claim(other, None), memory.claim(other, own)) == (own, other)
    with store.open("orders") as memory:
        memory.keep([], [one], {})
    with store.open("carts") as memory:
        assert memory.announced("orders", one.id) is None


SHOWN = {"f": FAIL, "p": PASS, "g": GRAVE, "-": None, "r": Look(("route_not_found",))}


@given(st.lists(st.text("ffppg-r", min_size=3, max_size=3), min_size=5, max_size=25))
def test_whatever_comes_each_failure_is_told_and_each_told_one_ends(night: list[str]) -> None:
    """By its own incident, or by name in one that is open and was told of."""
    writers = Writers()
    since: dict[str, int] = {}
    for letters in [*night, *["---"] * 9, *["ppp"] * 25]:
        looks = {api: SHOWN[one] for api, one in zip(writers.apis, letters, strict=True)}
        writers.pass_minute(**{api: one for api, one in looks.items() if one is not None})
        for api, one in looks.items():
            if one is not None:
                failing = bool(one.causes)
                since[api] = since.get(api, writers.minute) if failing else 0
            if not since.get(api):
                since.pop(api, None)
        spoken = _spoken_of(writers)
        for api, minute in since.items():
            assert api in spoken or writers.minute - minute <= 8, (api, writers.heard())
    opened = [
        one.incident.id for one in writers.inbox.notices if one.kind is AnnouncementKind.OPENED
    ]
    ended = [
        one.incident.id for one in writers.inbox.notices if one.kind is AnnouncementKind.RESOLVED
    ]
    assert sorted(opened) == sorted(set(opened))
    assert len(ended) == len(set(ended))
    assert set(opened) <= set(ended)
    assert _still_said_to_fail(writers) == set()
    assert all(writers.table.ledger(api).is_quiet for api in writers.apis)


def _still_said_to_fail(writers: Writers) -> set[str]:
    """The incidents that were named, and of which nobody was told that they are over."""
    named: set[str] = set()
    for one in writers.inbox.notices:
        now = {each.incident for each in one.incident.related if each.until is None}
        over = {each.incident for each in one.incident.related if each.until is not None}
        named = (named | now) - over
        if one.kind is AnnouncementKind.RESOLVED:
            named.discard(one.incident.id)
        else:
            named.add(one.incident.id)
    return named


def _spoken_of(writers: Writers) -> set[str]:
    """The APIs of which the messages say that they fail now."""
    failing: dict[str, set[str]] = {}
    for one in writers.inbox.notices:
        named = {each.api for each in one.incident.related if each.until is None}
        is_over = one.kind is AnnouncementKind.RESOLVED
        failing[one.incident.id] = set() if is_over else {one.incident.api, *named}
    return set().union(*failing.values())

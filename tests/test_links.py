"""Where else a credential fails: each API's message says it, and no more than is so."""

from __future__ import annotations

from pathlib import Path

import pytest
from bench.scale.memory import CountingTable, Inbox
from msgspec.structs import replace

from gatewatch.adapters.local.sqlite import SqliteStore
from gatewatch.announce import Kind
from gatewatch.correlate import correlate
from gatewatch.links import Link, elsewhere, link_of
from gatewatch.model import ANONYMOUS, Finding, Incident, Layer, Outcome, Verdict
from gatewatch.service.call import Call
from gatewatch.service.incidents import answer
from gatewatch.service.ledger import About, pack, unpack
from gatewatch.service.slices import Slice, advance
from gatewatch.track import Patience, Turn

from .builders import candidates, verdict
from .service import tick
from .test_correlate import opened, problem, state, turn

DENIED = problem("authorizer_denied", "jwt_rejected", layer=Layer.AUTH)
ROUTES = ("GET /x", "GET /y")
PATIENT = {route: Patience(1, 1) for route in ROUTES}
TOLD = "the same credential fails at: "


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


def test_where_else_it_fails_is_one_line_however_many_there_are() -> None:
    links = [Link(scope="credential user", api=f"api-{n:02}", incident=f"I{n}") for n in range(30)]
    own = Link(scope="credential user", api="orders", incident="own")
    [line] = elsewhere(incident(DENIED), lambda _: [own, *links])
    assert line.startswith(f"{TOLD}api-00 (I0), api-01 (I1)")
    assert line.endswith("api-09 (I9) and 20 more")


def test_nothing_is_said_where_it_fails_nowhere_else() -> None:
    own = Link(scope="credential user", api="orders", incident="own")
    assert elsewhere(incident(DENIED), lambda _: [own]) == ()


class Writers:
    """Each API's writer over one table."""

    def __init__(self, table: CountingTable | None = None) -> None:
        self.table, self.inbox = table or CountingTable(), Inbox()
        self._minute = 0

    def look(self, api: str, outcome: Outcome, caller: str = "user", cause: str = "") -> list[str]:
        """What is said after a look at each of its routes."""
        self._minute += 1
        found = self.table.all(api) or [Slice(api=api, name="1-0")]
        verdicts = [self._verdict(api, route, outcome, caller, cause) for route in ROUTES]
        self.table.save(advance(found[0], verdicts, PATIENT, tick(self._minute)))
        [now] = self.table.all(api)
        return self.call(api, {now.name: now.untold[-1].number} if now.news else {})

    def call(self, api: str, news: dict[str, int] | None = None, **more: object) -> list[str]:
        before = len(self.inbox.notices)
        call = Call(api=api, at=tick(self._minute), news=news or {}, **{"about": About(), **more})  # type: ignore[arg-type]
        answer(call, self.table, self.inbox, lambda *_: None)
        return [
            f"{one.kind} {one.incident.api}: {'; '.join(one.news)}"
            for one in self.inbox.notices[before:]
        ]

    def _verdict(self, api: str, route: str, outcome: Outcome, caller: str, cause: str) -> Verdict:
        if outcome is Outcome.PASS:
            return verdict(Outcome.PASS, api=api, route=route, caller=caller)
        named = (cause,) if cause else ("authorizer_denied", "jwt_rejected")
        return verdict(
            api=api,
            route=route,
            caller=caller,
            layer=Layer.AUTH,
            cause=named[0],
            candidates=candidates(*named),
        )

    def id_of(self, api: str) -> str:
        [one] = self.table.ledger(api).open
        return one.id


def test_each_says_where_the_same_credential_fails_already() -> None:
    writers = Writers()
    assert writers.look("orders", Outcome.FAIL) == ["opened orders: "]
    orders = writers.id_of("orders")
    assert writers.look("carts", Outcome.FAIL) == [f"opened carts: {TOLD}orders ({orders})"]
    carts = writers.id_of("carts")
    assert writers.look("billing", Outcome.FAIL) == [
        f"opened billing: {TOLD}carts ({carts}), orders ({orders})"
    ]


def test_a_reminder_says_where_it_fails_by_then() -> None:
    writers = Writers()
    writers.look("orders", Outcome.FAIL)
    writers.look("carts", Outcome.FAIL)
    about = About(remind_every_seconds=1)
    assert writers.call("orders", {"another slice": 1}, about=about) == [
        f"reminder orders: {TOLD}carts ({writers.id_of('carts')})"
    ]


def test_another_credential_and_another_cause_are_not_linked() -> None:
    writers = Writers()
    writers.look("orders", Outcome.FAIL)
    assert writers.look("carts", Outcome.FAIL, caller="partner") == ["opened carts: "]
    assert writers.look("billing", Outcome.FAIL, cause="route_not_found") == ["opened billing: "]


def test_a_name_that_begins_like_another_is_another() -> None:
    writers = Writers()
    writers.look("orders", Outcome.FAIL, caller="user-2")
    assert writers.look("carts", Outcome.FAIL, caller="user") == ["opened carts: "]


def test_where_it_is_over_it_is_named_no_more() -> None:
    writers = Writers()
    writers.look("orders", Outcome.FAIL)
    writers.look("orders", Outcome.PASS)
    assert writers.look("carts", Outcome.FAIL) == ["opened carts: "]
    assert writers.table.ledger("orders").is_quiet


def test_an_api_that_left_the_configuration_leaves_no_link() -> None:
    writers = Writers()
    writers.look("orders", Outcome.FAIL)
    writers.call("orders", compare="key")
    assert writers.table.links("credential user") == []
    assert "orders" not in writers.table.records()


class Dying(CountingTable):
    """Its process dies once, beside what links or unlinks."""

    def __init__(self, at: str) -> None:
        super().__init__()
        self.at: str | None = at

    def _die(self, here: str) -> None:
        if self.at == here:
            self.at = None
            raise ZeroDivisionError

    def link(self, one: Link) -> None:
        self._die("before link")
        super().link(one)
        self._die("after link")

    def unlink(self, one: Link) -> None:
        self._die("before unlink")
        super().unlink(one)
        self._die("after unlink")


@pytest.mark.parametrize("at", ["before link", "after link"])
def test_a_link_that_was_not_noted_is_made_by_the_next_call(at: str) -> None:
    writers = Writers(Dying(at))
    with pytest.raises(ZeroDivisionError):
        writers.look("orders", Outcome.FAIL)
    assert [one.kind for one in writers.inbox.notices] == [Kind.OPENED]
    assert writers.table.records()["orders"].news
    writers.call("orders", {"another slice": 1})
    [link] = writers.table.links("credential user")
    assert link.incident == writers.id_of("orders")
    assert len(writers.inbox.notices) == 1


@pytest.mark.parametrize("at", ["before unlink", "after unlink"])
def test_a_link_that_was_not_removed_is_removed_by_the_next_sweep(at: str) -> None:
    writers = Writers(Dying(at))
    writers.look("orders", Outcome.FAIL)
    with pytest.raises(ZeroDivisionError):
        writers.look("orders", Outcome.PASS)
    assert writers.table.records()["orders"].news
    writers.call("orders", compare="key")
    assert writers.table.links("credential user") == []
    assert writers.table.ledger("orders").is_quiet


def test_a_ledger_that_was_kept_by_the_version_before_is_read() -> None:
    writers = Writers()
    writers.look("orders", Outcome.FAIL)
    before = replace(writers.table.ledger("orders"), linked=frozenset())
    assert unpack("orders", pack(before), before.version) == before


def test_on_one_machine_an_api_knows_of_the_others(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "state.sqlite3")
    one = incident(DENIED, DENIED)
    with store.open("orders") as memory:
        memory.keep([], [one], {})
        assert memory.links("credential user") == []
    with store.open("carts") as memory:
        assert memory.links("credential user") == [link_of(one)]
        assert memory.links("credential partner") == []

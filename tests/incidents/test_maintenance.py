"""What is held back in a maintenance window, and told when it is over."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime

import pytest
from msgspec.structs import replace

from gatewatch.config.windows import Opening
from gatewatch.incidents.announce import AnnouncementKind
from gatewatch.model import Finding, Outcome, Verdict
from gatewatch.service.ledger import (
    Ledger,
    WriterContext,
    absorb,
    filed,
    pack_ledger,
    unpack_ledger,
)
from handlers import incidents as writers
from handlers import probe as probes
from handlers import wiring
from tests.builders import candidates, verdict
from tests.deployed import CONFIG, Account, Gateway, tick
from tests.service.test_ledger import looked

PASS, FAIL = verdict(Outcome.PASS), verdict()
DENIED = verdict(cause="authorizer_denied", candidates=candidates("authorizer_denied"))
NARROWER = verdict(cause="wrong_method", candidates=candidates("wrong_method"))
EXPOSED = verdict(finding=Finding.PROTECTED_ROUTE_OPEN, candidates=())

WINDOW = Opening(datetime.fromisoformat(tick(3)), datetime.fromisoformat(tick(6)))
ABOUT = WriterContext(maintenance=(WINDOW,))


def told(*verdicts: Verdict) -> list[tuple[int, AnnouncementKind]]:
    """In which minute what was said, with a verdict a minute and a window from 3 until 6."""
    ledger, said = Ledger(api="orders"), []
    for minute in range(1, len(verdicts) + 1):
        ledger = absorb(ledger, [looked(*verdicts[:minute])], ABOUT, tick(minute))
        said += [(minute, one.kind) for one in ledger.outbox]
        kept = filed(replace(ledger, outbox=()))
        ledger = unpack_ledger("orders", pack_ledger(kept), 0)
    return said


STORIES: dict[str, tuple[list[Verdict], list[tuple[int, str]]]] = {
    "it begins with the window": ([PASS, PASS, FAIL, FAIL, FAIL, FAIL, FAIL], [(6, "opened")]),
    "it begins in the last minute": ([PASS] * 4 + [FAIL] * 3, [(6, "opened")]),
    "it begins when the window is over": ([PASS] * 5 + [FAIL] * 2, [(6, "opened")]),
    "it ends in the window": ([PASS, PASS, FAIL, FAIL, PASS, PASS, PASS], []),
    "it ends with the window": ([PASS, PASS, FAIL, FAIL, FAIL, PASS, PASS], []),
    "it began before": ([PASS, FAIL, FAIL, FAIL, FAIL, FAIL, FAIL], [(2, "opened")]),
    "it began before and ends": ([PASS, FAIL, FAIL, PASS, PASS], [(2, "opened"), (4, "resolved")]),
    "it is understood better in the window": (
        [PASS, FAIL, FAIL, NARROWER, NARROWER, NARROWER, NARROWER],
        [(2, "opened"), (6, "changed")],
    ),
    "it is understood better, and later looks leave more open": (
        [PASS, FAIL, NARROWER, NARROWER, FAIL, FAIL, FAIL],
        [(2, "opened"), (6, "changed")],
    ),
    "it becomes another one": (
        [PASS, FAIL, FAIL, DENIED, DENIED, DENIED, DENIED],
        [(2, "opened"), (4, "resolved"), (4, "opened")],
    ),
    "an exposure": (
        [PASS, PASS, PASS, EXPOSED, *[PASS] * 10],
        [(4, "opened"), (14, "resolved")],
    ),
}


@pytest.mark.parametrize("name", STORIES)
def test_what_is_told_when(name: str) -> None:
    verdicts, expected = STORIES[name]
    assert told(*verdicts) == expected


def test_what_broke_and_was_mended_in_a_window_is_not_told_even_if_it_is_heard_late() -> None:
    ledger = absorb(Ledger(api="orders"), [looked(PASS, PASS, FAIL, FAIL, PASS)], ABOUT, tick(9))
    assert ledger.outbox == ()
    [kept] = ledger.incidents
    assert (kept.state, kept.held_until) == ("resolved", WINDOW.until.isoformat())


def test_an_incident_says_that_it_is_held_and_when_it_was_told() -> None:
    failing = looked(PASS, PASS, FAIL, FAIL)
    held = absorb(Ledger(api="orders"), [failing], ABOUT, tick(4))
    assert held.open[0].held_until == WINDOW.until.isoformat()
    [notice] = absorb(held, [failing], ABOUT, tick(6)).outbox
    assert notice.incident.held_until is None
    assert [one.text for one in notice.incident.updates[1:]] == [
        "maintenance: held until 2026-11-22T09:06:00+00:00",
        "no longer held",
    ]


def test_a_window_that_is_taken_away_holds_nothing_any_more() -> None:
    failing = looked(PASS, PASS, FAIL, FAIL)
    held = absorb(Ledger(api="orders"), [failing], ABOUT, tick(4))
    assert [one.kind for one in absorb(held, [failing], WriterContext(), tick(5)).outbox] == [
        AnnouncementKind.OPENED
    ]


def test_a_window_that_follows_another_goes_on_holding() -> None:
    failing = looked(PASS, PASS, FAIL, FAIL)
    later = Opening(WINDOW.until, datetime.fromisoformat(tick(8)))
    both = WriterContext(maintenance=(WINDOW, later))
    ledger = absorb(Ledger(api="orders"), [failing], ABOUT, tick(4))
    for minute, expected in ((6, []), (7, []), (8, [AnnouncementKind.OPENED])):
        ledger = absorb(ledger, [failing], both, tick(minute))
        assert [one.kind for one in ledger.outbox] == expected


# The deployed service: the window is open from minute 3 until minute 8.


MAINTENANCE = "\nmaintenance: [{from: 2026-11-22T09:03, for: 5m}]\n"


@pytest.fixture
def account(aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    monkeypatch.setattr(wiring, "CLOCK", type(wiring.CLOCK)())
    monkeypatch.setattr(probes, "CLOCK", wiring.CLOCK)
    gateway = Gateway()
    account = Account(gateway, monkeypatch)
    account.publish(CONFIG % {"place": gateway.place} + MAINTENANCE)
    yield account
    gateway.close()


def kinds(account: Account) -> list[str]:
    return [kind for kind, _ in account.said()]


def test_what_is_still_broken_when_the_window_ends_is_told_then_and_once(account: Account) -> None:
    account.minutes(2)
    account.gateway.broken.add("/items")
    account.minutes(5)
    assert kinds(account) == []
    assert account.table.records()["orders"].news > 0
    account.dispatch()
    account.drain(account.changes, writers.handler)
    assert kinds(account) == ["opened"]
    account.minutes(3)
    assert kinds(account) == []
    account.gateway.broken.clear()
    account.minutes(2)
    assert kinds(account) == ["resolved"]


def test_what_is_mended_in_the_window_is_filed_and_never_told(account: Account) -> None:
    account.minutes(2)
    account.gateway.broken.add("/items")
    account.minutes(3)
    account.gateway.broken.clear()
    account.minutes(6)
    assert kinds(account) == []
    assert account.table.records()["orders"].news == 0


def test_an_api_that_the_window_does_not_cover_is_told_of(account: Account) -> None:
    others = CONFIG[CONFIG.index("  orders:") :].replace("orders:", "others:")
    text = (CONFIG + others) % {"place": account.gateway.place}
    both = text.replace("%(place)s", account.gateway.place)
    account.publish(both + MAINTENANCE.replace("for: 5m", "for: 5m, apis: [orders]"))
    account.minutes(2)
    account.gateway.broken.add("/items")
    account.minutes(3)
    assert [one["incident"]["api"] for one in account.messages()] == ["others"]


def test_a_stranger_who_gets_in_is_told_at_once(account: Account) -> None:
    account.minutes(2)
    account.gateway.open.add("/orders")
    account.minutes(5)
    assert kinds(account) == ["opened"]


def metered(said: str, name: str) -> list[float]:
    """A metric's values in the deployment's own dimension, one for each run."""
    documents = [json.loads(one) for one in said.splitlines() if '"_aws"' in one]
    return [
        value
        for one in documents
        if one["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["deployment"]]
        for value in one.get(name, [])
    ]


def test_alarms_do_not_hear_of_what_breaks_in_the_window(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    account.minutes(2)
    account.gateway.broken.add("/items")
    account.minutes(5)
    assert metered(capsys.readouterr().out, "RoutingFailures") == [0.0] * 7
    account.minutes(2)
    assert metered(capsys.readouterr().out, "RoutingFailures") == [1.0] * 2


def test_alarms_hear_of_an_exposure(account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    account.minutes(2)
    account.gateway.open.add("/orders")
    account.minutes(5)
    assert 1.0 in metered(capsys.readouterr().out, "Exposed")


def test_what_broke_before_is_counted_and_a_window_is_seen_in_the_metrics(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    account.gateway.broken.add("/items")
    account.minutes(8)
    said = capsys.readouterr().out
    assert metered(said, "RoutesInMaintenance") == [3.0] * 5
    assert metered(said, "RoutesDown") == [1.0] * 8
    assert metered(said, "RoutingFailures") == [1.0] * 8


def test_a_window_that_cannot_be_used_is_refused(account: Account) -> None:
    account.minutes(1)
    config = wiring.source().current()[0].config
    account.publish_config(
        replace(config, maintenance=(replace(config.maintenance[0], timezone="Mars/Olympus"),))
    )
    _, rejected = wiring.source().current()
    assert rejected is not None
    assert rejected.problems == ("maintenance 2026-11-22T09:03: no time zone Mars/Olympus",)

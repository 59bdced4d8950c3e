"""`gatewatch pause` and `resume`, and what a pause means, minute by minute."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import boto3
import pytest

from gatewatch.service.errands import Errand, ErrandKind
from handlers import incidents as writers
from handlers import wiring
from tests.cli.operated import Operated, kept_metrics
from tests.cli.test_on_call import Command, account, command
from tests.deployed import CONFIG, START, Account, tick

__all__ = ["account", "command"]
OFTEN = "remind_every: 5m\n    owner:"
OTHER = """
  users:
    url: http://%(place)s/prod
    routes:
      - GET /many/1: {access: public}
"""


@pytest.fixture
def operated(account: Account, command: Command, monkeypatch: pytest.MonkeyPatch) -> Operated:
    text = (CONFIG + OTHER) % {"place": account.gateway.place}
    account.publish(text.replace("owner:", OFTEN))
    return Operated(account, command, monkeypatch)


def kinds(operated: Operated) -> list[str]:
    return [one["kind"] for one in operated.account.messages()]


def asked(operated: Operated, minutes: int) -> set[str]:
    """The paths that are called in these minutes."""
    operated.account.gateway.asked.clear()
    operated.account.minutes(minutes)
    return set(operated.account.gateway.asked)


def open_incident(operated: Operated) -> dict[str, Any]:
    operated.account.gateway.broken.add("/items")
    operated.account.minutes(2)
    [opened] = operated.account.messages()
    return dict(opened["incident"])


def listed(operated: Operated) -> list[dict[str, Any]]:
    operated("incidents", "--open", "--format", "json")
    return list(operated.json)


def test_nothing_is_sent_while_all_is_paused_and_it_ends_by_itself(operated: Operated) -> None:
    assert operated("pause", "--for", "5m", "--why", "moving house") == 0
    assert "all APIs: not looked at until 2026-11-22 09:06:00 UTC" in operated.out
    assert asked(operated, 4) == set()
    [begun] = operated.account.messages()
    assert (begun["kind"], begun["why"], begun["until"]) == (
        "paused",
        "moving house",
        tick(6),
    )
    assert begun["by"].startswith("user/")
    assert {"/prod/health", "/prod/items", "/prod/many/1"} <= asked(operated, 1)
    assert kinds(operated) == ["resumed"]
    assert operated.items("errand") == []


def test_only_the_named_api_is_paused(operated: Operated) -> None:
    assert operated("pause", "users", "--for", "1h") == 0
    assert "/prod/many/1" not in asked(operated, 3)
    assert "/prod/health" in operated.account.gateway.asked
    assert operated("resume", "users") == 0
    assert "/prod/many/1" in asked(operated, 1)
    assert kinds(operated) == ["paused", "resumed"]


def test_it_is_counted_and_no_alarm_of_a_dead_monitor_has_a_reason(
    operated: Operated, capsys: pytest.CaptureFixture[str]
) -> None:
    """NotJudged divides by what is due; NoTick counts the ticks."""
    operated("pause", "--for", "1h")
    capsys.readouterr()
    operated.account.minutes(1)
    counted = kept_metrics(capsys.readouterr().out)
    assert counted["RoutesDue"] == [0.0]
    assert counted["RoutesPaused"] == [4.0]
    assert "RoutesJudged" not in counted
    assert "RoutesUp" not in counted
    operated("resume")
    capsys.readouterr()
    operated.account.minutes(1)
    counted = kept_metrics(capsys.readouterr().out)
    assert "RoutesPaused" not in counted
    assert sum(counted["RoutesDue"]) > 0


def test_an_open_incident_stays_open_and_says_that_nobody_looks(operated: Operated) -> None:
    incident = open_incident(operated)
    operated("pause", "orders", "--for", "1h", "--why", "they mend it")
    operated.account.gateway.broken.clear()
    operated.account.minutes(10)
    [known] = listed(operated)
    assert (known["id"], known["state"]) == (incident["id"], "open")
    assert known["paused"]["by"].startswith("user/")
    assert "not looked at until" in known["updates"][-1]["text"]
    assert kinds(operated) == ["paused"], "no reminder, though one is due each five minutes"
    operated("incidents", "--open")
    assert "not looked at: paused until" in operated.out
    assert "paused: orders, until" in operated.out
    operated("incidents", incident["id"])
    assert "not looked at: paused until" in operated.out
    operated("resume")
    operated.account.minutes(3)
    assert sorted(kinds(operated)) == ["reminder", "resolved", "resumed"]
    operated("incidents", incident["id"], "--format", "json")
    assert operated.json["paused"] is None
    texts = [one["text"] for one in operated.json["updates"]]
    assert "looked at again" in texts


def test_reminders_go_on_after_it_once_somebody_has_looked(operated: Operated) -> None:
    open_incident(operated)
    operated("pause", "--for", "20m")
    operated.account.minutes(19)
    assert kinds(operated) == ["paused"]
    operated.account.dispatch()
    operated.account.drain(operated.account.changes, writers.handler)
    assert kinds(operated) == ["resumed"], "nobody has looked yet"
    operated.account.minutes(1)
    assert kinds(operated) == ["reminder"]


def test_a_failure_from_right_before_it_is_told_at_once(operated: Operated) -> None:
    operated.account.gateway.broken.add("/items")
    operated.account.minutes(1)
    operated("pause", "--for", "1h")
    operated.account.minutes(1)
    assert kinds(operated) == ["paused"], "one failure does not count yet"
    operated("resume")
    operated.account.minutes(1)
    assert sorted(kinds(operated)) == ["opened", "resumed"]


def test_a_route_that_leaves_the_configuration_is_told_meanwhile(operated: Operated) -> None:
    open_incident(operated)
    operated("pause", "--for", "1h")
    operated.account.minutes(1)
    text = (CONFIG + OTHER).replace("      - GET /items: {access: public}\n", "")
    operated.account.publish(text % {"place": operated.account.gateway.place})
    operated.account.minutes(1)
    assert kinds(operated) == ["paused", "resolved"]


def test_what_a_window_holds_back_stays_held_while_nobody_looks(operated: Operated) -> None:
    window = "maintenance: [{from: 2026-11-22T09:00, for: 5m, apis: [orders]}]\n"
    text = (CONFIG + OTHER) % {"place": operated.account.gateway.place}
    operated.account.publish(window + text)
    operated.account.gateway.broken.add("/items")
    operated.account.minutes(2)
    operated("pause", "--for", "10m")
    operated.account.minutes(8)
    assert kinds(operated) == ["paused"], "the window is over, and nobody knows"
    operated.account.minutes(5)
    assert sorted(kinds(operated)) == ["opened", "resumed"]


def test_looks_keep_their_minutes_after_it(operated: Operated) -> None:
    """The rare look of a stranger comes when it would have come: the pause shifts nothing."""
    seldom = (CONFIG + OTHER) % {"place": operated.account.gateway.place}
    operated.account.publish(seldom.replace("owner:", "anonymous_every: 30m\n    owner:"))
    before = [len(asked(operated, 1)) for _ in range(30)]
    operated("pause", "--for", "5m")
    operated.account.minutes(6)
    after = [len(asked(operated, 1)) for _ in range(24)]
    assert after == before[6:]


def test_two_pauses_are_one_until_the_last_ends(operated: Operated) -> None:
    operated("pause", "users", "--for", "3m")
    operated("pause", "--for", "6m")
    assert asked(operated, 5) == set()
    assert kinds(operated) == ["paused", "paused"]
    operated.account.minutes(2)
    assert kinds(operated) == ["resumed"]
    assert operated.items("errand") == []


def test_what_another_pause_still_covers_is_excepted(operated: Operated) -> None:
    operated("pause", "users", "--for", "1h")
    operated("pause", "--for", "2m")
    operated.account.minutes(3)
    *_, resumed = operated.account.messages()
    assert (resumed["kind"], resumed["apis"], resumed["still_paused"]) == (
        "resumed",
        [],
        ["users"],
    )
    assert "/prod/many/1" not in asked(operated, 1)


def test_a_pause_that_is_ended_before_it_began_is_not_told(operated: Operated) -> None:
    operated("pause", "--for", "1h")
    operated("resume")
    assert asked(operated, 2) != set()
    assert kinds(operated) == []
    assert operated.items("errand") == []


def test_whoever_ended_it_is_named(operated: Operated) -> None:
    operated("pause", "--for", "1h")
    operated.account.minutes(1)
    operated("resume")
    operated.account.minutes(1)
    paused, resumed = operated.account.messages()
    assert paused["ended_by"] is None
    assert resumed["ended_by"].startswith("user/")


def test_a_dispatch_that_is_really_dead_still_rings(operated: Operated) -> None:
    """Without a tick there is no RoutesDue, whatever is paused."""
    operated("pause", "--for", "1h")
    operated.account.objects.write("config/allowed.json", b"{")
    with pytest.raises(Exception):  # noqa: B017, PT011 - whatever it is
        operated.account.dispatch()


def test_a_test_message_goes_out_while_all_is_paused(operated: Operated) -> None:
    operated("pause", "--for", "1h")
    operated.account.minutes(1)
    assert operated("send-test") == 0
    assert kinds(operated) == ["paused", "test"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--for", "8d"], '--for: "8d": expected a duration such as 30m or 2h, at most 7d'),
        (["--for", "10s"], '--for: "10s": expected at least 1m'),
        (["--for", "forever"], '--for: "forever": expected a duration'),
        (["oders"], "oders: there is no such API in the configuration (did you mean orders?)"),
        (["--why", "\x1b[2J"], "--why: expected text without control characters"),
        (["--why", "x" * 501], "--why: 501 characters; expected at most 500"),
    ],
)
def test_a_pause_that_cannot_be_meant_is_one_line(
    operated: Operated, arguments: list[str], said: str
) -> None:
    assert operated("pause", *arguments) == 3
    assert said in operated.err
    assert len(operated.err.splitlines()) == 1
    assert operated.items("errand") == []


def test_what_cannot_be_resumed_says_what_can(operated: Operated) -> None:
    assert operated("resume") == 3
    assert "nothing is paused" in operated.err
    operated("pause", "orders", "users", "--for", "1h")
    assert operated("resume", "orders") == 3
    assert "it ends as a whole: gatewatch resume orders users --stack" in operated.err
    assert operated("resume", "oders") == 3
    assert "oders: not paused; paused: orders, users, until" in operated.err
    assert operated("resume", "users", "orders") == 0


@pytest.mark.parametrize(
    "until",
    [timedelta(days=8), timedelta(days=4000)],
    ids=["longer than allowed", "from a clock far ahead"],
)
def test_no_pause_lasts_longer_than_any_may(operated: Operated, until: timedelta) -> None:
    errand = Errand(
        id="f" * 32,
        kind=ErrandKind.PAUSE,
        at=(START + until).isoformat(),
        by="user/mallory",
        until=(START + until).isoformat(),
    )
    operated.account.table.add_errand(errand)
    assert asked(operated, 1) != set()
    operated.account.minutes(1)
    assert operated.items("errand") == []
    assert kinds(operated) == []


def test_a_pause_whose_item_is_deleted_is_over(operated: Operated) -> None:
    operated("pause", "--for", "1h")
    operated.account.minutes(1)
    [item] = operated.items("errand")
    key = {name: item[name] for name in ("pk", "sk")}
    boto3.client("dynamodb").delete_item(TableName=operated.account.table._name, Key=key)
    assert asked(operated, 1) != set()


def test_a_pause_is_asked_of_a_living_monitor_only(
    operated: Operated, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = wiring.CLOCK.now() + timedelta(minutes=7)
    monkeypatch.setattr(wiring.CLOCK, "now", lambda: later)
    assert operated("pause", "--for", "1h") == 1
    assert "the monitor does nothing" in operated.err
    assert operated.items("errand") == []

"""`gatewatch mute` and `unmute`: nothing is told until the end, and then what still fails."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gatewatch.cli.main import main
from gatewatch.service.errands import Errand, ErrandKind
from tests.cli.operated import Operated
from tests.cli.test_on_call import Command, account, command
from tests.deployed import CONFIG, Account, tick

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


def told(operated: Operated) -> list[tuple[str, list[str]]]:
    return [(one["kind"], one["news"]) for one in operated.account.messages()]


def kinds(operated: Operated) -> list[str]:
    return [kind for kind, _ in told(operated)]


def listed(operated: Operated) -> list[dict[str, Any]]:
    operated("incidents", "--open", "--format", "json")
    return list(operated.json)


def test_what_begins_while_an_api_is_muted_is_told_at_the_end_once(operated: Operated) -> None:
    assert operated("mute", "orders", "--for", "8m", "--why", "they mend it") == 0
    assert operated.out.startswith("orders: nothing is told until 2026-11-22 09:09:00 UTC; the ")
    for part in (
        "exposures are told all the same, and the CloudWatch alarms still ring",
        "to end it before: gatewatch unmute orders --stack",
    ):
        assert part in operated.out
    operated.account.gateway.broken.add("/items")
    operated.account.minutes(7)
    assert kinds(operated) == []
    [incident] = listed(operated)
    assert incident["muted"]["by"].startswith("user/")
    operated.account.minutes(4)
    assert kinds(operated) == ["opened"]
    assert listed(operated)[0]["muted"] is None
    assert operated.items("errand") == []


def test_what_begins_and_ends_while_it_is_muted_is_not_told(operated: Operated) -> None:
    operated("mute", "orders", "--for", "1h")
    operated.account.gateway.broken.add("/items")
    operated.account.minutes(4)
    operated.account.gateway.broken.clear()
    operated.account.minutes(4)
    operated("unmute", "orders")
    operated.account.minutes(3)
    assert kinds(operated) == []
    assert operated.items("errand") == []


def test_what_was_told_before_and_ends_while_it_is_muted_is_told_to_be_over(
    operated: Operated,
) -> None:
    operated.account.gateway.broken.add("/items")
    operated.account.minutes(2)
    operated("mute", "orders", "--for", "1h")
    operated.account.minutes(12)
    assert kinds(operated) == ["opened"], "no reminder, though one is due each five minutes"
    operated.account.gateway.broken.clear()
    operated.account.minutes(3)
    assert kinds(operated) == ["resolved"]


def test_what_was_told_before_and_still_fails_at_the_end_is_told_once(operated: Operated) -> None:
    operated.account.gateway.broken.add("/items")
    operated.account.minutes(2)
    operated("mute", "orders", "--for", "1h")
    operated.account.minutes(2)
    assert kinds(operated) == ["opened"]
    assert operated("unmute") == 0
    assert operated.out.startswith("orders: told again; the service applies it")
    operated.account.minutes(3)
    assert told(operated) == [("changed", ["it was muted until now, and still fails"])]


def test_another_route_of_the_api_is_told(operated: Operated) -> None:
    operated("mute", "orders", "GET /items", "--for", "1h")
    operated.account.gateway.broken.add("/items")
    operated.account.minutes(3)
    assert kinds(operated) == []
    operated.account.gateway.broken.add("/health")
    operated.account.minutes(3)
    assert "opened" in kinds(operated)


def test_another_api_is_told(operated: Operated) -> None:
    operated("mute", "users", "--for", "1h")
    operated.account.gateway.broken.add("/items")
    operated.account.minutes(2)
    assert kinds(operated) == ["opened"]


def test_an_exposure_is_told_all_the_same(operated: Operated) -> None:
    operated("mute", "orders", "--for", "1h")
    operated.account.gateway.open.add("/orders")
    operated.account.minutes(6)
    [opened] = operated.account.messages()
    assert (opened["kind"], opened["incident"]["finding"]) == ("opened", "protected_route_open")
    assert opened["incident"]["muted"] is None


def test_status_and_incidents_say_what_is_muted(operated: Operated) -> None:
    operated("mute", "orders", "GET /items", "--for", "1h", "--why", "they mend it")
    operated.account.gateway.broken.add("/items")
    operated.account.minutes(2)
    line = "muted: orders GET /items, until 2026-11-22 10:01:00 UTC (58m more), by user/"
    operated("status")
    assert line in operated.out
    assert "they mend it" in operated.out
    operated("status", "--format", "json")
    assert [one["route"] for one in operated.json["mutes"]] == ["GET /items"]
    operated("incidents", "--open")
    assert line in operated.out
    assert "muted until 2026-11-22 10:01:00 UTC by user/" in operated.out


REFUSED = {
    "longer than any may": (
        ["orders", "--for", "8d"],
        '--for: "8d": expected a duration such as 30m or 2h, at most 7d',
    ),
    "too short": (["orders", "--for", "10s"], '--for: "10s": expected at least 1m'),
    "another API": (
        ["oders"],
        "oders: there is no such API in the configuration (did you mean orders?)",
    ),
    "another route": (
        ["orders", "GET /item"],
        "orders GET /item: there is no such route of this API (did you mean GET /items?)",
    ),
    "a control sign": (
        ["orders", "--why", "\x1b[2J"],
        "--why: expected text without control characters",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_mute_that_cannot_be_meant_is_one_line(operated: Operated, name: str) -> None:
    arguments, said = REFUSED[name]
    assert operated("mute", *arguments) == 3
    assert said in operated.err
    assert len(operated.err.splitlines()) == 1
    assert operated.items("errand") == []


def test_what_is_not_muted_says_what_is(operated: Operated) -> None:
    assert operated("unmute") == 3
    assert "nothing is muted" in operated.err
    operated("mute", "orders", "--for", "1h")
    assert operated("unmute", "users") == 3
    assert "users: not muted; muted: orders, until" in operated.err
    assert operated("unmute", "orders") == 0


@pytest.mark.parametrize(
    "changes",
    [{"until": tick(8 * 24 * 60)}, {"apis": ()}, {"apis": ("orders", "users")}],
    ids=["too long", "of no API", "of two"],
)
def test_what_the_command_would_refuse_is_no_errand(
    operated: Operated, changes: dict[str, Any]
) -> None:
    wanted: dict[str, Any] = {"until": tick(60), "apis": ("orders",), **changes}
    errand = Errand(id="f" * 32, kind=ErrandKind.MUTE, at=tick(1), by="user/mallory", **wanted)
    operated.account.table.add_errand(errand)
    operated.account.gateway.broken.add("/items")
    operated.account.minutes(2)
    assert kinds(operated) == ["opened"]
    assert operated.items("errand") == []


# On one machine.


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gatewatch.yaml").write_text(
        "defaults: {open_after: 1}\n"
        "apis:\n"
        "  orders:\n"
        "    url: http://127.0.0.1:9\n"
        "    routes:\n"
        "      - GET /x: public\n"
        "      - GET /y: public\n"
    )
    return tmp_path


def cli(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    return int(ended.value.code or 0)


def test_on_one_machine_it_is_kept_with_the_state_even_before_the_first_run(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli("mute", "orders", "--for", "2h", "--why", "they mend it") == 0
    out = capsys.readouterr().out
    assert out.startswith("orders: nothing is told until ")
    assert out.endswith(
        "exposures are told all the same; to end it before: gatewatch unmute orders\n"
    )
    assert cli("run") == 1
    assert "muted until" in capsys.readouterr().out
    assert cli("incidents") == 0
    out = capsys.readouterr().out
    assert "muted: orders, until" in out
    assert "muted until" in out
    assert cli("watch", "--ticks", "1") == 1
    out = capsys.readouterr().out
    assert "muted: orders, until" in out
    assert "OPENED" not in out
    assert cli("unmute") == 0
    assert capsys.readouterr().out == "orders: told again\n"
    assert cli("watch", "--ticks", "1") == 1
    assert capsys.readouterr().out.count("OPENED") == 1


def test_on_one_machine_names_are_checked_too(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli("mute", "orders", "GET /z") == 3
    assert "orders GET /z: there is no such route of this API" in capsys.readouterr().err
    assert cli("unmute") == 3
    assert "nothing is muted" in capsys.readouterr().err
    assert not (folder / ".gatewatch").exists()

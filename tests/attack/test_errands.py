"""What people ask of the deployed service, however many ask and whatever their clocks say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from gatewatch.cli import waiting
from gatewatch.config.author import load
from gatewatch.config.canonical import Config, Network
from gatewatch.service import dispatch as dispatching
from gatewatch.service.desk import TOLD_FOR
from gatewatch.service.desk_load import carried
from gatewatch.service.dispatch import NoTwinError
from gatewatch.service.errands import (
    LONGEST_PAUSE,
    DeskCall,
    Errand,
    ErrandKind,
    Waiting,
)
from gatewatch.service.published import Twin
from gatewatch.service.wake_up import desk_message
from handlers import dispatch as dispatches
from handlers import incidents as writers
from handlers import wiring
from tests.cli.operated import Operated
from tests.cli.test_on_call import Command, account, command
from tests.deployed import CONFIG, START, Account, tick

__all__ = ["account", "command"]
OTHER = """
  users:
    url: http://%(place)s/prod
    routes:
      - GET /many/1: {access: public}
"""


@pytest.fixture
def operated(account: Account, command: Command, monkeypatch: pytest.MonkeyPatch) -> Operated:
    account.publish((CONFIG + OTHER) % {"place": account.gateway.place})
    return Operated(account, command, monkeypatch)


def kinds(operated: Operated) -> list[str]:
    return [one["kind"] for one in operated.account.messages()]


def paused(number: int, *apis: str, minutes: int = 60) -> Errand:
    return Errand(
        id=f"{number:032x}",
        kind=ErrandKind.PAUSE,
        at=tick(1),
        by="user/alice",
        until=tick(minutes),
        apis=apis,
    )


def ending(*ended: Errand) -> Errand:
    return Errand(
        id="f" * 32,
        kind=ErrandKind.RESUME,
        at=tick(1),
        by="user/bob",
        ends=tuple(one.id for one in ended),
    )


def test_whatever_else_waits_a_resumption_ends_its_pause(operated: Operated) -> None:
    """Names are random: a resumption may be the last of hundreds."""
    table = operated.account.table
    known = [paused(number, f"api-{number}") for number in range(300)]
    ours = paused(0, "orders")
    for one in (*known[1:], ours):
        table.add_errand(one)
    operated.account.minutes(1)
    operated.account.gateway.asked.clear()
    table.add_errand(ending(ours))
    operated.account.minutes(1)
    assert "/prod/items" in operated.account.gateway.asked


def test_a_test_is_sent_though_hundreds_of_pauses_wait(operated: Operated) -> None:
    for number in range(300):
        operated.account.table.add_errand(paused(number, f"api-{number}"))
    operated.account.table.add_errand(
        Errand(id="f" * 32, kind=ErrandKind.TEST, at=tick(1), by="user/bob")
    )
    operated.account.minutes(1)
    assert "test" in kinds(operated)


def test_a_resumption_never_goes_without_its_pause() -> None:
    """The desk removes a resumption whose pauses it does not see."""
    large = tuple(f"{number:0400}" for number in range(20))
    many = [replace(paused(number), apis=large) for number in range(30)]
    for ended in (many[0], many[-1]):
        taken = carried(Waiting(errands=(*many, ending(ended))), START).errands
        assert ending(ended) in taken
        assert ended in taken
    taken = carried(Waiting(errands=(*many, ending(*many))), START).errands
    [part] = [one for one in taken if one.kind is ErrandKind.RESUME]
    assert set(part.ends) == {one.id for one in taken} - {part.id} != set()


def test_the_newest_pause_is_told_and_what_is_over_before_it() -> None:
    large = tuple(f"{number:0400}" for number in range(20))
    many = [replace(paused(number), apis=large, at=tick(number)) for number in range(30)]
    over = replace(paused(99, minutes=10), at=tick(5))
    taken = carried(Waiting(errands=(*many, over)), START + timedelta(minutes=31)).errands
    assert (over in taken, many[-1] in taken, many[0] in taken) == (True, True, False)


def test_names_that_are_none_fit_into_a_message() -> None:
    spoilt = tuple(f"{number:04}" + "\x01" * 1020 for number in range(300))
    taken = carried(Waiting(spoilt=spoilt), START)
    assert taken.spoilt
    call = DeskCall(at=tick(0), errands=taken.errands, spoilt=taken.spoilt, channels=())
    assert len(desk_message(call).body) < 250_000


def test_what_became_of_a_pause_is_known_as_long_as_it_lasts(operated: Operated) -> None:
    operated("pause", "--for", "7d")
    operated.account.minutes(1)
    [answer] = operated.items("answer")
    kept = float(answer["expires"]["N"]) - datetime.now(UTC).timestamp()
    assert kept >= (LONGEST_PAUSE + TOLD_FOR).total_seconds()


def test_the_end_of_a_long_pause_is_tried_as_long_as_any_message(
    operated: Operated, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = operated.account
    operated("pause", "--for", "2d")
    account.minutes(1)
    assert kinds(operated) == ["paused"]
    topic = account.topic
    monkeypatch.setenv("GATEWATCH_INCIDENTS_TOPIC", topic.replace(":t-", ":gone-"))
    account.cool_down()
    account._minute += 2 * 24 * 60
    account.minutes(2)
    assert kinds(operated) == []
    monkeypatch.setenv("GATEWATCH_INCIDENTS_TOPIC", topic)
    account.cool_down()
    account.minutes(1)
    assert kinds(operated) == ["resumed"]


def test_a_pause_from_a_clock_ahead_ends_for_incidents_too(operated: Operated) -> None:
    account = operated.account
    text = (CONFIG + OTHER) % {"place": account.gateway.place}
    account.publish(text.replace("owner:", "remind_every: 5m\n    owner:"))
    account.gateway.broken.add("/items")
    account.minutes(2)
    ours = replace(paused(1, minutes=60), at=tick(600))
    account.table.add_errand(ours)
    account.minutes(1)
    account.table.add_errand(ending(ours))
    account.minutes(10)
    [incident] = account.table.open_incidents()
    assert incident.paused is None
    assert "reminder" in kinds(operated)


@pytest.mark.parametrize("asked", ["pause", "send-test", "probe-now", "status"])
def test_a_clock_behind_is_said(
    operated: Operated, monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    """A pause would be over before it began, and a dead monitor looks alive."""
    early = START - timedelta(hours=2)

    class Behind:
        def now(self) -> datetime:
            return early

    monkeypatch.setattr(waiting, "CLOCK", Behind())
    assert operated(asked) == 1
    assert "clock" in operated.out + operated.err
    assert operated.items("errand") == []


def many_apis(place: str) -> str:
    names = [f"{'n' * 97}{number:03}" for number in range(100)]
    apis = "".join(
        f"  {name}: {{url: 'http://{place}/prod', routes: [GET /health: public]}}\n"
        for name in names
    )
    return f"apis:\n{apis}"


def test_a_pause_that_the_service_would_refuse_is_refused_at_once(operated: Operated) -> None:
    text = many_apis(operated.account.gateway.place)
    operated.account.publish(text)
    names = [api.name for api in load(text, "test").apis]
    assert operated("pause", *names) == 3
    assert operated.items("errand") == []


def test_all_of_many_pauses_are_ended(operated: Operated) -> None:
    for number in range(120):
        operated.account.table.add_errand(paused(number, "orders"))
    assert operated("resume") == 0
    operated.account.minutes(1)
    assert operated.account.gateway.asked[-1:] != []
    operated.account.minutes(3)
    assert operated.items("errand") == []


def test_a_resumption_of_a_dead_monitor_is_said_to_wait(
    operated: Operated, monkeypatch: pytest.MonkeyPatch
) -> None:
    operated("pause", "--for", "1h")
    later = wiring.CLOCK.now() + timedelta(minutes=7)
    monkeypatch.setattr(wiring.CLOCK, "now", lambda: later)
    assert operated("resume") == 1
    assert "the monitor does nothing" in operated.err
    assert len(operated.items("errand")) == 2


TOKEN = (
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
)


def test_a_token_in_a_reason_is_shown_nowhere(operated: Operated) -> None:
    operated("pause", "--for", "1h", "--why", f"with Bearer {TOKEN}")
    operated.account.minutes(1)
    told = [str(one) for one in operated.account.messages()]
    operated("status")
    assert TOKEN not in "".join([*told, operated.out, str(operated.items("errand"))])


def test_an_api_at_which_nobody_looks_is_not_green(
    operated: Operated, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others are looked at all the while."""
    account = operated.account
    account.minutes(3)
    assert operated("status") == 0
    dealt = dispatches.dispatch

    def only_orders(*arguments: Any, **named: Any) -> Any:
        with monkeypatch.context() as patch:
            patch.setattr(dispatching, "shards", broken(dispatching.shards))
            return dealt(*arguments, **named)

    monkeypatch.setattr(dispatches, "dispatch", only_orders)
    account.minutes(40)
    assert operated("status") == 1
    assert "users: no look for 40m, though looks are due" in operated.out
    assert "3 up, 0 down, 1 unknown" in operated.out


def broken(deal: Any) -> Any:
    """Dealing fails for one API, as `api_stopped` says then."""

    def shards(config: Config, probes: Any, *rest: Any, **named: Any) -> Any:
        if any(one.api.name == "users" for one in probes):
            raise ValueError("users")
        return deal(config, probes, *rest, **named)

    return shards


def test_without_a_twin_people_are_answered_all_the_same(
    operated: Operated, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As while a deployment creates or removes it."""
    account = operated.account
    network = Network(
        subnets=("subnet-0a1b2c3d",), security_groups=("sg-0a1b2c3d",), ranges=("127.0.0.0/8",)
    )
    twin = Twin(network=network, hosts=(account.gateway.place,), secrets=())
    account.allowed = msgspec.structs.replace(account.allowed, twin=twin)
    account.deploy()
    text = (CONFIG + OTHER).replace("  users:\n", "  users:\n    private: true\n")
    config = load(f"{text}{NETWORK}" % {"place": account.gateway.place}, "test")
    account.publish_config(msgspec.structs.replace(config, network=network))
    monkeypatch.delenv("GATEWATCH_TWIN_SHARDS_URL")
    account.cool_down()
    operated("send-test", "--wait", "0s")
    at = START + timedelta(minutes=2)
    with pytest.raises(NoTwinError):
        dispatching.dispatch(at, wiring.source(), wiring.table(), wiring.shards(), wiring.changes())
    account.drain(account.changes, writers.handler)
    assert kinds(operated) == ["test"]
    last = account.table.tick()
    assert last is not None
    assert last.at == at.isoformat()


NETWORK = """
network: {subnets: [subnet-0a1b2c3d], security_groups: [sg-0a1b2c3d], ranges: [10.0.0.0/16]}
"""

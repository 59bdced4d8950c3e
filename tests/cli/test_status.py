"""`gatewatch status`: green only where all was seen to be well."""

from __future__ import annotations

from datetime import timedelta

import boto3
import pytest
from msgspec.structs import replace

from gatewatch.adapters.aws.channel_items import DynamoChannels
from gatewatch.config.author import load
from gatewatch.delivery.standing import Standing
from handlers import wiring
from tests.cli.operated import Operated
from tests.cli.test_on_call import Command, account, command
from tests.deployed import CONFIG, Account, monitor_outputs, stack_with, tick

__all__ = ["account", "command"]


@pytest.fixture
def operated(account: Account, command: Command, monkeypatch: pytest.MonkeyPatch) -> Operated:
    return Operated(account, command, monkeypatch)


def unsubscribe(topic: str) -> None:
    sns = boto3.client("sns")
    for one in sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]:
        sns.unsubscribe(SubscriptionArn=one["SubscriptionArn"])


def test_all_is_well(operated: Operated) -> None:
    assert operated("status") == 0
    lines = [line.split(":", 1) for line in operated.out.splitlines() if '"_aws"' not in line]
    told = {name: rest[0].strip() for name, *rest in lines if rest}
    assert told["monitor"] == "test, version 0.0.1"
    assert told["account"] == "123456789012, region us-east-1"
    assert told["last tick"] == "2026-11-22 09:01:00 UTC, 0s ago"
    assert told["last look"] == "2026-11-22 09:01:00 UTC, 0s ago"
    assert told["routes"] == "3 up, 0 down, 0 unknown"
    assert told["incidents"] == "none open"
    assert ", since 20" in told["configuration"]
    assert "wrong" not in told


def test_the_last_look_that_is_stored_need_not_be_the_last(operated: Operated) -> None:
    operated.account.minutes(43)
    assert operated("status") == 0
    [line] = [one for one in operated.out.splitlines() if one.startswith("last look:")]
    assert line.endswith("m ago, or later: not every look is stored while all is well")


def test_a_program_is_told_the_same(operated: Operated) -> None:
    operated("status", "--format", "json")
    told = operated.json
    assert told["where"]["account"] == "123456789012"
    assert told["where"]["deployment"] == "test"
    assert told["tick"]["at"] == tick(1)
    assert told["routes"]["up"] == 3
    assert (told["wrong"], told["unknown"], told["pauses"]) == ([], [], [])


def test_an_open_incident_is_named(operated: Operated) -> None:
    operated.account.gateway.broken.add("/items")
    operated.account.minutes(2)
    [opened] = operated.account.messages()
    assert operated("status") == 1
    assert opened["incident"]["id"] in operated.out
    assert "2 up, 1 down, 0 unknown" in operated.out


def test_a_monitor_that_does_not_tick_is_never_green(
    operated: Operated, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = wiring.CLOCK.now() + timedelta(minutes=3)
    monkeypatch.setattr(wiring.CLOCK, "now", lambda: later)
    assert operated("status") == 1
    assert "no tick for 3m: the monitor does nothing. Look at aws logs tail" in operated.out


def test_one_that_ticks_and_takes_no_look_is_not_green_either(operated: Operated) -> None:
    for _ in range(37):
        operated.account.dispatch()
    assert operated("status") == 1
    assert "no look for 37m, though looks are due: see the alarm NotJudged" in operated.out


def test_one_that_has_never_ticked_is_not_green(operated: Operated) -> None:
    for item in operated.items("deployment"):
        boto3.client("dynamodb").delete_item(
            TableName=operated.account.table._name, Key={"pk": item["pk"], "sk": item["sk"]}
        )
    assert operated("status") == 1
    assert "no tick yet: the monitor does nothing" in operated.out


def test_a_topic_that_nobody_reads_is_named(operated: Operated) -> None:
    unsubscribe(operated.account.topic)
    assert operated("status") == 1
    assert f"{operated.account.topic}: nobody is subscribed" in operated.out


def test_what_is_paused_is_not_green_and_not_counted(operated: Operated) -> None:
    operated("pause", "--for", "1h", "--why", "moving house")
    operated.account.minutes(1)
    assert operated("status") == 2
    assert "0 up, 0 down, 0 unknown, 3 paused" in operated.out
    assert "paused: all APIs, until 2026-11-22 10:01:00 UTC" in operated.out
    assert ": moving house" in operated.out


def test_a_configuration_that_is_not_in_force_is_said(operated: Operated) -> None:
    place = {"place": operated.account.gateway.place}
    operated.account.publish((CONFIG % place).replace("gatewatch/partner", "payroll/root"))
    operated.account.minutes(1)
    assert operated("status") == 1
    assert "the published configuration is not in force" in operated.out


def test_a_part_that_may_not_be_read_hides_no_other(operated: Operated) -> None:
    operated.account.objects.write("config/current.json", b"{")
    assert operated("status") == 2
    assert "last tick:      2026" in operated.out
    assert "not known:" in operated.out


def test_an_older_version_is_said_to_be_one_and_not_dead(operated: Operated) -> None:
    """It says nothing of its ticks."""
    for item in operated.items("deployment"):
        key = {"pk": item["pk"], "sk": item["sk"]}
        boto3.client("dynamodb").delete_item(TableName=operated.account.table._name, Key=key)
    stack = stack_with(monitor_outputs(StateTable=operated.account.table._name))
    for asked in ("send-test", "status"):
        assert operated.command(asked, "--stack", stack) == 1
        told = operated.out + operated.err
        assert "an older version is deployed" in told
        assert "does nothing" not in told


TELLING = """
heartbeat: {url: "https://hc.example.com/beat"}
notify:
  - {name: night, pagerduty: {secret: gatewatch/pager}}
"""


def _telling(operated: Operated) -> None:
    account = operated.account
    text = (CONFIG % {"place": account.gateway.place}) + TELLING
    config = load(text, "test")
    account.allowed = replace(
        account.allowed,
        hooks={one.key: one.hook for one in config.notify if one.hook},
        heartbeat=config.heartbeat or None,
    )
    account.deploy()
    account.publish(text)
    account.minutes(1)


def test_each_channel_says_how_it_fares(operated: Operated) -> None:
    _telling(operated)
    table = DynamoChannels(operated.account.table._name)
    table.set_standing(Standing(channel="", delivered_at=tick(1)))
    table.set_standing(
        Standing(
            channel="night", delivered_at=tick(0), failing_since=tick(1), because="answered 503"
        )
    )
    for one in ("a", "b"):
        table.add_waiting("night", one)
    assert operated("status") == 1
    [_, told] = operated.out.split("channels:\n")
    assert "    own topic: sns, to the deployment's own topic\n" in told
    assert "    night: pagerduty, to events.pagerduty.com:443\n" in told
    assert "failing since   2026-11-22 09:01:00 UTC: answered 503" in told
    assert "waiting         2" in told
    assert "    the heartbeat: heartbeat, to hc.example.com:443\n" in told
    assert "night: takes no message since 2026-11-22 09:01:00 UTC: answered 503" in told
    operated("status", "--format", "json")
    known = {one["name"]: one for one in operated.json["channels"]}
    assert list(known) == ["own topic", "night", "the heartbeat"]
    assert (known["night"]["waiting"], known["night"]["delivered_at"]) == (2, tick(0))


def test_only_topics_are_asked_for_subscribers(operated: Operated) -> None:
    _telling(operated)
    operated("status", "--format", "json")
    assert all(one["topic"].startswith("arn:") for one in operated.json["topics"])

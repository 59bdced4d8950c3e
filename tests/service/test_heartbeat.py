"""The heartbeat: sent at the end of a good tick, each so many minutes, and by nobody else."""

from __future__ import annotations

from datetime import timedelta

import boto3
import msgspec
import pytest
from botocore.exceptions import BotoCoreError, ClientError
from msgspec.structs import replace

from gatewatch.config.author import load
from gatewatch.config.canonical import Heartbeat
from gatewatch.delivery.parcel import Parcel
from gatewatch.service.heartbeat import is_due, topics_of
from handlers import wiring
from tests.deployed import CONFIG, START, Account, queue, received

BEATS = '\nheartbeat: {url: "https://hc.example.com/beat", every: %s}\n'


@pytest.fixture
def beating(account: Account, monkeypatch: pytest.MonkeyPatch) -> Account:
    monkeypatch.setenv("GATEWATCH_DELIVERIES_URL", queue("deliveries"))
    account.cool_down()
    _beat(account, "1m")
    return account


def _text(account: Account, every: str) -> str:
    return (CONFIG % {"place": account.gateway.place}) + BEATS % every


def _beat(account: Account, every: str) -> None:
    text = _text(account, every)
    account.allowed = replace(account.allowed, heartbeat=load(text, "f").heartbeat or None)
    account.deploy()
    account.publish(text)


def _beats(account: Account) -> list[str]:
    url = wiring.deliveries()
    assert url is not None
    found = []
    while got := received(url._url):
        for one in got:
            beat = msgspec.json.decode(one["Body"], type=Parcel).beat
            assert beat is not None
            found.append(beat.at)
            boto3.client("sqs").delete_message(
                QueueUrl=url._url, ReceiptHandle=one["ReceiptHandle"]
            )
    return found


def _at(*minutes: int) -> list[str]:
    return [(START + timedelta(minutes=one)).isoformat() for one in minutes]


def test_each_minute_brings_one(beating: Account) -> None:
    for _ in range(3):
        beating.dispatch()
    assert _beats(beating) == _at(1, 2, 3)


def test_every_fifth_minute_brings_one(beating: Account) -> None:
    _beat(beating, "5m")
    for _ in range(11):
        beating.dispatch()
    assert _beats(beating) == _at(5, 10)


def test_a_repeated_tick_beats_once(beating: Account) -> None:
    beating.dispatch()
    beating._minute -= 1
    beating.dispatch()
    assert _beats(beating) == _at(1)


def test_a_rejected_configuration_does_not_stop_it(beating: Account) -> None:
    beating.dispatch()
    beating.publish(_text(beating, "1m").replace("gatewatch/partner", "payroll/root"))
    beating.dispatch()
    assert _beats(beating) == _at(1, 2)


def test_a_tick_that_fails_brings_none(beating: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("GATEWATCH_SHARDS_URL", f"{beating.work}-gone")
        wiring.shards.cache_clear()
        with pytest.raises((ClientError, BotoCoreError)):
            beating.dispatch()
    wiring.shards.cache_clear()
    assert _beats(beating) == []
    beating.dispatch()
    assert _beats(beating) == _at(2)


def test_a_beat_that_cannot_be_sent_stops_no_look(
    beating: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEWATCH_DELIVERIES_URL", f"{beating.work}-gone")
    beating.cool_down()
    assert beating.dispatch()["due"] == 3


def test_where_nobody_listens_for_one_none_is_sent(beating: Account) -> None:
    beating.publish(CONFIG % {"place": beating.gateway.place})
    beating.dispatch()
    assert _beats(beating) == []


@pytest.mark.parametrize(
    ("every", "minutes"), [(60, [0, 1, 2, 3]), (120, [0, 2]), (3600, [0]), (30, [0, 1, 2, 3])]
)
def test_it_goes_by_the_clock(every: float, minutes: list[int]) -> None:
    to = Heartbeat(every_seconds=every, topic="t")
    due = [one for one in range(4) if is_due(to, START + timedelta(minutes=one))]
    assert due == minutes


def test_the_topic_of_a_heartbeat_is_asked_for_subscribers_too() -> None:
    arn = "arn:aws:sns:us-east-1:111122223333:"
    apis = "apis: {a: {url: 'https://a.example.com', routes: [GET /: public]}}\n"
    told = f'notify: [{{sns: "{arn}a"}}, {{slack: {{secret: s}}}}]\nheartbeat: {{sns: "{arn}b"}}\n'
    assert topics_of(load(f"{apis}{told}", "f")) == (f"{arn}a", f"{arn}b")

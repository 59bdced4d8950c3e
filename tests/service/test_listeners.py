"""A topic that reaches nobody is told, one of which nothing is known is no good news."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import boto3
import pytest
from msgspec.structs import replace

from gatewatch.adapters.aws.topic_states import SnsTopicStates
from gatewatch.service.listeners import (
    TopicState,
    UnaskableError,
    Unheard,
    is_asked_at,
    unheard,
)
from handlers import dispatch as dispatches
from handlers import wiring
from tests.deployed import CONFIG, Account, Context, Gateway


class _Said:
    """What topics say of themselves, by name."""

    def __init__(self, **said: TopicState | UnaskableError) -> None:
        self._said = said

    def of(self, topic: str) -> TopicState:
        said = self._said[topic]
        if isinstance(said, UnaskableError):
            raise said
        return said


@pytest.mark.parametrize(
    ("state", "because"),
    [
        (TopicState(confirmed=1), []),
        (TopicState(confirmed=1, key="Enabled"), []),
        (TopicState(), ["nobody is subscribed"]),
        (TopicState(pending=2), ["nobody is subscribed; 2 not confirmed yet"]),
        (TopicState(exists=False), ["it is gone"]),
        (TopicState(confirmed=1, key="Disabled"), ["its KMS key is of no use: Disabled"]),
        (
            TopicState(key="PendingDeletion"),
            ["nobody is subscribed", "its KMS key is of no use: PendingDeletion"],
        ),
    ],
    ids=["heard", "under a key", "nobody", "not confirmed", "gone", "a disabled key", "both"],
)
def test_a_topic_is_heard_by_whoever_confirmed(state: TopicState, because: list[str]) -> None:
    silent, unknown = unheard(["t"], _Said(t=state), lambda: True)
    assert [one.because for one in silent] == because
    assert unknown == []


def test_what_does_not_answer_is_unknown_and_stops_no_other() -> None:
    states = _Said(a=UnaskableError("AuthorizationError"), b=TopicState())
    silent, unknown = unheard(["a", "b", "a"], states, lambda: True)
    assert silent == [Unheard("b", "nobody is subscribed")]
    assert unknown == [Unheard("a", "AuthorizationError")]


def test_topics_that_answer_slowly_do_not_stop_the_tick() -> None:
    left = iter([True, False])
    states = _Said(a=TopicState(), b=TopicState())
    silent, unknown = unheard(["a", "b"], states, lambda: next(left))
    assert [one.topic for one in silent] == ["a"]
    assert [one.topic for one in unknown] == ["b"]


def test_it_is_asked_once_an_hour() -> None:
    minutes = (datetime(2026, 11, 22, 9, minute, tzinfo=UTC) for minute in range(60))
    assert sum(map(is_asked_at, minutes)) == 1


@pytest.fixture
def account(aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    gateway = Gateway()
    monkeypatch.setattr(dispatches, "_said_unknown", set())
    yield Account(gateway, monkeypatch)
    gateway.close()


def _topic(name: str, **attributes: str) -> str:
    sns = boto3.client("sns")
    return str(sns.create_topic(Name=name, Attributes=attributes)["TopicArn"])


def _logged(caplog: pytest.LogCaptureFixture, event: str) -> list[tuple[str, str, str]]:
    return [
        (one.levelname, getattr(one, "topic", ""), getattr(one, "reason", ""))
        for one in caplog.records
        if one.message == event
    ]


def _at(minute: int) -> None:
    wiring.topic_states.cache_clear()
    dispatches.handler({"time": f"2026-11-22T09:{minute:02}:00+00:00"}, Context())


def test_the_real_topics_are_asked_and_named(
    account: Account,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    alarms, channel = _topic("gatewatch-alarms"), _topic("gatewatch-channel")
    monkeypatch.setenv("GATEWATCH_ALARMS_TOPIC", alarms)
    gone = f"{channel}-gone"
    account.allowed = replace(account.allowed, topics=(channel, gone))
    account.deploy()
    notify = f"notify: [{{sns: '{channel}'}}, {{sns: '{gone}'}}]\n"
    account.publish(CONFIG % {"place": account.gateway.place} + notify)
    _at(7)
    assert _logged(caplog, "topic_unheard") == [
        ("ERROR", alarms, "nobody is subscribed"),
        ("ERROR", channel, "nobody is subscribed"),
        ("ERROR", gone, "it is gone"),
    ]
    assert '"TopicsUnheard":[3.0]' in capsys.readouterr().out


@pytest.mark.parametrize("minute", [6, 8])
def test_at_other_minutes_nobody_is_asked(
    account: Account, minute: int, capsys: pytest.CaptureFixture[str]
) -> None:
    _at(minute)
    assert "TopicsUnheard" not in capsys.readouterr().out


def test_a_healthy_hour_says_nothing(
    account: Account, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    _at(7)
    assert "TopicsUnheard" not in capsys.readouterr().out
    assert not [one for one in caplog.records if one.message.startswith("topic_")]


def test_what_is_unknown_is_said_once(
    account: Account, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(Context, "get_remaining_time_in_millis", staticmethod(lambda: 1_000))
    _at(7)
    _at(7)
    assert _logged(caplog, "topic_unknown") == [
        ("WARNING", account.topic, "not asked: the time of this tick is up")
    ]


@pytest.mark.parametrize("state", ["Disabled", "PendingDeletion"])
def test_a_key_that_is_out_of_use_is_seen(aws: None, state: str) -> None:
    kms = boto3.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    topic = _topic(f"gatewatch-{state}", KmsMasterKeyId=key)
    assert SnsTopicStates([topic]).of(topic).key == "Enabled"
    if state == "Disabled":
        kms.disable_key(KeyId=key)
    else:
        kms.schedule_key_deletion(KeyId=key)
    assert SnsTopicStates([topic]).of(topic).key == state
    assert SnsTopicStates([]).of(topic).key is None


def test_a_key_that_is_gone_is_seen(aws: None) -> None:
    topic = _topic("gatewatch-no-key", KmsMasterKeyId="00000000-0000-0000-0000-000000000000")
    found = SnsTopicStates([topic]).of(topic)
    assert (found.exists, found.key) == (True, "NotFoundException")


def test_a_pending_subscription_is_none_yet(aws: None) -> None:
    topic = _topic("gatewatch-pending")
    assert SnsTopicStates([topic]).of(topic).confirmed == 0
    with pytest.raises(UnaskableError):
        SnsTopicStates([]).of("no arn")

"""Deliveries in an emulated account: real queues and a real table, and a channel on this machine
that behaves as badly as a test wants."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import boto3
import msgspec
import pytest
from msgspec.structs import replace

from gatewatch.adapters.aws.channel_items import DynamoChannels
from gatewatch.adapters.aws.sqs import SqsQueue
from gatewatch.config.canonical import (
    HEARTBEAT,
    Channel,
    Heartbeat,
    Hook,
    HookKind,
    SecretRef,
    SecretSource,
)
from gatewatch.delivery.parcel import Beat, Parcel
from gatewatch.model import Incident
from gatewatch.notices.bulletin import TEST, Bulletin
from gatewatch.notices.notice import Notice
from gatewatch.service.channel_publisher import ChannelPublisher
from gatewatch.service.deliveries import message, of_notice
from gatewatch.service.ledger import WriterContext
from gatewatch.service.ports import UndeliveredError
from gatewatch.service.published import Allowed
from handlers import deliver as delivers
from handlers import wiring
from tests.builders import verdict
from tests.deployed import Account, Context, received, record
from tests.receivers import KEY, Got, Receiver, answers, receiving
from tests.service.test_ledger import heard, looked

HOST = Hook(kind=HookKind.WEBHOOK, url="https://hooks.example.com/in", hosts=("x:443",))


def notice(number: int = 0, incident: Incident | None = None) -> Notice:
    [first] = heard(looked(verdict()), about=WriterContext(team="team-orders")).outbox
    return replace(
        first,
        message_id=f"{number:032}",
        channel="pagerduty",
        incident=incident or first.incident,
    )


def key_ref(name: str) -> SecretRef:
    return SecretRef(source=SecretSource.SECRET, name=name)


@dataclass
class Posting:
    """The deliverer of an account, with a pager to which it may post."""

    account: Account
    pager: Receiver
    queue: str
    dead: str
    secret: str
    capsys: pytest.CaptureFixture[str]
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def channel(self) -> Channel:
        hook = replace(self.pager.hook, key=key_ref(self.secret))
        return Channel(name="pagerduty", hook=hook)

    @property
    def table(self) -> DynamoChannels:
        return wiring.channels()

    def allow(self, *channels: Channel, heartbeat: Heartbeat | None = None) -> None:
        self.account.allowed = replace(
            self.account.allowed,
            hooks={one.key: one.hook for one in channels if one.hook},
            heartbeat=heartbeat,
        )
        self.account.deploy()

    def publish(self, *numbers: int) -> None:
        for one in numbers:
            self.publish_one(notice(one))

    def publish_one(self, told: Notice) -> None:
        wiring.publisher().publish(replace(told, via=self.channel))

    def deliver(self, seconds_later: float = 0) -> list[str]:
        """As Lambda's poller does; which messages came again. What waits is shown at once, as
        after its time."""
        self.now = datetime.now(UTC) + timedelta(seconds=seconds_later)
        while found := _one_of(self.queue):
            answer = delivers.handler({"Records": [record(found)]}, Context())
            if answer["batchItemFailures"]:
                return [found["MessageId"]]
            _delete(self.queue, found)
        return []

    def counted(self) -> dict[str, float]:
        """The metrics since this was last asked; what was logged is lost."""
        found: dict[str, float] = {}
        for line in self.capsys.readouterr().out.splitlines():
            if line.startswith("{") and '"_aws"' in line:
                for name, value in json.loads(line).items():
                    if name.startswith("Notices"):
                        found[name] = found.get(name, 0) + sum(value)
        return {name: value for name, value in found.items() if value}


def _one_of(url: str) -> dict[str, Any] | None:
    found = boto3.client("sqs").receive_message(
        QueueUrl=url, MaxNumberOfMessages=1, AttributeNames=["All"]
    )
    return next(iter(found.get("Messages", [])), None)


def _delete(url: str, one: dict[str, Any]) -> None:
    boto3.client("sqs").delete_message(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])


def _queue(name: str) -> str:
    attributes = {"FifoQueue": "true", "VisibilityTimeout": "270"}
    made = boto3.client("sqs").create_queue(
        QueueName=f"{name}-{uuid4().hex[:8]}.fifo", Attributes=attributes
    )
    return str(made["QueueUrl"])


@pytest.fixture
def posting(
    account: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Posting]:
    with receiving(HookKind.PAGERDUTY) as pager:
        secret = f"pager-{uuid4().hex[:8]}"
        boto3.client("secretsmanager").create_secret(Name=secret, SecretString=KEY)
        found = Posting(account, pager, _queue("deliveries"), _queue("dead"), secret, capsys)
        monkeypatch.setenv("GATEWATCH_DELIVERIES_URL", found.queue)
        monkeypatch.setenv("GATEWATCH_QUEUE_URL", found.queue)
        monkeypatch.setenv("GATEWATCH_DEAD_URL", found.dead)
        wiring.CLOCK.now = lambda: found.now  # type: ignore[method-assign]
        # What waits comes again at once.
        monkeypatch.setattr(SqsQueue, "show_again", _shown_at_once)
        account.cool_down()
        found.allow(found.channel)
        yield found
        account.cool_down()


ASKED: list[int] = []


def _shown_at_once(queue: SqsQueue, receipt: str, seconds: int) -> None:
    ASKED.append(seconds)
    boto3.client("sqs").change_message_visibility(
        QueueUrl=queue._url, ReceiptHandle=receipt, VisibilityTimeout=0
    )


def test_what_the_writer_hands_on_is_posted_once_and_noted(posting: Posting) -> None:
    posting.publish(1)
    [before] = posting.table.standings()
    assert (before.channel, before.waiting, before.delivered_at) == ("pagerduty", 1, None)
    assert posting.deliver() == []
    assert len(posting.pager.got) == 1
    [standing] = posting.table.standings()
    assert standing.waiting == 0
    assert standing.delivered_at is not None
    assert posting.counted() == {"NoticesSent": 1}


def test_a_message_that_comes_again_is_not_posted_again(posting: Posting) -> None:
    """As after a death between the mark and the message's deletion."""
    one = message(of_notice(posting.channel, notice(1)))
    for number in range(2):
        SqsQueue(posting.queue).send([replace(one, once=str(number))])
    assert posting.deliver() == []
    assert len(posting.pager.got) == 1
    assert posting.counted() == {"NoticesSent": 1}


def test_one_channel_gets_its_messages_in_order_and_holds_up_no_other(posting: Posting) -> None:
    with receiving(HookKind.OPSGENIE) as other:
        room = Channel(name="other", hook=replace(other.hook, key=key_ref(posting.secret)))
        posting.allow(posting.channel, room)
        posting.pager.moods.extend([answers(503)] * 2)
        posting.publish(1, 2, 3)
        wiring.publisher().publish(replace(notice(4), channel="other", via=room))
        while posting.deliver():
            pass
        assert len(other.got) == 1
    assert [_number(one) for one in posting.pager.got] == [1, 1, 1, 2, 3]


def _number(got: Got) -> int:
    """Of the message that was posted."""
    text = json.dumps(got.json)
    [found] = {one for one in range(10) if f"{one:032}" in text}
    return found


@pytest.mark.parametrize(
    ("asked", "seconds"), [({}, 5), ({"Retry_After": "30"}, 30), ({"Retry_After": "99999"}, 900)]
)
def test_a_channel_is_asked_again_when_it_says(
    posting: Posting, asked: dict[str, str], seconds: int
) -> None:
    posting.pager.moods.append(answers(429, b"", **asked))
    ASKED.clear()
    posting.publish(1)
    assert len(posting.deliver()) == 1
    assert [seconds] == ASKED
    [standing] = posting.table.standings()
    assert (standing.waiting, standing.tries) == (1, 1)
    assert "429" in (standing.because or "")
    assert standing.failing_since is not None
    assert posting.deliver() == []
    assert posting.table.standing("pagerduty").failing_since is None


def test_what_waits_for_a_minute_is_undelivered(posting: Posting) -> None:
    posting.pager.moods.extend([answers(503)] * 2)
    posting.publish(1)
    assert len(posting.deliver()) == 1
    assert posting.counted() == {}
    assert len(posting.deliver(seconds_later=61)) == 1
    assert posting.counted() == {"NoticesUndelivered": 1}


def test_after_a_day_it_lies_among_the_dead_and_its_lane_goes_on(posting: Posting) -> None:
    posting.pager.moods.extend([answers(503)] * 2)
    posting.publish(1, 2)
    day = 24 * 3600 + 1
    assert posting.deliver(seconds_later=day) == []
    dead = received(posting.dead)
    assert len(dead) == 2
    assert all(f"{number:032}" in one["Body"] for number, one in enumerate(dead, 1))
    assert posting.counted() == {"NoticesUndelivered": 2}
    assert posting.table.standings()[0].waiting == 0


def test_a_dead_letter_that_is_sent_again_is_delivered(posting: Posting) -> None:
    posting.pager.moods.append(answers(503))
    posting.publish(1)
    posting.deliver(seconds_later=24 * 3600 + 1)
    [dead] = received(posting.dead)
    boto3.client("sqs").send_message(
        QueueUrl=posting.queue,
        MessageBody=dead["Body"],
        MessageGroupId="moved",
        MessageDeduplicationId="moved",
    )
    assert posting.deliver() == []
    assert posting.counted()["NoticesSent"] == 1


def test_what_is_refused_in_every_form_is_dropped_and_counted(posting: Posting) -> None:
    posting.pager.moods.extend([answers(400)] * 2)
    posting.publish(1, 2)
    assert posting.deliver() == []
    assert posting.counted() == {"NoticesRefused": 1, "NoticesSent": 1}
    [standing] = posting.table.standings()
    assert (standing.refused, standing.waiting) == (1, 0)


REVOKED = {
    "a channel that was removed": Allowed(),
    "a channel under another name": Allowed(hooks={"other": HOST}),
}


@pytest.mark.parametrize("allowed", REVOKED.values(), ids=REVOKED)
def test_nothing_is_posted_that_was_not_deployed(posting: Posting, allowed: Allowed) -> None:
    posting.publish(1)
    posting.allow()
    posting.account.allowed = replace(posting.account.allowed, hooks=allowed.hooks)
    posting.account.deploy()
    assert posting.deliver() == []
    assert posting.pager.got == []
    assert posting.counted() == {"NoticesRefused": 1}
    assert "needs cdk deploy" in (posting.table.standings()[0].refused_because or "")


def test_a_message_goes_where_its_channel_leads_now(posting: Posting) -> None:
    """Whatever the message says: it may have waited while somebody deployed, or be forged."""
    elsewhere = Parcel(
        to=Channel(name="pagerduty", hook=replace(posting.pager.hook, hosts=("evil:443",))),
        notice=notice(1),
    )
    SqsQueue(posting.queue).send([message(elsewhere)])
    assert posting.deliver() == []
    assert len(posting.pager.got) == 1


def test_a_rotated_key_needs_no_deployment(posting: Posting) -> None:
    old = KEY[::-1]
    secrets = boto3.client("secretsmanager")
    secrets.put_secret_value(SecretId=posting.secret, SecretString=old)
    posting.publish(1)
    assert len(posting.deliver()) == 1
    secrets.put_secret_value(SecretId=posting.secret, SecretString=KEY)
    assert len(posting.deliver(seconds_later=120)) == 1
    assert posting.deliver(seconds_later=125) == []
    assert [one.json["routing_key"] for one in posting.pager.got] == [old, old, KEY]


def test_a_secret_that_cannot_be_read_holds_the_message(posting: Posting) -> None:
    secrets = boto3.client("secretsmanager")
    secrets.delete_secret(SecretId=posting.secret, ForceDeleteWithoutRecovery=True)
    posting.publish(1)
    assert len(posting.deliver()) == 1
    [standing] = posting.table.standings()
    assert f"secret {posting.secret}" in (standing.because or "")
    secrets.create_secret(Name=posting.secret, SecretString=KEY)
    assert posting.deliver(seconds_later=40) == []
    assert len(posting.pager.got) == 1


POISON = {
    "nothing": "-",
    "no object": "[]",
    "an empty parcel": "{}",
    "two in one": msgspec.json.encode(
        Parcel(to=Channel(name="pagerduty"), notice=notice(1), beat=Beat(at="x", to=Heartbeat(
            every_seconds=60, topic="t"))),
    ).decode(),
    "a notice for nobody": msgspec.json.encode(Parcel(notice=notice(1))).decode(),
    "nested deep": "[" * 10_000,
    "half": '{"to": {"name": "pagerduty"',
}  # fmt: skip


@pytest.mark.parametrize("body", POISON.values(), ids=POISON)
def test_what_cannot_be_read_stops_nothing_and_is_kept(posting: Posting, body: str) -> None:
    lane = message(of_notice(posting.channel, notice(1))).lane
    boto3.client("sqs").send_message(
        QueueUrl=posting.queue,
        MessageBody=body,
        MessageGroupId=lane,
        MessageDeduplicationId="poison",
    )
    posting.publish(2)
    assert posting.deliver() == []
    assert len(posting.pager.got) == 1
    [dead] = received(posting.dead)
    assert dead["Body"] == body
    assert posting.counted() == {"NoticesRefused": 1, "NoticesSent": 1}


def test_a_fault_of_ours_is_an_error_and_the_message_comes_again(
    posting: Posting, monkeypatch: pytest.MonkeyPatch
) -> None:
    posting.publish(1)
    with monkeypatch.context() as patch:
        patch.setenv("GATEWATCH_TABLE", "gone")
        wiring.channels.cache_clear()
        with pytest.raises(Exception, match="ResourceNotFound"):
            posting.deliver()
    wiring.channels.cache_clear()
    assert posting.pager.got == []
    assert posting.deliver() == []
    assert len(posting.pager.got) == 1


def test_how_a_channel_fares_is_not_worth_a_message(
    posting: Posting, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("no table")

    for name in ("set_standing", "add_waiting", "standing"):
        monkeypatch.setattr(DynamoChannels, name, broken)
    posting.publish(1)
    assert posting.deliver() == []
    assert len(posting.pager.got) == 1


def test_evidence_and_members_are_left_out_where_they_do_not_fit(posting: Posting) -> None:
    known = notice(1).incident
    [member] = known.members
    many = tuple(replace(member, route=f"GET /{'r' * 200}/{one}") for one in range(3_000))
    posting.allow(posting.channel)
    large = replace(notice(1, replace(known, members=many)), via=posting.channel)
    assert len(msgspec.json.encode(large)) > 262_144
    wiring.publisher().publish(large)
    assert posting.deliver() == []
    assert len(posting.pager.got) == 1


def test_a_test_message_is_posted_too(posting: Posting) -> None:
    told = Bulletin(
        message_id="b" * 32,
        kind=TEST,
        at=datetime.now(UTC).isoformat(),
        channel="pagerduty",
        by="user/alice",
        version="1",
        via=posting.channel,
    )
    wiring.publisher().post(told)
    assert posting.deliver() == []
    assert posting.counted() == {"NoticesSent": 1}


def test_without_a_queue_the_message_waits_for_a_deployment(posting: Posting) -> None:
    own = wiring.topics()
    told = ChannelPublisher(own, own, None, posting.table, wiring.now)
    with pytest.raises(UndeliveredError, match="pagerduty: nothing posts to it yet: needs cdk"):
        told.publish(replace(notice(1), via=posting.channel))


class _Broken:
    """Makes no message of an incident that it did not expect."""

    def publish(self, notice: Notice) -> None:
        raise IndexError(notice.incident.because)

    def post(self, bulletin: Bulletin) -> None:
        raise IndexError(bulletin.by)


@pytest.mark.parametrize("way", ["topic", "bus"])
def test_a_fault_of_ours_at_one_channel_holds_up_no_other(posting: Posting, way: str) -> None:
    """As a refusal of the channel would: the writer goes on with the others."""
    told = ChannelPublisher(_Broken(), _Broken(), None, posting.table, wiring.now)
    broken = Channel(name="broken", topic="arn:t", bus="default" if way == "bus" else msgspec.UNSET)
    with pytest.raises(UndeliveredError, match="internal error: IndexError"):
        told.publish(replace(notice(1), channel="broken", via=broken))
    bulletin = Bulletin(
        message_id="4f1d", kind=TEST, at="x", channel="broken", by="alice", version="1"
    )
    with pytest.raises(UndeliveredError, match="internal error: IndexError"):
        told.post(replace(bulletin, via=broken))
    [standing] = posting.table.standings()
    assert (standing.tries, standing.because) == (2, "internal error: IndexError")


def test_what_a_queue_never_carries_is_handed_on_all_the_same(posting: Posting) -> None:
    """SQS refuses a message with U+FFFE or U+FFFF, which an answer may hold."""
    because = "answered \ufffe\uffff \x00\x1b \U0001f600"
    told = notice(1, replace(notice(1).incident, because=because))
    posting.publish_one(told)
    found = _one_of(posting.queue)
    assert found is not None
    assert not {"\ufffe", "\uffff", "\x00", "\x1b"} & set(found["Body"])
    handed = msgspec.json.decode(found["Body"], type=Parcel).notice
    assert handed is not None
    assert handed.incident.because == because


def test_a_queue_that_is_gone_is_no_end_of_the_message(
    posting: Posting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEWATCH_DELIVERIES_URL", f"{posting.queue}-gone")
    posting.account.cool_down()
    with pytest.raises(UndeliveredError, match="pagerduty: "):
        posting.publish(1)


def beat(at: datetime, to: Heartbeat) -> Parcel:
    return Parcel(beat=Beat(at=at.isoformat(), to=to, deployment="test", version="1"))


def test_a_beat_is_posted_and_dropped_once_the_next_is_due(posting: Posting) -> None:
    with receiving(HookKind.WEBHOOK) as ear:
        to = Heartbeat(every_seconds=60, url=ear.url, hosts=(ear.place,))
        posting.allow(posting.channel, heartbeat=to)
        now = datetime.now(UTC)
        late = beat(now - timedelta(seconds=61), to)
        SqsQueue(posting.queue).send([message(late), message(beat(now, to))])
        assert posting.deliver() == []
        assert [one.json["at"] for one in ear.got] == [now.isoformat()]
    assert posting.table.standing(HEARTBEAT).delivered_at is not None
    assert posting.counted() == {}


def test_a_beat_that_nobody_hears_makes_way_for_the_next(posting: Posting) -> None:
    with receiving(HookKind.WEBHOOK) as ear:
        to = Heartbeat(every_seconds=60, url=ear.url, hosts=(ear.place,))
        posting.allow(heartbeat=to)
        ear.moods.extend([answers(500)] * 2)
        now = datetime.now(UTC)
        SqsQueue(posting.queue).send([message(beat(now, to))])
        assert len(posting.deliver()) == 1
        assert posting.deliver(seconds_later=58) == [], "its next try would come too late"
        assert len(ear.got) == 2
    assert posting.table.standing(HEARTBEAT).failing_since is not None


def test_a_heartbeat_to_a_topic_is_published(posting: Posting) -> None:
    to = Heartbeat(every_seconds=60, topic=posting.account.topic)
    posting.allow(heartbeat=to)
    SqsQueue(posting.queue).send([message(beat(datetime.now(UTC), to))])
    assert posting.deliver() == []
    [heard_it] = received(posting.account.inbox)
    assert json.loads(json.loads(heard_it["Body"])["Message"])["kind"] == "heartbeat"


def test_a_heartbeat_to_a_topic_that_is_gone_waits(posting: Posting) -> None:
    to = Heartbeat(every_seconds=60, topic=f"{posting.account.topic}-gone")
    posting.allow(heartbeat=to)
    SqsQueue(posting.queue).send([message(beat(datetime.now(UTC), to))])
    assert len(posting.deliver()) == 1
    assert "NotFound" in (posting.table.standing(HEARTBEAT).because or "")

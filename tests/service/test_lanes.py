"""Failed messages go back to their queue soon, so that no lane waits for its function's timeout."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from aws_lambda_powertools.utilities.batch.exceptions import BatchProcessingError

from handlers import lanes, wiring
from tests.deployed import Context, queue, received, record

_HIDDEN = "360"


@pytest.fixture
def work(aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A queue whose messages stay hidden for as long as the stack says."""
    url = queue()
    boto3.client("sqs").set_queue_attributes(
        QueueUrl=url, Attributes={"VisibilityTimeout": _HIDDEN}
    )
    monkeypatch.setenv("GATEWATCH_QUEUE_URL", url)
    monkeypatch.setattr(lanes, "_PAUSE_SECONDS", 0)
    wiring.own_queue.cache_clear()
    yield url
    wiring.own_queue.cache_clear()


def _send(url: str, *bodies: str) -> None:
    for body in bodies:
        boto3.client("sqs").send_message(
            QueueUrl=url, MessageBody=body, MessageGroupId=body[0], MessageDeduplicationId=body
        )


def _handle(url: str, bad: str) -> tuple[list[str], Any]:
    """The bodies that were handled, and what Lambda is told."""
    done: list[str] = []

    def handle(one: dict[str, Any]) -> None:
        if one["body"] == bad:
            raise RuntimeError("cannot be handled")
        done.append(one["body"])

    event = {"Records": [record(one) for one in received(url)]}
    return done, lanes.handled(event, Context(), handle)


def test_a_failed_message_is_visible_again_with_what_follows_in_its_lane(work: str) -> None:
    _send(work, "a1", "a2", "b1")
    done, answer = _handle(work, "a1")
    assert done == ["b1"]
    assert len(answer["batchItemFailures"]) == 2
    assert [one["Body"] for one in received(work)] == ["a1", "a2"]


def test_where_all_failed_lambda_counts_an_error_and_all_come_again(work: str) -> None:
    _send(work, "a1")
    with pytest.raises(BatchProcessingError):
        _handle(work, "a1")
    assert [one["Body"] for one in received(work)] == ["a1"]


def test_each_try_waits_longer(work: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(lanes, "_PAUSE_SECONDS", 5)
    monkeypatch.setattr(lanes, "own_queue", lambda: _Noting(asked))
    boto3.client("sqs").set_queue_attributes(QueueUrl=work, Attributes={"VisibilityTimeout": "0"})
    _send(work, "a1", "b1")
    for _ in range(3):
        _handle(work, "a1")
    assert asked == [5, 10, 15]


class _Noting:
    def __init__(self, asked: list[int]) -> None:
        self._asked = asked

    def show_again(self, _: str, seconds: int) -> None:
        self._asked.append(seconds)


def test_all_tries_of_a_shard_are_within_its_minute() -> None:
    assert sum(lanes._PAUSE_SECONDS * tries for tries in range(1, 5)) < 60


def test_a_queue_that_takes_nothing_back_changes_no_result(work: str) -> None:
    _send(work, "a1", "b1")
    brought = [record(one) for one in received(work)]
    for one in brought:
        one["receiptHandle"] = "unknown"

    def handle(one: dict[str, Any]) -> None:
        if one["body"] == "a1":
            raise RuntimeError("cannot be handled")

    answer = lanes.handled({"Records": brought}, Context(), handle)
    assert [one["itemIdentifier"] for one in answer["batchItemFailures"]] == [
        brought[0]["messageId"]
    ]

"""A FIFO queue of SQS: lanes are its message groups."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gatewatch.adapters.aws.client import client
from gatewatch.service.ports import Message

_MOST_MESSAGES = 10
_MOST_BYTES = 250_000


class SqsQueue:
    def __init__(self, url: str) -> None:
        self._url = url

    def send(self, messages: Sequence[Message]) -> None:
        for batch in batches(messages):
            self._send(batch)

    def show_again(self, receipt: str, seconds: int) -> None:
        """A message that was received and not deleted comes again after so long."""
        client("sqs").change_message_visibility(
            QueueUrl=self._url, ReceiptHandle=receipt, VisibilityTimeout=seconds
        )

    def _send(self, batch: Sequence[Message]) -> None:
        entries = [
            {
                "Id": str(number),
                "MessageBody": _carried(one.body.decode()),
                "MessageGroupId": one.lane,
                "MessageDeduplicationId": one.once,
            }
            for number, one in enumerate(batch)
        ]
        answer = client("sqs").send_message_batch(QueueUrl=self._url, Entries=entries)
        if failed := answer.get("Failed"):
            raise RuntimeError(f"SQS refused {len(failed)} messages: {failed[0].get('Code')}")


_NEVER_CARRIED = {0xFFFE: "\\ufffe", 0xFFFF: "\\uffff"}
"""https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html"""


def _carried(body: str) -> str:
    """The same JSON without the characters for which SQS refuses a message; JSON's own writers
    leave out all others. Some of them come from watched APIs."""
    return body.translate(_NEVER_CARRIED)


def batches(messages: Sequence[Message]) -> Iterator[list[Message]]:
    """Batches of at most the messages and bytes that one call may carry."""
    batch: list[Message] = []
    size = 0
    for one in messages:
        if batch and (len(batch) == _MOST_MESSAGES or size + len(one.body) > _MOST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(one)
        size += len(one.body)
    if batch:
        yield batch

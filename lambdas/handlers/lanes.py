"""Handles what SQS brings: each message by itself, and the failed ones go back to their queue."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from typing import Any

from aws_lambda_powertools.utilities.batch import SqsFifoPartialProcessor, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from botocore.exceptions import BotoCoreError, ClientError

from handlers.telemetry import logger
from handlers.wiring import own_queue

_PAUSE_SECONDS = 5
"""Before the second try; the longer, the more tries there were. All tries of a shard are within the
minute in which it is worth something."""


def handled(event: dict[str, Any], context: Any, handle: Callable[[dict[str, Any]], None]) -> Any:
    """The messages to be tried again, for Lambda; raises where all failed. None is handled before
    an earlier one of its lane."""
    processor = SqsFifoPartialProcessor(skip_group_on_error=True)

    def by_name(record: dict[str, Any]) -> None:
        handle(record)

    try:
        return process_partial_response(
            event=event, record_handler=by_name, processor=processor, context=context
        )
    finally:
        for one in processor.fail_messages:
            if isinstance(one, SQSRecord):
                _give_back(one)


def _give_back(message: SQSRecord) -> None:
    again_soon(message.receipt_handle, int(message.attributes.approximate_receive_count))


def again_soon(receipt: str, tries: int) -> None:
    again_after(receipt, _PAUSE_SECONDS * tries)


def again_after(receipt: str, seconds: float) -> None:
    """Lambda leaves a failed message hidden, and with it its lane, for as long as the queue says.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
    """
    queue = own_queue()
    if queue is None:
        return
    try:
        queue.show_again(receipt, ceil(seconds))
    except (ClientError, BotoCoreError) as error:
        logger.warning("message_not_given_back", reason=type(error).__name__)

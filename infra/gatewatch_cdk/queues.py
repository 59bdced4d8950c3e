"""The two queues: shards of routes to probe, and wake-ups of the one writer of each API.

Both keep order within a lane: at most so many shards of one host are in flight, and an API's
incidents have one writer.
"""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from gatewatch_cdk.function import ServiceFunction


class ServiceQueue(Construct):
    """A FIFO queue and its dead letters.

    A message whose function died blocks its lane until it is visible again, so that is soon. It
    outlives its retries, or it would expire instead of reaching the dead letters.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        function_seconds: int,
        tries: int,
        kept: Duration,
        delay: Duration | None = None,
    ) -> None:
        """`delay`: how long a message waits for others of its lane, to be processed with them."""
        super().__init__(scope, construct_id)
        self.dead = sqs.Queue(
            self,
            "Dead",
            fifo=True,
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=Duration.days(14),
        )
        self.queue = sqs.Queue(
            self,
            "Queue",
            fifo=True,
            deduplication_scope=sqs.DeduplicationScope.MESSAGE_GROUP,
            fifo_throughput_limit=sqs.FifoThroughputLimit.PER_MESSAGE_GROUP_ID,
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            visibility_timeout=Duration.seconds(2 * function_seconds),
            retention_period=kept,
            delivery_delay=delay,
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead, max_receive_count=tries),
        )

    def feed(
        self, function: ServiceFunction, *, batch_size: int, max_concurrency: int | None = None
    ) -> None:
        function.function.add_event_source(
            sources.SqsEventSource(
                self.queue,
                batch_size=batch_size,
                max_concurrency=max_concurrency,
                report_batch_item_failures=True,
            )
        )

"""The two queues: shards of routes to probe, and wake-ups of the one writer of each API.

Both keep order within a lane: at most so many shards of one host are in flight, and an API's
incidents have one writer. What could not be handled goes to dead letters.
"""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from gatewatch_cdk.function import ServiceFunction

# Lambda's pollers hold messages while the function is throttled, and each hold counts as a try:
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
_HIDDEN_FOR_TIMEOUTS = 6
WORTHLESS_SOON = Duration.hours(1)
"""How long a dead letter is kept that nobody will send again: its alarm ends with it."""
UNTIL_HANDLED = Duration.days(14)
"""The longest that SQS keeps a message."""


def dead_letters(
    scope: Construct, construct_id: str, *, kept: Duration, fifo: bool | None = None
) -> sqs.Queue:
    """A FIFO queue's letters are kept from the day they died, whatever their age."""
    return sqs.Queue(
        scope,
        construct_id,
        fifo=fifo,
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        enforce_ssl=True,
        retention_period=kept,
    )


class ServiceQueue(Construct):
    """A FIFO queue and its dead letters.

    A message whose function died or is throttled blocks its lane until it is visible again; one
    that its function gave back is visible soon (`handlers.lanes`). It outlives its tries, or it
    would expire instead of reaching the dead letters.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        function_seconds: int,
        tries: int,
        kept: Duration,
        dead_kept: Duration,
        delay: Duration | None = None,
    ) -> None:
        """`delay`: how long a message waits for others of its lane, to be processed with them."""
        super().__init__(scope, construct_id)
        self.dead = dead_letters(self, "Dead", kept=dead_kept, fifo=True)
        self.queue = sqs.Queue(
            self,
            "Queue",
            fifo=True,
            deduplication_scope=sqs.DeduplicationScope.MESSAGE_GROUP,
            fifo_throughput_limit=sqs.FifoThroughputLimit.PER_MESSAGE_GROUP_ID,
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            visibility_timeout=Duration.seconds(_HIDDEN_FOR_TIMEOUTS * function_seconds),
            retention_period=kept,
            delivery_delay=delay,
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead, max_receive_count=tries),
        )

    def feed(self, function: ServiceFunction, *, batch_size: int, max_concurrency: int) -> None:
        function.function.add_environment("GATEWATCH_QUEUE_URL", self.queue.queue_url)
        function.function.add_event_source(
            sources.SqsEventSource(
                self.queue,
                batch_size=batch_size,
                max_concurrency=max_concurrency,
                report_batch_item_failures=True,
            )
        )

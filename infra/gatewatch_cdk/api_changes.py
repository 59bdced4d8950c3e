"""What CloudTrail sees change at API Gateway, handed to Verify: the monitor looks at it at once.

It only listens: nothing waits for it, no deployment and no call to API Gateway. CloudTrail tells
EventBridge of changes only where a trail logs management events, and minutes later:
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html
"""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from constructs import Construct

from gatewatch_cdk.function import ServiceFunction
from gatewatch_cdk.nag import acknowledge
from gatewatch_cdk.queues import WORTHLESS_SOON, dead_letters

_VERBS = ("Create", "Delete", "Flush", "Import", "Put", "Reimport", "Reset", "Update")
"""What begins the name of a call that changes an API; tags and the like are none of it."""
_LATEST = Duration.hours(1)
_TRIES = 10


class ApiChanges(Construct):
    """Calls that failed changed nothing, and stay away. An event that cannot be handed over is a
    dead letter, which an alarm tells of."""

    def __init__(self, scope: Construct, construct_id: str, *, verify: ServiceFunction) -> None:
        super().__init__(scope, construct_id)
        self.dead = dead_letters(self, "Dead", kept=WORTHLESS_SOON)
        acknowledge(
            self.dead,
            "SQS3",
            "It is itself the rule's dead-letter queue; cdk-nag knows those of queues only.",
        )
        events.Rule(
            self,
            "Rule",
            description="Changes at API Gateway, at which Gatewatch looks soon",
            event_pattern=events.EventPattern(
                source=["aws.apigateway"],
                detail_type=["AWS API Call via CloudTrail"],
                detail={
                    "eventSource": ["apigateway.amazonaws.com"],
                    "eventName": events.Match.any_of(*(events.Match.prefix(one) for one in _VERBS)),
                    "errorCode": events.Match.does_not_exist(),
                },
            ),
            targets=[
                targets.LambdaFunction(
                    verify.function,
                    dead_letter_queue=self.dead,
                    retry_attempts=_TRIES,
                    max_event_age=_LATEST,
                )
            ],
        )

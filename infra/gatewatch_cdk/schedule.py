"""The one schedule: a tick each minute, for 10 routes as for 50,000."""

from __future__ import annotations

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_scheduler_targets as targets
from constructs import Construct

from gatewatch_cdk.function import ServiceFunction
from gatewatch_cdk.nag import acknowledge, below
from gatewatch_cdk.queues import WORTHLESS_SOON, dead_letters

_LATEST = Duration.minutes(1)


class Ticks(Construct):
    """A tick that could not be delivered within its minute is dropped: the next one is due.

    The scheduler hands a tick to Lambda's own queue, which would try a failed one twice more and
    keep a throttled one for six hours:
    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
    """

    def __init__(self, scope: Construct, construct_id: str, *, dispatch: ServiceFunction) -> None:
        super().__init__(scope, construct_id)
        # The scheduler writes to no FIFO queue, so that this one is by itself.
        self.dead = dead_letters(self, "Dead", kept=WORTHLESS_SOON)
        acknowledge(
            self.dead,
            "SQS3",
            "It is itself the schedule's dead-letter queue; cdk-nag knows those of queues only.",
        )
        dispatch.called_once(within=_LATEST, failed=self.dead)
        group = scheduler.ScheduleGroup(self, "Group", removal_policy=RemovalPolicy.DESTROY)
        role = iam.Role(self, "Role", assumed_by=_only_of(group))
        acknowledge(
            role,
            below(dispatch.function, ":*"),
            "What the CDK grants to call a function: it and its versions, none of which exist.",
        )
        self.schedule = scheduler.Schedule(
            self,
            "EveryMinute",
            description="One tick of the monitor",
            schedule=scheduler.ScheduleExpression.rate(Duration.minutes(1)),
            schedule_group=group,
            time_window=scheduler.TimeWindow.off(),
            target=targets.LambdaInvoke(
                dispatch.function,
                input=scheduler.ScheduleTargetInput.from_object(
                    {"time": scheduler.ContextAttribute.scheduled_time}
                ),
                role=role,
                dead_letter_queue=self.dead,
                retry_attempts=1,
                max_event_age=_LATEST,
            ),
        )


def _only_of(group: scheduler.ScheduleGroup) -> iam.ServicePrincipal:
    """The scheduler names the group as the source, and no schedule:
    https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html
    """
    return iam.ServicePrincipal(
        "scheduler.amazonaws.com",
        conditions={
            "StringEquals": {
                "aws:SourceAccount": Stack.of(group).account,
                "aws:SourceArn": group.schedule_group_arn,
            }
        },
    )

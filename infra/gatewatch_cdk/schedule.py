"""The one schedule: a tick each minute, for 10 routes as for 50,000."""

from __future__ import annotations

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_scheduler_targets as targets
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from gatewatch_cdk.function import ServiceFunction
from gatewatch_cdk.nag import acknowledge, below


class Ticks(Construct):
    """A tick that could not be delivered within its minute is dropped: the next one is due."""

    def __init__(self, scope: Construct, construct_id: str, *, dispatch: ServiceFunction) -> None:
        super().__init__(scope, construct_id)
        # The scheduler writes to no FIFO queue, so that this one is by itself.
        self.dead = sqs.Queue(
            self,
            "Dead",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=Duration.days(14),
        )
        acknowledge(
            self.dead,
            "SQS3",
            "It is itself the schedule's dead-letter queue; cdk-nag knows those of queues only.",
        )
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("scheduler.amazonaws.com"))
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
            schedule_group=scheduler.ScheduleGroup(
                self, "Group", removal_policy=RemovalPolicy.DESTROY
            ),
            time_window=scheduler.TimeWindow.off(),
            target=targets.LambdaInvoke(
                dispatch.function,
                input=scheduler.ScheduleTargetInput.from_object(
                    {"time": scheduler.ContextAttribute.scheduled_time}
                ),
                role=role,
                dead_letter_queue=self.dead,
                retry_attempts=1,
                max_event_age=Duration.minutes(1),
            ),
        )

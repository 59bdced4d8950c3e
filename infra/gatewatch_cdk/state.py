"""The table of route states, incidents and unsent messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from gatewatch_cdk.function import ServiceFunction

# The partitions of `gatewatch.adapters.aws.dynamodb`.
RECORDS = "deployment"
STATES = "api#*"
INCIDENTS = "incident"
LINKS = "link"
CLAIMS = "claim"
ACKS = "ack"
TAKEN = "taken"
ERRANDS = "errand"
ANSWERS = "answer"
CHANGES = "change"
CHANNELS = "channel"
DELIVERED = "delivered"


class StateTable(Construct):
    """Restorable to any second of the last 35 days; deleted with the stack."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        self.table = dynamodb.TableV2(
            self,
            "Table",
            partition_key=dynamodb.Attribute(name="pk", type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name="sk", type=dynamodb.AttributeType.STRING),
            billing=dynamodb.Billing.on_demand(),
            encryption=dynamodb.TableEncryptionV2.dynamo_owned_key(),
            time_to_live_attribute="expires",
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            removal_policy=RemovalPolicy.DESTROY,
        )

    def let(self, function: ServiceFunction, may: Mapping[str, Sequence[str]]) -> None:
        """What a function may do in which partitions. A policy tells no items of a partition apart,
        so that whoever writes the slices of an API could write its ledger.

        https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
        """
        for verb, partitions in may.items():
            function.allow(
                f"dynamodb:{verb}",
                on=[self.table.table_arn],
                only_if={"ForAllValues:StringLike": {"dynamodb:LeadingKeys": list(partitions)}},
            )

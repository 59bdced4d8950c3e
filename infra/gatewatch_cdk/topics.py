"""The topics to subscribe to: our incident messages, and CloudWatch's alarms as the safety net."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aws_cdk import ArnFormat, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from constructs import Construct


class Topics(Construct):
    """Each is encrypted with a key of its own, so that no key silences both. They are our keys:
    alarms cannot publish under SNS's.

    CloudWatch may publish to both: that nobody listens to one of them is told to the other.
    https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
    """

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        self.key = self._key("Key", "Encrypts the incidents of Gatewatch")
        self.alarms_key = self._key("AlarmsKey", "Encrypts the alarms of Gatewatch")
        self.incidents = self._topic("Incidents", "Gatewatch", self.key)
        self.alarms = self._topic("Alarms", "Gatewatch alarms", self.alarms_key)

    def _key(self, construct_id: str, description: str) -> kms.Key:
        key = kms.Key(
            self,
            construct_id,
            description=description,
            enable_key_rotation=True,
            removal_policy=RemovalPolicy.DESTROY,
        )
        key.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AlarmsMayEncrypt",
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["kms:Decrypt", "kms:GenerateDataKey*"],
                resources=["*"],
                conditions=_only_our_alarms(Stack.of(self)),
            )
        )
        return key

    def _topic(self, construct_id: str, display_name: str, key: kms.Key) -> sns.Topic:
        """`enforce_ssl` brings a policy that replaces the default one, which let alarms publish."""
        topic = sns.Topic(
            self, construct_id, display_name=display_name, master_key=key, enforce_ssl=True
        )
        topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AlarmsMayPublish",
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[topic.topic_arn],
                conditions=_only_our_alarms(Stack.of(self)),
            )
        )
        return topic


def _only_our_alarms(stack: Stack) -> Mapping[str, Any]:
    alarms = stack.format_arn(
        service="cloudwatch",
        resource="alarm",
        resource_name="*",
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )
    return {
        "StringEquals": {"aws:SourceAccount": stack.account},
        "ArnLike": {"aws:SourceArn": alarms},
    }

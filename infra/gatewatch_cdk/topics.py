"""The topics to subscribe to: our incident messages, and CloudWatch's alarms as the safety net."""

from __future__ import annotations

from aws_cdk import ArnFormat, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from constructs import Construct


class Topics(Construct):
    """Both are encrypted with our own key: alarms cannot publish under SNS's key.

    https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
    """

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        self.key = kms.Key(
            self,
            "Key",
            description="Encrypts the topics of Gatewatch",
            enable_key_rotation=True,
            removal_policy=RemovalPolicy.DESTROY,
        )
        self.incidents = sns.Topic(
            self, "Incidents", display_name="Gatewatch", master_key=self.key, enforce_ssl=True
        )
        self.alarms = sns.Topic(
            self, "Alarms", display_name="Gatewatch alarms", master_key=self.key, enforce_ssl=True
        )
        self._let_alarms_publish()

    def _let_alarms_publish(self) -> None:
        """`enforce_ssl` brings a policy that replaces the default one, which allowed it."""
        cloudwatch = iam.ServicePrincipal("cloudwatch.amazonaws.com")
        stack = Stack.of(self)
        only_ours = {
            "StringEquals": {"aws:SourceAccount": stack.account},
            "ArnLike": {
                "aws:SourceArn": stack.format_arn(
                    service="cloudwatch",
                    resource="alarm",
                    resource_name="*",
                    arn_format=ArnFormat.COLON_RESOURCE_NAME,
                )
            },
        }
        self.alarms.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AlarmsMayPublish",
                principals=[cloudwatch],
                actions=["sns:Publish"],
                resources=[self.alarms.topic_arn],
                conditions=only_ours,
            )
        )
        self.key.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AlarmsMayEncrypt",
                principals=[cloudwatch],
                actions=["kms:Decrypt", "kms:GenerateDataKey*"],
                resources=["*"],
                conditions={"StringEquals": {"aws:SourceAccount": stack.account}},
            )
        )

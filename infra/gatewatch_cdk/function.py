"""A Lambda function of the service: its own role, its own log group, the common settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from gatewatch import __version__


class ServiceFunction(Construct):
    """Its role may write its own log, use what is granted to it, and nothing else."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        code: lambda_.Code,
        handler: str,
        timeout_seconds: int,
        memory_mb: int,
        environment: Mapping[str, str],
        description: str,
    ) -> None:
        super().__init__(scope, construct_id)
        log_group = logs.LogGroup(
            self,
            "Log",
            retention=logs.RetentionDays.ONE_MONTH,
            removal_policy=RemovalPolicy.DESTROY,
        )
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        log_group.grant_write(role)
        self.function = lambda_.Function(
            self,
            "Function",
            code=code,
            handler=handler,
            runtime=lambda_.Runtime.PYTHON_3_14,
            architecture=lambda_.Architecture.ARM_64,
            role=role,
            log_group=log_group,
            timeout=Duration.seconds(timeout_seconds),
            memory_size=memory_mb,
            environment=dict(environment),
            description=description,
        )
        self.role = role
        self.log_group = log_group

    def called_once(self, *, within: Duration, failed: sqs.IQueue | None = None) -> None:
        """Of whoever calls it without waiting: a call fails for good, or comes within this time.
        `failed`: where the lost calls go."""
        self._unawaited("CalledOnce", within, 0, None if failed is None else _destination(failed))
        if failed is not None:
            self.allow("sqs:SendMessage", on=[failed.queue_arn])

    def called_again(self, *, within: Duration, times: int) -> None:
        """Of whoever calls it without waiting: a call that failed is repeated so many times."""
        self._unawaited("CalledAgain", within, times, None)

    def _unawaited(
        self,
        construct_id: str,
        within: Duration,
        times: int,
        to: lambda_.CfnEventInvokeConfig.DestinationConfigProperty | None,
    ) -> None:
        lambda_.CfnEventInvokeConfig(
            self,
            construct_id,
            function_name=self.function.function_name,
            qualifier="$LATEST",
            maximum_event_age_in_seconds=within.to_seconds(),
            maximum_retry_attempts=times,
            destination_config=to,
        )

    def allow(self, *actions: str, on: list[str], only_if: Mapping[str, Any] | None = None) -> None:
        """Nothing is granted where there is nothing to grant on."""
        if on:
            self.role.add_to_principal_policy(
                iam.PolicyStatement(actions=list(actions), resources=on, conditions=only_if)
            )


def described(does: str) -> str:
    """Says which version runs."""
    return f"Gatewatch {__version__}: {does}"


def _destination(failed: sqs.IQueue) -> lambda_.CfnEventInvokeConfig.DestinationConfigProperty:
    return lambda_.CfnEventInvokeConfig.DestinationConfigProperty(
        on_failure=lambda_.CfnEventInvokeConfig.OnFailureProperty(destination=failed.queue_arn)
    )

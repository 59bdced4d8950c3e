"""The stack that `make deploy` deploys: one monitor, whose outputs have no prefix."""

from __future__ import annotations

from pathlib import Path

from aws_cdk import Environment, Stack
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from gatewatch_cdk.monitor import GatewatchMonitor
from gatewatch_cdk.samples import hosts_of_nobody
from gatewatch_cdk.settings import deployment_group_arns


class GatewatchStack(Stack):
    """Without `env` its template is the same on every machine, for every account and region."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        config: Path,
        secret_keys: tuple[str, ...] = (),
        topic_keys: tuple[str, ...] = (),
        max_concurrency: int | None = None,
        take_over: str | None = None,
        codedeploy_groups: tuple[str, ...] = (),
        codepipeline: bool = False,
        api_changes: bool = True,
        code: lambda_.Code | None = None,
        stack_name: str | None = None,
        env: Environment | None = None,
    ) -> None:
        """As for GatewatchMonitor and for any stack. `codedeploy_groups`, `codepipeline`: for whom
        it verifies releases."""
        super().__init__(
            scope,
            construct_id,
            stack_name=stack_name,
            env=env,
            description="Gatewatch: tells at which layer requests to your APIs stop, and why",
        )
        self.monitor = GatewatchMonitor(
            self,
            "Monitor",
            config=config,
            secret_keys=secret_keys,
            topic_keys=topic_keys,
            max_concurrency=max_concurrency,
            take_over=take_over,
            code=code,
            prefix="",
            api_changes=api_changes,
        )
        for one in deployment_group_arns("codedeploy_groups", codedeploy_groups):
            self.monitor.verify_for_codedeploy(one)
        if codepipeline:
            self.monitor.verify_for_codepipeline()
        self.hosts_of_nobody = hosts_of_nobody(self.monitor.validate())

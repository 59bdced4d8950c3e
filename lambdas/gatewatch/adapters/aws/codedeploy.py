"""Answers the lifecycle hooks of CodeDeploy."""

from __future__ import annotations

from gatewatch.adapters.aws.answering import answered
from gatewatch.adapters.aws.client import client


class CodeDeployHooks:
    """https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_PutLifecycleEventHookExecutionStatus.html
    takes no other status than these two of whoever runs a hook."""

    def put_status(self, deployment_id: str, hook_id: str, *, succeeded: bool) -> bool:
        with answered("CodeDeploy", "LifecycleEventAlreadyCompletedException") as taken:
            client("codedeploy").put_lifecycle_event_hook_execution_status(
                deploymentId=deployment_id,
                lifecycleEventHookExecutionId=hook_id,
                status="Succeeded" if succeeded else "Failed",
            )
        return taken.is_first

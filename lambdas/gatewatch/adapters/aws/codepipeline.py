"""Answers the jobs of CodePipeline."""

from __future__ import annotations

from typing import Any

from gatewatch.adapters.aws.answering import answered
from gatewatch.adapters.aws.client import client
from gatewatch.service.releases.replies import JobDone, JobFailed


class CodePipelineJobs:
    """A job that is not in progress any more was answered before."""

    def succeed(self, job_id: str, told: JobDone) -> bool:
        return self._put(
            "put_job_success_result",
            jobId=job_id,
            executionDetails={"summary": told.summary, "externalExecutionId": told.execution},
            outputVariables=dict(told.variables),
        )

    def go_on(self, job_id: str, token: str) -> bool:
        """https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PutJobSuccessResult.html:
        with a token, the same job is sent again, and the action is not over yet."""
        return self._put("put_job_success_result", jobId=job_id, continuationToken=token)

    def fail(self, job_id: str, told: JobFailed) -> bool:
        details = {
            "type": "ConfigurationError" if told.is_configuration else "JobFailed",
            "message": told.message,
            "externalExecutionId": told.execution,
        }
        return self._put("put_job_failure_result", jobId=job_id, failureDetails=details)

    def _put(self, operation: str, **arguments: Any) -> bool:
        with answered("CodePipeline", "InvalidJobStateException") as taken:
            getattr(client("codepipeline"), operation)(**arguments)
        return taken.is_first

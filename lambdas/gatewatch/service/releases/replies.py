"""What a caller of the verification is told, once: by a call of its service, or by our answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import msgspec

from gatewatch.notices.visible import cut, visible
from gatewatch.release.checked import Standing
from gatewatch.release.decide import Decision, Release
from gatewatch.release.words import headline, told
from gatewatch.service.errands import moment_of
from gatewatch.service.releases.callers import CodeDeployCall, PipelineCall, UnknownCallError
from gatewatch.service.releases.verification import Unfinished


@dataclass(frozen=True, slots=True)
class Broken:
    """Nothing was decided: `because` in one line. `is_ours`: it is no mistake of the caller's."""

    because: str
    is_ours: bool = True


@dataclass(frozen=True, slots=True)
class RolledBack:
    """Nothing is verified while a stack goes back: a failure then would leave it in between."""

    status: str


Outcome = Release | Unfinished | RolledBack | Broken


class CodeDeploy(Protocol):
    def put_status(self, deployment_id: str, hook_id: str, *, succeeded: bool) -> bool:
        """False where the hook has been answered already. Raises UnansweredError."""


class Pipelines(Protocol):
    """All return False where the job has been answered already, and raise UnansweredError."""

    def succeed(self, job_id: str, told: JobDone) -> bool: ...

    def go_on(self, job_id: str, token: str) -> bool: ...

    def fail(self, job_id: str, told: JobFailed) -> bool: ...


class UnansweredError(Exception):
    """Raised where the caller's service did not take our answer: called again, we answer again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobDone:
    summary: str
    execution: str
    variables: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFailed:
    """`is_configuration`: what was asked for cannot be done."""

    message: str
    execution: str
    is_configuration: bool = False


# https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_FailureDetails.html
_LONGEST_MESSAGE = 5_000
_LONGEST_SUMMARY = 2_048


def answer_hook(call: CodeDeployCall, outcome: Outcome, service: CodeDeploy) -> bool:
    """What was not decided has not succeeded."""
    succeeded = isinstance(outcome, Release) and outcome.decision is Decision.PASSED
    return service.put_status(call.deployment_id, call.hook_id, succeeded=succeeded)


def answer_job(
    call: PipelineCall, outcome: Outcome, request: str, service: Pipelines, *, report_only: bool
) -> bool:
    """`report_only`: whatever is decided, the pipeline goes on, and may read it."""
    if isinstance(outcome, Unfinished):
        return service.go_on(call.job_id, token(outcome.began))
    if isinstance(outcome, Release) and (report_only or outcome.decision is Decision.PASSED):
        done = JobDone(
            summary=cut(headline(outcome), _LONGEST_SUMMARY),
            execution=request,
            variables=variables(outcome),
        )
        return service.succeed(call.job_id, done)
    is_theirs = isinstance(outcome, Broken) and not outcome.is_ours
    failed = JobFailed(
        message=cut(in_words(outcome, _LONGEST_MESSAGE), _LONGEST_MESSAGE),
        execution=request,
        is_configuration=is_theirs,
    )
    return service.fail(call.job_id, failed)


def in_words(outcome: Outcome, most_characters: int) -> str:
    match outcome:
        case Release():
            return told(outcome, most_characters)
        case Broken(because):
            return cut(f"the release was not verified: {visible(because)}", most_characters)
        case RolledBack(status):
            return f"the release was not verified: the stack is rolling back ({status})"
    return "the window is not over yet"


_COUNTED = {
    "new_failures": (Standing.NEW_FAILURE, Standing.FIRST_FAILURE),
    "older_failures": (Standing.OLDER_FAILURE,),
    "unknown": (Standing.UNKNOWN,),
    "passed": (Standing.PASSED, Standing.FIXED),
    "skipped": (Standing.SKIPPED,),
}


def variables(release: Release) -> dict[str, str]:
    """For later actions of a pipeline: the decision, and how many looks ended how."""
    counts = {name: str(release.count(*of)) for name, of in _COUNTED.items()}
    return {"decision": str(release.decision), **counts}


class _Token(msgspec.Struct, frozen=True):
    began: str


def token(began: datetime) -> str:
    return msgspec.json.encode(_Token(began.isoformat())).decode()


def began_by(continuation: str | None) -> datetime | None:
    """When the first call of this job came. Raises UnknownCallError for another token than ours."""
    if continuation is None:
        return None
    try:
        found = moment_of(msgspec.json.decode(continuation, type=_Token).began)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        found = None
    if found is None:
        raise UnknownCallError("continuationToken: expected the one of this job's earlier call")
    return found

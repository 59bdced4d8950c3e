"""Whoever calls the verification gets exactly one answer, whatever happens."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest

from gatewatch.service.callers import UnknownCallError
from gatewatch.service.hook import (
    ReleaseNotVerifiedError,
    ReleaseStoppedError,
    ReleaseUndecidedError,
)
from gatewatch.service.replies import UnansweredError
from handlers import looks, verify, verifying
from tests.answering import Services, services
from tests.deployed import Account, Context

ARTIFACT_SECRET = "planted-artifact-secret-6c1f"
ARTIFACT_KEY = "ASIAPLANTEDARTIFACT0"


def pipeline(parameters: str | None = None, continuation: str | None = None) -> dict[str, Any]:
    """As CodePipeline sends it; see its user guide, "JSON event example"."""
    configuration = {"FunctionName": "GatewatchVerify"}
    if parameters is not None:
        configuration["UserParameters"] = parameters
    data: dict[str, Any] = {
        "actionConfiguration": {"configuration": configuration},
        "inputArtifacts": [
            {
                "location": {
                    "s3Location": {"bucketName": "artifacts", "objectKey": "app/a1b2c3"},
                    "type": "S3",
                },
                "revision": None,
                "name": "BuiltApp",
            }
        ],
        "outputArtifacts": [],
        "artifactCredentials": {
            "secretAccessKey": ARTIFACT_SECRET,
            "sessionToken": f"{ARTIFACT_SECRET}-session",
            "accessKeyId": ARTIFACT_KEY,
        },
    }
    if continuation is not None:
        data["continuationToken"] = continuation
    return {
        "CodePipeline.job": {
            "id": "11111111-abcd-1111-abcd-111111abcdef",
            "accountId": "111111111111",
            "data": data,
        }
    }


HOOK = {
    "DeploymentId": "d-DBV6ZHAXK",
    "LifecycleEventHookExecutionId": "eyJlbmNyeXB0ZWREYXRhIjoiZTBXIn0=",
}


ERRORS = (
    ReleaseStoppedError,
    ReleaseUndecidedError,
    ReleaseNotVerifiedError,
    UnknownCallError,
    UnansweredError,
)


class Lambda(Context):
    """A function with so many seconds left."""

    def __init__(self, seconds: float = 60) -> None:
        self.seconds = seconds

    def get_remaining_time_in_millis(self) -> int:  # type: ignore[override]
        return int(self.seconds * 1000)


@pytest.fixture
def aside(account: Account, monkeypatch: pytest.MonkeyPatch) -> Iterator[Services]:
    """The services that wait, beside an account that has seen its API work."""
    account.minutes(2)
    monkeypatch.setenv("GATEWATCH_VERIFY_SETTINGS", json.dumps(SHORT))
    verifying._source.cache_clear()
    with services(monkeypatch) as found:
        yield found


SHORT = {"for_seconds": 1, "every_seconds": 0.1, "deadline_seconds": 3}


ASKED = ["trigger", "direct", "codedeploy", "codepipeline"]
EVENTS: dict[str, Any] = {
    "trigger": {},
    "direct": {"apis": ["orders"]},
    "codedeploy": HOOK,
    "codepipeline": pipeline(),
}


class Answer:
    """What came of a call: what Lambda returned or raised, and what services were told."""

    def __init__(self, event: Any, services: Services, seconds: float = 60) -> None:
        before = len(services.calls)
        self.returned: Any = None
        self.raised: Exception | None = None
        try:
            self.returned = verify.handler(event, Lambda(seconds))
        except ERRORS as error:
            self.raised = error
        self.calls = services.calls[before:]

    @property
    def text(self) -> str:
        """Everything that left the function, with the whole chain of an exception."""
        trace = "".join(traceback.format_exception(self.raised)) if self.raised else ""
        return f"{self.returned!r} {trace} {self.calls!r}"

    @property
    def verdict(self) -> str:
        """What its caller was told, in one word; there must be exactly one who told it."""
        told = [_told(*call) for call in self.calls]
        if self.raised is not None:
            told.append(type(self.raised).__name__)
        elif not self.calls:
            told.append(f"returned {self.returned['decision']}")
        [one] = told
        return one


def _told(operation: str, given: dict[str, Any]) -> str:
    match operation:
        case "PutLifecycleEventHookExecutionStatus":
            assert given["deploymentId"] == HOOK["DeploymentId"]
            assert given["lifecycleEventHookExecutionId"] == HOOK["LifecycleEventHookExecutionId"]
            return str(given["status"])
        case "PutJobSuccessResult":
            assert given["jobId"] == JOB
            return "continued" if "continuationToken" in given else "job succeeded"
        case "PutJobFailureResult":
            assert given["jobId"] == JOB
            details = given["failureDetails"]
            assert 0 < len(details["message"]) <= 5_000
            assert details["externalExecutionId"] == Context.aws_request_id
            return str(details["type"])
    raise AssertionError(operation)


JOB = "11111111-abcd-1111-abcd-111111abcdef"


def fine(_: Account, __: pytest.MonkeyPatch) -> None:
    """Nothing is wrong."""


def lost(account: Account, _: pytest.MonkeyPatch) -> None:
    account.gateway.broken.add("/health")


def opened(account: Account, _: pytest.MonkeyPatch) -> None:
    account.gateway.open.add("/orders")


def lost_before(account: Account, _: pytest.MonkeyPatch) -> None:
    account.gateway.broken.add("/health")
    account.minutes(2)


def unreadable_secret(_: Account, __: pytest.MonkeyPatch) -> None:
    looks.vault.cache_clear()
    boto3.client("secretsmanager").delete_secret(
        SecretId="gatewatch/partner", ForceDeleteWithoutRecovery=True
    )


def no_configuration(account: Account, _: pytest.MonkeyPatch) -> None:
    account.objects.write("config/current.json", b"nothing of ours")
    boto3.client("dynamodb").delete_item(
        TableName=account.table._name, Key={"pk": {"S": "deployment"}, "sk": {"S": "config"}}
    )


def no_table(account: Account, _: pytest.MonkeyPatch) -> None:
    boto3.client("dynamodb").delete_table(TableName=account.table._name)


def no_environment(_: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of ours: what the function needs is not there."""
    monkeypatch.delenv("GATEWATCH_POINTER")


def spoilt_settings(_: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWATCH_VERIFY_SETTINGS", '{"for_second": 1}')


def unknown_api(_: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWATCH_VERIFY_APIS", '["ordres"]')


Happens = Callable[[Account, pytest.MonkeyPatch], None]
STOPPED = ("ReleaseStoppedError", "ReleaseStoppedError", "Failed", "JobFailed")
PASSED = ("returned passed", "returned passed", "Succeeded", "job succeeded")
UNDECIDED = ("ReleaseUndecidedError", "ReleaseUndecidedError", "Failed", "JobFailed")
BROKEN = ("ReleaseNotVerifiedError", "ReleaseNotVerifiedError", "Failed", "JobFailed")
REFUSED = ("ReleaseNotVerifiedError", "ReleaseNotVerifiedError", "Failed", "ConfigurationError")


@pytest.mark.parametrize(
    ("happens", "told", "words"),
    [
        pytest.param(fine, PASSED, "passed", id="passed"),
        pytest.param(lost, STOPPED, "GET /health", id="stopped: a method is gone"),
        pytest.param(opened, STOPPED, "GET /orders", id="stopped: a protected route is open"),
        pytest.param(lost_before, PASSED, "failing as before", id="passed: an older failure"),
        pytest.param(unreadable_secret, UNDECIDED, "partner", id="undecided: no secret"),
        pytest.param(no_configuration, BROKEN, "the pointer", id="broken: no configuration"),
        pytest.param(no_table, BROKEN, "ResourceNotFoundException", id="broken: no table"),
        pytest.param(no_environment, BROKEN, "internal error: KeyError", id="broken: our fault"),
        pytest.param(spoilt_settings, REFUSED, "for_second", id="refused: unknown setting"),
        pytest.param(unknown_api, REFUSED, "did you mean orders?", id="refused: unknown API"),
    ],
)
def test_each_caller_gets_exactly_one_right_answer(
    account: Account,
    aside: Services,
    monkeypatch: pytest.MonkeyPatch,
    happens: Happens,
    told: tuple[str, ...],
    words: str,
) -> None:
    happens(account, monkeypatch)
    answers = {name: Answer(EVENTS[name], aside) for name in ASKED}
    assert tuple(answers[name].verdict for name in ASKED) == told
    for name in ("trigger", "direct", "codepipeline"):
        assert words in answers[name].text

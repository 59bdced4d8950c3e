"""Whoever calls the verification gets exactly one answer, whatever happens."""

from __future__ import annotations

import json
import socket
import traceback
from collections.abc import Callable, Iterator
from threading import Event
from time import monotonic
from typing import Any

import boto3
import pytest

from gatewatch.adapters.aws import client
from gatewatch.service.releases import verification
from gatewatch.service.releases.callers import ROUND, UnknownCallError
from gatewatch.service.releases.hook import (
    ReleaseNotVerifiedError,
    ReleaseStoppedError,
    ReleaseUndecidedError,
)
from gatewatch.service.releases.replies import UnansweredError
from handlers import looks, verify, verifying
from tests.answering import Services, services
from tests.calls_of_aws import ARTIFACT_KEY, ARTIFACT_SECRET, CHANGE, HOOK, JOB, pipeline
from tests.deployed import Account, Context, using
from tests.servers import serving

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


SHORT = {"for_seconds": 1, "every_seconds": 0.1, "deadline_seconds": 30}


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


def logged(caplog: pytest.LogCaptureFixture) -> str:
    """Every line, with all that it brings."""
    return "\n".join(repr(vars(one)) for one in caplog.records)


@pytest.mark.parametrize("name", ASKED)
def test_a_release_is_refused_without_a_word_of_the_event(
    account: Account,
    aside: Services,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    name: str,
) -> None:
    """Whatever the environment asks to be logged."""
    monkeypatch.setenv("POWERTOOLS_LOGGER_LOG_EVENT", "true")
    event = pipeline("junk") if name == "codepipeline" else EVENTS[name]
    lost(account, monkeypatch)
    asked, broken = Answer(event, aside), Answer(pipeline(), aside)
    no_environment(account, monkeypatch)
    crashed = Answer(event, aside)
    out = f"{capfd.readouterr()} {logged(caplog)}"
    assert "release_decided" in out
    for text in (asked.text, broken.text, crashed.text, out):
        assert ARTIFACT_SECRET not in text
        assert ARTIFACT_KEY not in text


@pytest.mark.parametrize(
    "event",
    [
        pytest.param({"detail-type": "x", "source": "aws.s3"}, id="of another service"),
        pytest.param({"Records": []}, id="of a queue"),
        pytest.param({"RequestType": "Create"}, id="of a custom resource"),
        pytest.param({"CodePipeline.job": {}}, id="a job without an id"),
        pytest.param({"DeploymentId": "d-1"}, id="a hook without an id"),
        pytest.param({ROUND: "x"}, id="a round for the twin"),
        pytest.param([1], id="a list"),
        pytest.param(None, id="null"),
    ],
)
def test_an_unknown_event_is_an_error_and_calls_nobody(
    account: Account, aside: Services, event: Any
) -> None:
    asked = len(account.gateway.asked)
    answer = Answer(event, aside)
    assert (answer.verdict, aside.calls) == ("UnknownCallError", [])
    assert len(account.gateway.asked) == asked


BEFORE = {
    "codedeploy": "LifecycleEventAlreadyCompletedException",
    "codepipeline": "InvalidJobStateException",
}


@pytest.mark.parametrize("name", list(BEFORE))
def test_an_event_that_comes_twice_is_answered_twice_and_is_no_error(
    aside: Services, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    first = Answer(EVENTS[name], aside)
    aside.refusals.append(BEFORE[name])
    second = Answer(EVENTS[name], aside)
    assert (first.raised, second.raised) == (None, None)
    assert first.verdict == second.verdict
    assert "caller_answered_before" in logged(caplog)


@pytest.mark.parametrize("name", list(BEFORE))
@pytest.mark.parametrize("code", ["AccessDeniedException", "JobNotFoundException", "Weird"])
def test_an_answer_that_is_not_taken_is_an_error_so_that_lambda_calls_again(
    aside: Services, name: str, code: str
) -> None:
    aside.refusals.append(code)
    refused = Answer(EVENTS[name], aside)
    assert isinstance(refused.raised, UnansweredError)
    assert len(refused.calls) == 1
    assert Answer(EVENTS[name], aside).raised is None


@pytest.mark.parametrize("name", list(BEFORE))
def test_a_service_that_never_takes_the_answer_is_an_error(aside: Services, name: str) -> None:
    aside.hangs = True
    assert isinstance(Answer(EVENTS[name], aside).raised, UnansweredError)


@pytest.mark.parametrize(
    ("what", "name"),
    [
        ("the API", "trigger"),
        ("the API", "codepipeline"),
        ("the state", "codedeploy"),
        ("the state", "direct"),
    ],
)
def test_whatever_hangs_is_answered_in_time(
    account: Account, aside: Services, monkeypatch: pytest.MonkeyPatch, name: str, what: str
) -> None:
    """The function has twenty seconds, and would be killed without a word."""
    with serving(lambda connection, _: _dribble(connection, aside.ended)) as endless:
        if what == "the API":
            account.gateway.answer = lambda *_: aside.ended.wait(60)  # type: ignore[method-assign]
        else:
            monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", f"http://{endless.place}")
            client._client.cache_clear()
        began = monotonic()
        answer = Answer(EVENTS[name], aside, seconds=20)
        took = monotonic() - began
    assert answer.verdict in (
        "ReleaseUndecidedError",
        "ReleaseNotVerifiedError",
        "ReleaseStoppedError",
        "Failed",
        "JobFailed",
    )
    assert took < 20


def _dribble(connection: socket.socket, ended: Event) -> None:
    """An answer that never ends, and never pauses for so long that a client gives it up."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    while not ended.wait(0.5):
        connection.sendall(b" ")


def test_a_report_is_an_answer_whatever_was_decided(account: Account, aside: Services) -> None:
    account.gateway.broken.add("/health")
    found = Answer({"report_only": True}, aside).returned
    assert found["decision"] == "stopped"
    [stopping] = [one for one in found["looks"] if one.get("stops")]
    assert (stopping["route"], stopping["verdict"]["evidence"]) == ("GET /health", ())
    job = Answer(pipeline('{"report_only": true}'), aside)
    assert job.verdict == "job succeeded"
    [(_, given)] = job.calls
    assert given["outputVariables"] == {
        "decision": "stopped",
        "new_failures": "1",
        "older_failures": "0",
        "unknown": "0",
        "passed": "4",
        "skipped": "0",
    }


def test_it_changes_nothing_that_is_stored(account: Account, aside: Services) -> None:
    account.gateway.open.add("/orders")
    account.gateway.broken.add("/health")
    # What dispatch notes of a configuration would be seen to come back.
    boto3.client("dynamodb").delete_item(
        TableName=account.table._name, Key={"pk": {"S": "deployment"}, "sk": {"S": "config"}}
    )
    before = stored(account)
    for name in ASKED:
        Answer(EVENTS[name], aside)
    assert stored(account) == before


def test_no_write_reaches_the_table(
    account: Account, aside: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.gateway.open.add("/orders")
    with using(monkeypatch) as used:
        assert Answer({"report_only": True}, aside).returned["decision"] == "stopped"
        account.gateway.open.clear()
        assert Answer({"report_only": True}, aside).returned["decision"] == "passed"
    asked = {one for one in used if one.startswith("dynamodb:")}
    assert asked
    assert asked <= {"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"}


def stored(account: Account) -> list[Any]:
    found = boto3.client("dynamodb").scan(TableName=account.table._name)["Items"]
    return sorted(found, key=repr)


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        (
            {"apis": ["ordres"]},
            "ordres: there is no such API among those that are verified here (did",
        ),
        (
            {"routes": ["GET /heath"]},
            "GET /heath: there is no such route (did you mean GET /health?)",
        ),
        ({"url": "https://example.com/prod"}, "this host would be called: needs cdk deploy"),
        ({"url": "no url"}, "url: no url: expected a URL such as"),
        ({"for": "50s", "deadline": "10s"}, "expected at least `for`, which is 50s"),
        ({"for": "5m"}, "a window of 300 s does not fit into the 4"),
    ],
)
def test_what_cannot_be_verified_is_refused_before_any_look(
    account: Account, aside: Services, chosen: dict[str, Any], words: str
) -> None:
    asked = len(account.gateway.asked)
    answer = Answer(chosen, aside)
    assert answer.verdict == "ReleaseNotVerifiedError"
    assert words in answer.text
    assert len(account.gateway.asked) == asked


def test_only_what_is_named_is_looked_at(account: Account, aside: Services) -> None:
    del account.gateway.asked[:]
    found = Answer({"apis": ["orders"], "routes": ["GET /items"]}, aside).returned
    assert {one["route"] for one in found["looks"]} == {"GET /items"}
    assert not found["gone"]
    assert all(one.startswith(("/prod/items", "/prod/")) for one in account.gateway.asked)


def test_a_stage_that_is_not_live_yet_is_compared_with_the_one_that_is(
    account: Account, aside: Services
) -> None:
    """Another stage of the same host: nothing answers there but the gateway's refusal."""
    url = f"http://{account.gateway.place}/next"
    found = Answer({"url": url, "report_only": True}, aside).returned
    assert found["decision"] == "stopped"
    [health] = [one for one in found["looks"] if one["route"] == "GET /health"]
    assert (health["entrance"], health["standing"]) == (url, "new_failure")
    assert health["before"]["outcome"] == "pass"


def test_a_long_window_goes_on_with_a_token_and_its_last_part_decides(
    account: Account, aside: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {"for_seconds": 4, "every_seconds": 0.1, "deadline_seconds": 8}
    monkeypatch.setenv("GATEWATCH_VERIFY_SETTINGS", json.dumps(settings))
    monkeypatch.setattr(verification, "_LEAST_SECONDS", 1.0)
    del account.gateway.asked[:]
    account.gateway.broken.add("/health")
    first = Answer(pipeline(), aside, seconds=12)
    assert (first.verdict, account.gateway.asked) == ("continued", [])
    [(_, given)] = first.calls
    assert json.loads(given["continuationToken"]).keys() == {"began"}
    account.gateway.broken.clear()
    last = Answer(pipeline(continuation=given["continuationToken"]), aside, seconds=12)
    assert last.verdict == "job succeeded"


@pytest.mark.parametrize(
    "token", ["x", "{}", '{"began": "never"}', '{"began": "2020-01-01T00:00Z"}']
)
def test_a_token_of_somebody_else_fails_the_job(aside: Services, token: str) -> None:
    assert Answer(pipeline(continuation=token), aside).verdict == "ConfigurationError"


@pytest.mark.parametrize("written", ["orders", "[1]", '{"apis": "orders"}', '{"api": []}'])
def test_junk_in_a_pipelines_parameters_fails_the_job(aside: Services, written: str) -> None:
    answer = Answer(pipeline(written), aside)
    assert answer.verdict == "ConfigurationError"
    assert "UserParameters" in answer.text


def test_a_change_that_cloudtrail_saw_is_noted_and_nothing_of_it_logged(
    account: Account,
    aside: Services,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    url = "https://abc123.execute-api.us-east-1.amazonaws.com/prod"
    account.publish(f"apis: {{shop: {{url: '{url}', routes: [GET /x: public]}}}}")
    asked = len(account.gateway.asked)
    answer = Answer(CHANGE, aside)
    assert (answer.returned, answer.calls) == ({"noted": ["shop"]}, [])
    [made] = account.table.deployed("shop").deployments
    assert made.what == "CreateDeployment dep1"
    out = f"{capfd.readouterr()} {logged(caplog)}"
    assert "api_change_noted" in out
    assert ARTIFACT_SECRET not in out
    assert len(account.gateway.asked) == asked

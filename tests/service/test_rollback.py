"""A stack that goes back is not verified: a failure then would leave it in between."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from moto.cloudformation.models import cloudformation_backends

from gatewatch.service.releases.stack_state import StackState
from tests.answering import Services
from tests.calls_of_aws import HOOK
from tests.deployed import Account, stack_with
from tests.service.releases.test_hook import Answer, aside, logged

__all__ = ["aside"]


@pytest.fixture
def stack(account: Account, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The stack that calls, whose state a test may set."""
    name = stack_with({})
    found = boto3.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]["StackId"]
    monkeypatch.setenv("GATEWATCH_STACK_ID", found)
    [stacks] = [
        backend["us-east-1"].stacks
        for backend in cloudformation_backends.values()
        if found in backend["us-east-1"].stacks
    ]
    return stacks[found]


GOING_BACK = (
    "ROLLBACK_IN_PROGRESS",
    "UPDATE_ROLLBACK_IN_PROGRESS",
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
    "IMPORT_ROLLBACK_IN_PROGRESS",
)


@pytest.mark.parametrize("status", GOING_BACK)
def test_a_trigger_of_a_stack_that_goes_back_returns_without_a_look(
    account: Account, aside: Services, stack: Any, caplog: pytest.LogCaptureFixture, status: str
) -> None:
    stack.status = status
    account.gateway.broken.add("/health")
    del account.gateway.asked[:]
    assert Answer({}, aside).verdict == "returned not verified"
    assert account.gateway.asked == []
    assert [one.getMessage() for one in caplog.records].count("rollback_not_verified") == 1


@pytest.mark.parametrize(
    "status",
    ["CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"],
)
def test_a_trigger_of_a_stack_that_goes_forward_or_rests_is_verified(
    account: Account, aside: Services, stack: Any, status: str
) -> None:
    """A rollback that is over is none: whoever calls then wants to know."""
    stack.status = status
    account.gateway.broken.add("/health")
    assert Answer({}, aside).verdict == "ReleaseStoppedError"


def test_a_hook_is_answered_whatever_the_stack_does(
    account: Account, aside: Services, stack: Any
) -> None:
    stack.status = GOING_BACK[0]
    account.gateway.broken.add("/health")
    assert Answer(HOOK, aside).verdict == "Failed"


def test_a_stack_that_cannot_be_read_is_verified_all_the_same(
    account: Account,
    aside: Services,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("GATEWATCH_STACK_ID", "nothing-of-this-name")
    account.gateway.broken.add("/health")
    assert Answer({}, aside).verdict == "ReleaseStoppedError"
    assert "stack_unreadable" in logged(caplog)


def test_what_began_to_fail_with_the_update_is_no_older_failure(
    account: Account, aside: Services, stack: Any
) -> None:
    """The monitor was quicker than the deployment, and saw the failure first."""
    account.gateway.broken.add("/health")
    account.minutes(2)
    stack.status = "UPDATE_IN_PROGRESS"
    stack.creation_time = datetime(2026, 11, 22, 9, 2, 30, tzinfo=UTC)
    assert Answer({}, aside).verdict == "ReleaseStoppedError"
    stack.creation_time = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
    assert Answer({}, aside).verdict == "returned passed"


def test_a_stack_that_rests_says_nothing_of_when_a_release_began(
    account: Account, aside: Services, stack: Any
) -> None:
    """It was deployed before the failure began, and that was long before this release."""
    stack.status = "UPDATE_COMPLETE"
    stack.creation_time = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
    account.gateway.broken.add("/health")
    account.minutes(2)
    assert Answer(HOOK, aside).verdict == "Succeeded"


def test_when_it_was_deployed_counts_before_all(
    account: Account, aside: Services, stack: Any
) -> None:
    account.gateway.broken.add("/health")
    account.minutes(2)
    stack.status = "UPDATE_IN_PROGRESS"
    early = {"deployed_at": "2026-11-22T09:02:30Z"}
    assert Answer(early, aside).verdict == "ReleaseStoppedError"
    late = {"deployed_at": (datetime.now(UTC) + timedelta(days=1)).isoformat()}
    assert Answer(late, aside).verdict == "returned passed"


def test_the_states_of_a_stack_are_told_apart() -> None:
    at = datetime(2026, 11, 22, tzinfo=UTC)
    assert StackState("UPDATE_IN_PROGRESS", at).is_changing
    assert not StackState("UPDATE_IN_PROGRESS", at).is_rolling_back
    assert not StackState("ROLLBACK_COMPLETE", at).is_rolling_back

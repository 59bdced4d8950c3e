"""Every caller is known by its event's shape, and whatever else comes is refused in one line."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewatch.service.releases.callers import (
    ROUND,
    ApiChangeCall,
    CodeDeployCall,
    DirectCall,
    PipelineCall,
    RoundCall,
    TriggerCall,
    UnknownCallError,
    Wanted,
    asked_by,
    change_name,
    read_call,
)
from tests.calls_of_aws import ARTIFACT_KEY, ARTIFACT_SECRET, CHANGE, HOOK, JOB, pipeline

CHOSEN = {
    "apis": ["orders", "orders"],
    "routes": ["GET /orders"],
    "url": "https://abc123.execute-api.us-east-1.amazonaws.com/next",
    "for": "90s",
    "deadline": "1.5m",
    "deployed_at": "2026-11-28T12:00:00Z",
    "report_only": True,
}
READ = Wanted(
    apis=("orders",),
    routes=("GET /orders",),
    url="https://abc123.execute-api.us-east-1.amazonaws.com/next",
    settles_seconds=90,
    deadline_seconds=90,
    deployed_at=datetime(2026, 11, 28, 12, tzinfo=UTC),
    report_only=True,
)


@pytest.mark.parametrize(
    ("event", "call"),
    [
        pytest.param({}, TriggerCall(), id="trigger"),
        pytest.param(
            HOOK,
            CodeDeployCall(HOOK["DeploymentId"], HOOK["LifecycleEventHookExecutionId"]),
            id="codedeploy",
        ),
        pytest.param(pipeline(), PipelineCall(JOB), id="codepipeline"),
        pytest.param(pipeline("x", "t"), PipelineCall(JOB, "x", "t"), id="codepipeline: whole"),
        pytest.param({"apis": ["orders"]}, DirectCall(Wanted(apis=("orders",))), id="direct"),
        pytest.param(CHOSEN, DirectCall(READ), id="direct: everything"),
        pytest.param(dict.fromkeys(CHOSEN), DirectCall(Wanted()), id="direct: nulls"),
    ],
)
def test_a_caller_is_known_by_its_event(event: dict[str, Any], call: object) -> None:
    assert read_call(event) == call


def test_a_change_seen_by_cloudtrail_is_known_and_named() -> None:
    call = read_call(CHANGE)
    assert isinstance(call, ApiChangeCall)
    assert change_name(call.event) == "CreateDeployment"


def test_only_the_twin_takes_rounds_and_it_takes_nothing_else() -> None:
    assert read_call({ROUND: "x"}, inside=True).packed == "x"  # type: ignore[union-attr]
    for event, inside in (({ROUND: "x"}, False), ({}, True), (HOOK, True), ({ROUND: 1}, True)):
        with pytest.raises(UnknownCallError):
            read_call(event, inside=inside)


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (None, "the event is null"),
        ([], "the event is an empty list"),
        ("{}", 'the event is "{}"'),
        (7, "the event is a number"),
        ({"RequestType": "Create"}, "RequestType: not known; expected nothing ({}) of a CDK"),
        ({"source": "aws.s3", "detail": {}}, "source: not known"),
        ({"api": ["orders"]}, "api: there is no such key (did you mean apis?)"),
        ({"apis": ["orders"], "frobnicate": 1}, "frobnicate: there is no such key"),
        ({"apis": "orders"}, 'apis: "orders"; expected a list of names'),
        ({"apis": []}, "apis: an empty list; expected a list of names; leave it out for all"),
        ({"apis": [1]}, "apis: a list; expected a list of names"),
        ({"url": ""}, 'url: ""; expected a text'),
        ({"for": 90}, "for: a number; expected a duration such as 90s"),
        ({"for": "90"}, 'for: "90"; expected a duration'),
        ({"for": "2h"}, 'for: "2h"; expected a duration such as 90s or 5m, from 1s to 3600s'),
        ({"for": "99999999999999999999s"}, "for: "),
        ({"deadline": "nans"}, "deadline: "),
        ({"deployed_at": "yesterday"}, 'deployed_at: "yesterday"; expected a time with its zone'),
        ({"deployed_at": "2026-11-28T12:00:00"}, "deployed_at: "),
        ({"report_only": 1}, "report_only: a number; expected true or false"),
        ({"report_only": "yes"}, 'report_only: "yes"; expected true or false'),
        ({"DeploymentId": "d-1"}, "LifecycleEventHookExecutionId: missing"),
        ({**HOOK, "DeploymentId": 5}, "DeploymentId: a number that is no id"),
        ({**HOOK, "DeploymentId": "a b"}, "DeploymentId: "),
        ({"CodePipeline.job": None}, "id: missing"),
        ({"CodePipeline.job": {"id": ["x"]}}, "id: a list that is no id"),
    ],
)
def test_what_nobody_we_know_sends_is_refused_in_one_line(event: object, words: str) -> None:
    with pytest.raises(UnknownCallError) as refused:
        read_call(event)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("written", [None, "", "  ", "{}"])
def test_a_pipeline_may_choose_nothing(written: str | None) -> None:
    assert asked_by(PipelineCall(JOB, written or "")) == Wanted()


def test_a_pipeline_chooses_as_anybody() -> None:
    assert asked_by(PipelineCall(JOB, json.dumps(CHOSEN))) == READ


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("orders", "UserParameters: no JSON; expected an object such as"),
        ("[]", "UserParameters: an empty list; expected an object"),
        ('"orders"', 'UserParameters: "orders"; expected an object'),
        ('{"apis": 1}', "UserParameters: apis: a number; expected a list of names"),
        ("[" * 100_000, "UserParameters: no JSON"),
        ("\ud800", "UserParameters: no JSON"),
    ],
    ids=["no JSON", "a list", "a text", "a wrong value", "too deep", "half a character"],
)
def test_junk_of_a_pipeline_is_refused_in_one_line(written: str, words: str) -> None:
    with pytest.raises(UnknownCallError) as refused:
        asked_by(PipelineCall(JOB, written))
    assert words in str(refused.value)


@pytest.mark.parametrize(
    "spoilt",
    [
        pytest.param({"actionConfiguration": None}, id="no configuration"),
        pytest.param({"actionConfiguration": {"configuration": []}}, id="another form"),
        pytest.param({"continuationToken": 7}, id="a token that is no text"),
        pytest.param({"continuationToken": ""}, id="an empty token"),
    ],
)
def test_a_job_of_another_form_is_still_known_by_its_id(spoilt: dict[str, Any]) -> None:
    event = pipeline()
    event["CodePipeline.job"]["data"] |= spoilt
    assert read_call(event) == PipelineCall(JOB)


def test_no_credential_of_a_job_is_kept() -> None:
    call = read_call(pipeline())
    assert ARTIFACT_SECRET not in repr(call)
    assert ARTIFACT_KEY not in repr(call)


KEYS = st.sampled_from(
    ["CodePipeline.job", "DeploymentId", "LifecycleEventHookExecutionId", "source", ROUND, *CHOSEN]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(KEYS | st.text(), inner, max_size=4)
    ),
    max_leaves=8,
)


@given(event=JSON, inside=st.booleans())
def test_any_json_is_a_call_or_is_refused(event: object, inside: bool) -> None:
    with suppress(UnknownCallError):
        assert isinstance(read_call(event, inside=inside), RoundCall) is inside

"""Verify, which answers pipelines and hears of changes: what it may do, and who calls it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from aws_cdk import aws_codedeploy as codedeploy
from aws_cdk import aws_lambda as lambda_

from gatewatch.service.changes.api_change import read_change
from gatewatch_cdk.monitor import GatewatchMonitor
from gatewatch_cdk.settings import UnusableSettingError
from gatewatch_cdk.stack import GatewatchStack
from tests.infra import templates
from tests.infra.conftest import CONFIG
from tests.infra.templates import Resource, granted, leading_keys, named, read, resources
from tests.infra.test_twin import _INTERFACES

FUNCTION, RULE = "AWS::Lambda::Function", "AWS::Events::Rule"
GROUP = "arn:aws:codedeploy:us-east-1:111122223333:deploymentgroup:orders/live"


def _stack(tmp_path: Path, **given: Any) -> GatewatchStack:
    file = tmp_path / "gatewatch.yaml"
    file.write_text(CONFIG)
    app = templates.new_app()
    return GatewatchStack(app, "Gatewatch", config=file, code=templates.sources(), **given)


def test_it_has_the_time_that_lambda_gives(private_template: Resource) -> None:
    for name in ("Verify", "VerifyTwin"):
        function = named(private_template, FUNCTION, f"Functions{name}Function")
        assert (function["Timeout"], function["MemorySize"]) == (900, 512)
        assert function["Handler"] == "handlers.verify.handler"


def test_it_writes_nothing_but_changes(template: Resource) -> None:
    assert leading_keys(template, "FunctionsVerify") == {
        ("dynamodb:GetItem", "deployment"),
        ("dynamodb:GetItem", "change"),
        ("dynamodb:Query", "deployment"),
        ("dynamodb:Query", "api#*"),
        ("dynamodb:UpdateItem", "change"),
    }


def test_its_twin_takes_looks_inside_the_vpc_and_reads_nothing(private_template: Resource) -> None:
    twin = named(private_template, FUNCTION, "FunctionsVerifyTwin")
    probe = named(private_template, FUNCTION, "FunctionsTwinFunction")
    assert twin["VpcConfig"] == probe["VpcConfig"]
    assert twin["Environment"]["Variables"]["GATEWATCH_VERIFY_INSIDE"] == "yes"
    reads = ("dynamodb:", "sqs:", "execute-api:")
    of_probe = {
        (action, on)
        for action, on in granted(private_template, "FunctionsTwin")
        if not action.startswith(reads[:2]) and not action.startswith("logs:")
    }
    of_twin = {
        (action, on)
        for action, on in granted(private_template, "FunctionsVerifyTwin")
        if not action.startswith("logs:")
    }
    assert of_twin == of_probe
    assert {action for action, _ in of_twin} >= _INTERFACES


def test_its_twin_is_called_by_it_alone(private_template: Resource) -> None:
    twin = "<FunctionsVerifyTwinFunction.Arn>"
    callers = {
        read(role)
        for kind in ("AWS::IAM::Policy",)
        for one in resources(private_template, kind).values()
        for statement in one["PolicyDocument"]["Statement"]
        if read(statement["Resource"]) == twin
        for role in one["Roles"]
    }
    assert callers == {"<FunctionsVerifyRole>"}
    verify = named(private_template, FUNCTION, "FunctionsVerifyFunction")
    shown = read(verify["Environment"]["Variables"]["GATEWATCH_TWIN_VERIFY"])
    assert shown == "<FunctionsVerifyTwinFunction>"


def test_without_a_private_api_it_has_no_twin(template: Resource) -> None:
    verify = named(template, FUNCTION, "FunctionsVerifyFunction")
    assert "GATEWATCH_TWIN_VERIFY" not in verify["Environment"]["Variables"]


def test_a_stopped_release_is_no_fault_of_ours(template: Resource) -> None:
    """It is an error of the function, so that no alarm watches those."""
    watching = [
        one["MetricName"]
        for one in resources(template, "AWS::CloudWatch::Alarm").values()
        if any("FunctionsVerify" in read(each["Value"]) for each in one.get("Dimensions", ()))
    ]
    assert watching == ["AsyncEventsDropped"]


def test_a_change_that_cannot_be_handed_over_is_seen(template: Resource) -> None:
    [rule] = resources(template, RULE).values()
    assert rule["State"] == "ENABLED"
    [target] = rule["Targets"]
    assert read(target["Arn"]) == "<FunctionsVerifyFunction.Arn>"
    assert read(target["DeadLetterConfig"]["Arn"]) == "<ApiChangesDead.Arn>"
    assert target["RetryPolicy"]["MaximumEventAgeInSeconds"] == 3_600
    alarm = named(template, "AWS::CloudWatch::Alarm", "HealthAlarmsApiChangesDead")
    assert read(alarm["Dimensions"][0]["Value"]) == "<ApiChangesDead.QueueName>"


CHANGES = (
    "CreateDeployment",
    "UpdateStage",
    "CreateStage",
    "DeleteStage",
    "PutRestApi",
    "ImportRestApi",
    "UpdateRestApi",
    "DeleteMethod",
    "CreateBasePathMapping",
    "UpdateUsagePlan",
    "CreateRoute",
    "UpdateRoute",
    "DeleteRoute",
    "UpdateIntegration",
    "UpdateAuthorizer",
    "FlushStageCache",
    "ReimportApi",
    "ResetAuthorizersCache",
)


def _matches(pattern: Any, value: Any) -> bool:
    """As EventBridge does, for what our pattern uses:
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
    """
    if isinstance(pattern, dict):
        return all(_matches(one, (value or {}).get(name)) for name, one in pattern.items())
    return any(
        value == one
        if isinstance(one, str)
        else (value is not None) == one["exists"]
        if "exists" in one
        else isinstance(value, str) and value.startswith(one["prefix"])
        for one in pattern
    )


def _event(name: str, **detail: str) -> dict[str, Any]:
    return {
        "source": "aws.apigateway",
        "detail-type": "AWS API Call via CloudTrail",
        "detail": {"eventSource": "apigateway.amazonaws.com", "eventName": name, **detail},
    }


@pytest.mark.parametrize("name", CHANGES)
def test_whatever_changes_an_api_is_heard(template: Resource, name: str) -> None:
    [rule] = resources(template, RULE).values()
    assert read_change(_event(name)) is not None
    assert _matches(rule["EventPattern"], _event(name))


@pytest.mark.parametrize(
    "event",
    [
        _event("TagResource"),
        _event("GetRestApis"),
        _event("CreateDeployment", errorCode="AccessDenied"),
        {**_event("CreateDeployment"), "source": "aws.lambda"},
    ],
    ids=["a tag", "a read", "a call that failed", "of another service"],
)
def test_what_changes_nothing_is_not_heard(template: Resource, event: dict[str, Any]) -> None:
    [rule] = resources(template, RULE).values()
    assert not _matches(rule["EventPattern"], event)


def test_who_does_not_want_to_hear_of_changes_does_not(tmp_path: Path) -> None:
    template = templates.of(_stack(tmp_path, api_changes=False))
    assert not [name for name in template["Resources"] if "ApiChanges" in name]
    assert not resources(template, RULE)


def _answers(template: Resource) -> set[tuple[str, str]]:
    services = ("codedeploy:", "codepipeline:")
    found = granted(template, "FunctionsVerify")
    return {(action, on) for action, on in found if action.startswith(services)}


def test_pipelines_are_answered_only_where_that_is_asked_for(
    template: Resource, tmp_path: Path
) -> None:
    assert _answers(template) == set()
    asked = _stack(tmp_path, codedeploy_groups=(GROUP,), codepipeline=True)
    assert _answers(templates.of(asked)) == {
        ("codedeploy:PutLifecycleEventHookExecutionStatus", GROUP),
        ("codepipeline:PutJobSuccessResult", "*"),
        ("codepipeline:PutJobFailureResult", "*"),
    }


def test_a_group_is_one_group(tmp_path: Path) -> None:
    told = templates.refused(
        lambda: _stack(tmp_path, codedeploy_groups=(GROUP.replace("/live", "/*"),)),
        UnusableSettingError,
    )
    assert told.startswith("codedeploy_groups: expected ARNs of deployment groups such as ")


def test_a_group_of_this_app_may_be_given(tmp_path: Path) -> None:
    stack = _stack(tmp_path)
    application = codedeploy.LambdaApplication(stack, "Application")
    group = codedeploy.LambdaDeploymentGroup.from_lambda_deployment_group_attributes(
        stack, "Group", application=application, deployment_group_name="live"
    )
    stack.monitor.verify_for_codedeploy(group)
    [(_, on)] = _answers(templates.of(stack))
    assert on.endswith(":deploymentgroup:<Application>/live")


def test_it_is_a_hook_of_the_cdks_own_group_as_it_is(tmp_path: Path) -> None:
    stack = _stack(tmp_path)
    function = lambda_.Function(
        stack,
        "Shop",
        code=lambda_.Code.from_inline("def handler(event, context): pass"),
        handler="index.handler",
        runtime=lambda_.Runtime.PYTHON_3_14,
    )
    group = codedeploy.LambdaDeploymentGroup(stack, "Group", alias=function.add_alias("live"))
    group.add_post_hook(stack.monitor.verify_function)
    template = templates.of(stack)
    assert {action for action, _ in _answers(template)} == {
        "codedeploy:PutLifecycleEventHookExecutionStatus"
    }
    hook = named(template, "AWS::Lambda::Alias", "Shop")["Name"]
    assert hook == "live"


def test_two_monitors_of_a_stack_have_one_each(tmp_path: Path) -> None:
    stack = _stack(tmp_path)
    GatewatchMonitor(
        stack,
        "Other",
        config=tmp_path / "gatewatch.yaml",
        deployment="other",
        code=templates.sources(),
    )
    outputs = templates.of(stack)["Outputs"]
    found = {read(outputs[name]["Value"]) for name in ("VerifyFunction", "OtherVerifyFunction")}
    assert found == {"<FunctionsVerifyFunction>", "<OtherFunctionsVerifyFunction>"}

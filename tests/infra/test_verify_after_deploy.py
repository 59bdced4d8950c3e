"""A deployment that is verified: the last step of its stack, each time, with rights of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import cdk_nag
import pytest
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_

from gatewatch_cdk import GatewatchMonitor, VerifyAfterDeploy
from gatewatch_cdk.settings import UnusableSettingError
from gatewatch_cdk.verification import LONGEST_SECONDS
from tests.infra import another_team as team
from tests.infra import templates
from tests.infra.conftest import PRIVATE
from tests.infra.templates import Resource, granted, leading_keys, named, read, resources, short

FUNCTION, TRIGGER = "AWS::Lambda::Function", "Custom::Trigger"
CREDENTIAL = "credentials: {key: {api_key: {secret: orders/key}}}\napis: {}\n"


class Team(cdk.Stack):
    """An API with a monitor, which is verified as `given` says."""

    def __init__(
        self, app: cdk.App, config: Path | None = None, name: str = "Team", **given: Any
    ) -> None:
        super().__init__(app, name)
        self.api = team.rest(self, "Orders")
        self.monitor = GatewatchMonitor(self, "Watch", config=config, code=templates.sources())
        own = {} if config is None else {"GET /orders": {"as": ["key"]}}
        self.monitor.watch(self.api, name="orders", routes=own)
        self.verify = VerifyAfterDeploy(
            self, "Verify", **{"monitor": self.monitor, "api": self.api, **given}
        )


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Resource:
    config = tmp_path_factory.mktemp("config") / "gatewatch.yaml"
    config.write_text(CREDENTIAL)
    return templates.of(Team(templates.new_app(), config, window=cdk.Duration.seconds(30)))


def _variables(template: Resource) -> dict[str, str]:
    variables = named(template, FUNCTION, "VerifyFunction")["Environment"]["Variables"]
    return {name: read(one) for name, one in variables.items()}


def _of_release(template: Resource) -> Resource:
    [found] = [
        one
        for name, one in resources(template, FUNCTION).items()
        if name.startswith("VerifyFunction")
    ]
    return found


def test_it_verifies_its_api_and_knows_its_stack(template: Resource) -> None:
    variables = _of_release(template)["Environment"]["Variables"]
    found = {name: read(one) for name, one in variables.items()}
    assert json.loads(found["GATEWATCH_VERIFY_APIS"]) == ["orders"]
    assert json.loads(found["GATEWATCH_VERIFY_SETTINGS"]) == {"for_seconds": 30}
    assert found["GATEWATCH_STACK_ID"] == "<AWS::StackId>"
    assert found["GATEWATCH_POINTER"] == "config/current.json"
    assert _of_release(template)["Handler"] == "handlers.verify.handler"


ROLE = "<VerifyFunctionRole>"


def _role(template: Resource) -> set[tuple[str, str]]:
    return {
        (action, on)
        for action, on in granted(template, "VerifyFunctionRole")
        if "WatchFunctions" not in on
    }


def test_it_may_do_this_and_nothing_else(template: Resource) -> None:
    bucket = "<WatchConfigurationBucket.Arn>"
    assert _role(template) == {
        ("logs:CreateLogStream", "<VerifyFunctionLog.Arn>"),
        ("logs:PutLogEvents", "<VerifyFunctionLog.Arn>"),
        ("s3:GetObject", f"{bucket}/config/versions/*"),
        ("s3:GetObject", f"{bucket}/config/allowed.json"),
        ("s3:GetObject", f"{bucket}/config/current.json"),
        ("s3:ListBucket", bucket),
        ("dynamodb:GetItem", "<WatchStateTable.Arn>"),
        ("dynamodb:Query", "<WatchStateTable.Arn>"),
        ("cloudformation:DescribeStacks", "<AWS::StackId>"),
        (
            "secretsmanager:GetSecretValue",
            "arn:<AWS::Partition>:secretsmanager:<AWS::Region>:<AWS::AccountId>:"
            "secret:orders/key-??????",
        ),
    }


def test_it_writes_nothing(template: Resource) -> None:
    """Its role, and no other whose name begins alike."""
    own = {(action, key) for action, key in leading_keys(template, "<VerifyFunctionRole>")}
    assert own == {
        ("dynamodb:GetItem", "deployment"),
        ("dynamodb:Query", "deployment"),
        ("dynamodb:Query", "api#*"),
    }


def _trigger(template: Resource) -> tuple[str, Resource]:
    [found] = [(name, one) for name, one in template["Resources"].items() if one["Type"] == TRIGGER]
    return found


def test_it_comes_after_everything(template: Resource) -> None:
    """Methods, authorizers, deployment and stage, permissions, mappings, and the configuration of
    the monitor: whatever there is."""
    name, trigger = _trigger(template)
    own = {one for one in template["Resources"] if one.startswith("Verify")}
    before = set(trigger["DependsOn"])
    assert set(template["Resources"]) - own <= before | {name}
    assert read(trigger["Properties"]["HandlerArn"]).startswith("<VerifyFunctionCurrentVersion")


def test_it_comes_before_nothing(template: Resource) -> None:
    name, _ = _trigger(template)
    for other, one in template["Resources"].items():
        assert name not in one.get("DependsOn", []), other
        assert f'"{name}"' not in json.dumps(one.get("Properties", {})), other


def test_each_waits_less_long_than_whoever_waits_for_it(template: Resource) -> None:
    """Or CloudFormation would wait an hour for an answer that nobody gives."""
    _, trigger = _trigger(template)
    provider = named(template, FUNCTION, "TriggerCustomResourceProvider")
    own, waits = _of_release(template)["Timeout"], int(trigger["Properties"]["Timeout"]) / 1000
    assert LONGEST_SECONDS < own < waits < provider["Timeout"] == 900


def _version(template: Resource) -> str:
    return read(_trigger(template)[1]["Properties"]["HandlerArn"])


def test_each_deployment_has_a_version_of_its_own() -> None:
    first, second = (templates.of(Team(templates.new_app())) for _ in range(2))
    versions = [
        [name for name, one in each["Resources"].items() if one["Type"] == "AWS::Lambda::Version"]
        for each in (first, second)
    ]
    assert versions[0] != versions[1]
    for each in (first, second):
        del each["Resources"][_trigger(each)[0]]
        function = _of_release(each)["Environment"]["Variables"]
        del function["GATEWATCH_RELEASE"]
    for each, [version] in zip((first, second), versions, strict=True):
        del each["Resources"][version]
    # All the rest is as it was.
    assert first == second


def test_a_release_with_a_name_is_the_same_template() -> None:
    first, second, third = (
        templates.of(Team(templates.new_app(), release=one)) for one in ("a1b2", "a1b2", "c3d4")
    )
    assert first == second
    assert first != third
    assert _of_release(first)["Environment"]["Variables"]["GATEWATCH_RELEASE"] == "a1b2"


def test_without_an_api_all_are_verified() -> None:
    template = templates.of(Team(templates.new_app(), api=None))
    assert "GATEWATCH_VERIFY_APIS" not in _of_release(template)["Environment"]["Variables"]


def test_apis_may_be_named_and_several() -> None:
    app = templates.new_app()
    stack = Team(app, api="orders")
    other = team.rest(stack, "Users")
    stack.monitor.watch(other)
    VerifyAfterDeploy(stack, "Both", monitor=stack.monitor, api=[other, "orders"])
    template = templates.of(stack)
    found = {
        short(name): one["Environment"]["Variables"].get("GATEWATCH_VERIFY_APIS")
        for name, one in resources(template, FUNCTION).items()
        if "GATEWATCH_RELEASE" in one.get("Environment", {}).get("Variables", {})
    }
    assert found == {"VerifyFunction": '["orders"]', "BothFunction": '["Users", "orders"]'}


def test_two_do_not_wait_for_each_other() -> None:
    """One of them below a construct that holds other things as well."""
    stack = Team(templates.new_app())
    group = cdk.aws_sns.Topic(stack, "Group")
    VerifyAfterDeploy(group, "Second", monitor=stack.monitor, api=stack.api)
    template = templates.of(stack)
    triggers = {name: one for name, one in template["Resources"].items() if one["Type"] == TRIGGER}
    assert len(triggers) == 2
    for one in triggers.values():
        assert not triggers.keys() & set(one["DependsOn"])
        assert any(name.startswith("Orders") for name in one["DependsOn"])


def test_what_is_added_later_is_before_it_too() -> None:
    stack = Team(templates.new_app())
    late = stack.api.root.add_resource("late").add_method("GET", apigateway.MockIntegration())
    alarm = cloudwatch.Alarm(
        stack,
        "Alarm",
        metric=stack.verify.function.function.metric_errors(),
        threshold=1,
        evaluation_periods=1,
    )
    _, trigger = _trigger(templates.of(stack))
    wanted = {stack.get_logical_id(one.node.default_child) for one in (late, alarm)}
    assert wanted <= set(trigger["DependsOn"])


def test_imported_things_are_no_obstacle() -> None:
    """The CDK gives them to Python as objects of no class."""
    stack = Team(templates.new_app())
    team.certificate(stack)
    assert _trigger(templates.of(stack))[1]["DependsOn"]


def test_private_apis_are_reached_through_the_twin(tmp_path: Path) -> None:
    config = tmp_path / "gatewatch.yaml"
    config.write_text(PRIVATE)
    stack = cdk.Stack(templates.new_app(), "Team")
    monitor = GatewatchMonitor(stack, "Watch", config=config, code=templates.sources())
    VerifyAfterDeploy(stack, "Verify", monitor=monitor, api="stock")
    template = templates.of(stack)
    twin = "WatchFunctionsVerifyTwinFunction"
    assert read(_of_release(template)["Environment"]["Variables"]["GATEWATCH_TWIN_VERIFY"]) == (
        f"<{twin}>"
    )
    may = granted(template, "<VerifyFunctionRole>")
    assert ("lambda:InvokeFunction", f"<{twin}.Arn>") in may


def _placed(app: cdk.App, text: str, tmp_path: Path) -> tuple[cdk.Stack, GatewatchMonitor]:
    config = tmp_path / "gatewatch.yaml"
    config.write_text(text)
    stack = cdk.Stack(app, "Monitoring")
    monitor = GatewatchMonitor(stack, "Watch", config=config, code=templates.sources())
    return stack, monitor


BY_URL = "apis: {orders: {url: https://orders.example.com, routes: [GET /: public]}}"


def test_its_monitor_may_be_in_a_stack_before_it(tmp_path: Path) -> None:
    app = templates.new_app()
    before, monitor = _placed(app, BY_URL, tmp_path)
    stack = cdk.Stack(app, "Team")
    team.rest(stack, "Orders")
    VerifyAfterDeploy(stack, "Verify", monitor=monitor, api="orders", code=templates.sources())
    template = templates.of(stack)
    assert stack.dependencies == [before]
    assert _trigger(template)[1]["DependsOn"]


def test_a_monitor_that_comes_after_it_is_refused(tmp_path: Path) -> None:
    app = templates.new_app()
    _, monitor = _placed(app, "apis: {}", tmp_path)
    stack = cdk.Stack(app, "Team")
    api = team.rest(stack, "Orders")
    monitor.watch(api)
    VerifyAfterDeploy(stack, "Verify", monitor=monitor, api=api, code=templates.sources())
    told = (
        "Team/Verify: Monitoring/Watch is made after this stack, since it watches constructs of "
        "it; expected the monitor in this stack, too, or a monitor whose file names the API's URL"
    )
    assert templates.refused(app.synth, RuntimeError) == told


ELSEWHERE = (
    "Monitoring/Verify: Team/Orders is made by the stack Team, which a failure here would not roll "
    "back; expected a VerifyAfterDeploy in that stack, and api=… to name only APIs of this one"
)


def test_a_stack_that_would_roll_something_else_back_is_refused(tmp_path: Path) -> None:
    app = templates.new_app()
    stack, monitor = _placed(app, "apis: {}", tmp_path)
    api = team.rest(cdk.Stack(app, "Team"), "Orders")
    monitor.watch(api)
    told = templates.refused(
        lambda: VerifyAfterDeploy(stack, "Verify", monitor=monitor, api=api), ValueError
    )
    assert told == ELSEWHERE


@pytest.mark.parametrize("named_as", ["Orders", None], ids=["by its name", "among all"])
def test_so_it_is_at_synthesis(named_as: str | None, tmp_path: Path) -> None:
    app = templates.new_app()
    stack, monitor = _placed(app, "apis: {}", tmp_path)
    monitor.watch(team.rest(cdk.Stack(app, "Team"), "Orders"))
    VerifyAfterDeploy(stack, "Verify", monitor=monitor, api=named_as)
    assert templates.refused(app.synth, RuntimeError) == ELSEWHERE


def test_an_api_that_nobody_watches_is_refused() -> None:
    app = templates.new_app()
    Team(app, api="order")
    told = "Team/Verify: order is not watched; expected an API that Team/Watch watches: orders"
    assert templates.refused(app.synth, RuntimeError) == told


def test_an_api_that_nobody_watches_is_refused_as_a_construct_too() -> None:
    app = templates.new_app()
    stack = Team(app)
    VerifyAfterDeploy(stack, "Other", monitor=stack.monitor, api=team.rest(stack, "Users"))
    told = "Team/Other: Team/Users is not watched; expected an API that Team/Watch watches: orders"
    assert templates.refused(app.synth, RuntimeError) == told


_LONGEST = f"expected from 1s to {LONGEST_SECONDS}s, which a deployment can wait; found "


@pytest.mark.parametrize(
    ("given", "kind", "told"),
    [
        (
            {"deadline": cdk.Duration.minutes(30)},
            UnusableSettingError,
            f"deadline: {_LONGEST}1800s",
        ),
        ({"window": cdk.Duration.minutes(13)}, UnusableSettingError, f"window: {_LONGEST}780s"),
        ({"window": cdk.Duration.seconds(0)}, UnusableSettingError, f"window: {_LONGEST}0s"),
        ({"window": cdk.Duration.millis(500)}, UnusableSettingError, f"window: {_LONGEST}0.5s"),
        (
            {"window": 60},
            TypeError,
            "window takes a Duration, such as Duration.seconds(90); here: int",
        ),
        ({"monitor": None}, TypeError, "monitor takes a GatewatchMonitor; here: NoneType"),
        ({"release": 7}, TypeError, "release takes a text, such as the commit; here: int"),
        (
            {"api": []},
            UnusableSettingError,
            "api: expected at least one; without it, all are verified",
        ),
        (
            {"api": lambda_.Architecture.ARM_64},
            TypeError,
            "api takes a name, or a RestApi (also SpecRestApi, LambdaRestApi, "
            "StepFunctionsRestApi), HttpApi, WebSocketApi, FunctionUrl, an imported API, or a "
            "CfnRestApi, CfnApi or CfnUrl; here: Architecture",
        ),
    ],
    ids=[
        "a deadline",
        "a window",
        "no window",
        "a part of a second",
        "a number",
        "no monitor",
        "a number as release",
        "a list of no APIs",
        "no API",
    ],
)
def test_what_cannot_be_meant_is_refused(
    given: dict[str, Any], kind: type[Exception], told: str
) -> None:
    assert templates.refused(lambda: Team(templates.new_app(), **given), kind) == told


@pytest.mark.parametrize(
    ("verify", "given", "told"),
    [
        ("{for: 20m, deadline: 30m}", {}, f"verify.for: {_LONGEST}1200s"),
        (
            "{for: 90s}",
            {"deadline": cdk.Duration.seconds(60)},
            "deadline: expected at least the window of 90s, found 60s",
        ),
    ],
    ids=["a window of the file", "a deadline before the window of the file"],
)
def test_what_the_file_says_must_fit(
    verify: str, given: dict[str, Any], told: str, tmp_path: Path
) -> None:
    config = tmp_path / "gatewatch.yaml"
    config.write_text(f"{CREDENTIAL}verify: {verify}\n")
    app = templates.new_app()
    Team(app, config, **given)
    assert templates.refused(app.synth, RuntimeError) == told


def test_cdk_nag_finds_nothing_of_ours(tmp_path: Path) -> None:
    app = cdk.App(
        context=templates._FLAGS, outdir=str(tmp_path), builtin_cloud_formation_validation=False
    )
    cdk.Validations.of(app).add_plugins(cdk_nag.AwsSolutionsChecks(app))
    stack = Team(app)
    stack.monitor.verify_for_codepipeline()
    templates.refused(app.synth, RuntimeError)  # the API itself has findings
    report = json.loads((tmp_path / "validation-report.json").read_text())
    [nag] = [one for one in report["pluginReports"] if one["pluginName"] == "AwsSolutions"]
    found = {
        construct["constructPath"]
        for one in nag["violations"]
        for construct in one["violatingConstructs"]
    }
    assert not [one for one in found if not one.startswith("Team/Orders/")]

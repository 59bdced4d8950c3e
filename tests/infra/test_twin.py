"""The probe inside a VPC: there where an API is private, and able to do what that needs."""

from __future__ import annotations

import json
from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_ec2 as ec2

from gatewatch.config.problems import ConfigError
from gatewatch_cdk.monitor import GatewatchMonitor
from gatewatch_cdk.stack import GatewatchStack
from tests.infra import templates
from tests.infra.conftest import PRIVATE, SECRETS_KEY, synthesised
from tests.infra.templates import Resource, granted, named, read, resources, statements
from tests.infra.test_alarms import ALARM, POLICIES, ROUTES
from tests.infra.test_grants import GRANTS

FUNCTION, QUEUE = "AWS::Lambda::Function", "AWS::SQS::Queue"
_ARN = "arn:<AWS::Partition>"
_INTERFACES = {
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
}


def test_without_a_private_api_nothing_of_it_is_there(template: Resource) -> None:
    assert not [name for name in template["Resources"] if "Twin" in name]
    assert not any("VpcConfig" in one for one in resources(template, FUNCTION).values())
    assert not any(action.startswith("ec2:") for action, _ in granted(template, ""))


def test_it_is_the_same_probe_in_the_given_network(private_template: Resource) -> None:
    twin = named(private_template, FUNCTION, "FunctionsTwin")
    probe = named(private_template, FUNCTION, "FunctionsProbe")
    assert twin["VpcConfig"] == {
        "SubnetIds": ["subnet-0a1b2c3d", "subnet-0e1f2a3b"],
        "SecurityGroupIds": ["sg-0a1b2c3d"],
    }
    assert "VpcConfig" not in probe
    for same in ("Code", "Handler", "Runtime", "Timeout", "MemorySize"):
        assert twin[same] == probe[same]
    assert twin["Role"] != probe["Role"]
    own = ("POWERTOOLS_SERVICE_NAME", "GATEWATCH_QUEUE_URL")
    environment, others = (
        {name: read(one[name]) for one in (each["Environment"]["Variables"],) for name in one}
        for each in (twin, probe)
    )
    assert [environment.pop(name) for name in own] == [
        "gatewatch-twin",
        "<FunctionsTwinShardsQueue>",
    ]
    assert environment == {name: one for name, one in others.items() if name not in own}


def test_it_may_join_the_network_before_it_is_made(private_template: Resource) -> None:
    [policy] = [
        name for name in private_template["Resources"] if "FunctionsTwinRoleDefaultPolicy" in name
    ]
    [twin] = [
        one
        for name, one in private_template["Resources"].items()
        if "FunctionsTwinFunction" in name and one["Type"] == FUNCTION
    ]
    assert policy in twin["DependsOn"]


def test_its_shards_come_through_a_queue_of_its_own(private_template: Resource) -> None:
    dispatch = named(private_template, FUNCTION, "FunctionsDispatch")["Environment"]["Variables"]
    assert read(dispatch["GATEWATCH_TWIN_SHARDS_URL"]) == "<FunctionsTwinShardsQueue>"
    assert read(dispatch["GATEWATCH_SHARDS_URL"]) == "<FunctionsShardsQueue>"
    feeds = resources(private_template, "AWS::Lambda::EventSourceMapping").values()
    [feed] = [one for one in feeds if read(one["EventSourceArn"]).startswith("<FunctionsTwin")]
    assert read(feed["FunctionName"]) == "<FunctionsTwinFunction>"
    assert feed["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    twins, others = (
        dict(named(private_template, QUEUE, part))
        for part in ("TwinShardsQueue", "FunctionsShardsQueue")
    )
    assert (
        read(twins.pop("RedrivePolicy")["deadLetterTargetArn"]) == "<FunctionsTwinShardsDead.Arn>"
    )
    del others["RedrivePolicy"]
    assert twins == others


def test_it_may_do_this_and_nothing_else(private_template: Resource) -> None:
    partner, inner = (
        f"{_ARN}:secretsmanager:<AWS::Region>:<AWS::AccountId>:secret:gatewatch/{name}-??????"
        for name in ("partner", "inner")
    )
    verbs = "ReceiveMessage", "ChangeMessageVisibility", "GetQueueUrl", "DeleteMessage"
    assert granted(private_template, "FunctionsTwin") == {
        ("logs:CreateLogStream", "<FunctionsTwinLog.Arn>"),
        ("logs:PutLogEvents", "<FunctionsTwinLog.Arn>"),
        *(
            (f"dynamodb:{verb}", "<StateTable.Arn>")
            for verb in ("BatchGetItem", "Query", "UpdateItem")
        ),
        *(
            (f"sqs:{verb}", "<FunctionsTwinShardsQueue.Arn>")
            for verb in (*verbs, "GetQueueAttributes")
        ),
        ("sqs:SendMessage", "<FunctionsChangesQueue.Arn>"),
        ("secretsmanager:GetSecretValue", partner),
        ("secretsmanager:GetSecretValue", inner),
        ("kms:Decrypt", SECRETS_KEY),
        ("execute-api:Invoke", f"{_ARN}:execute-api:us-east-1:<AWS::AccountId>:def456/prod/*"),
        *((action, "*") for action in _INTERFACES),
    }


def test_its_code_may_not_touch_the_network(private_template: Resource) -> None:
    [denied] = [
        one for one in statements(private_template, "FunctionsTwin") if one["Effect"] == "Deny"
    ]
    assert set(denied["Action"]) == _INTERFACES
    condition = denied["Condition"]["ArnLike"]["lambda:SourceFunctionArn"]
    assert read(condition) == f"{_ARN}:lambda:<AWS::Region>:<AWS::AccountId>:function:*"


def test_the_others_may_do_no_more_than_without_it(private_template: Resource) -> None:
    queue = ("sqs:SendMessage", "<FunctionsTwinShardsQueue.Arn>")
    assert granted(private_template, "FunctionsDispatch") == {*GRANTS["FunctionsDispatch"], queue}
    for role in ("FunctionsProbe", "FunctionsIncidents"):
        assert granted(private_template, role) == GRANTS[role]


def test_its_health_is_watched_as_the_probes_is(private_template: Resource) -> None:
    [unwell] = resources(private_template, "AWS::CloudWatch::CompositeAlarm").values()
    for twins, probes in (
        ("TwinErrors", "ProbeErrors"),
        ("TwinShardsLate", "HealthAlarmsShardsLate"),
        ("TwinShardsDead", "HealthAlarmsShardsDead"),
    ):
        alarm, model = (named(private_template, ALARM, name) for name in (twins, probes))
        for same in ("MetricName", "Threshold", "EvaluationPeriods", "TreatMissingData"):
            assert alarm[same] == model[same]
        assert "Twin" in read(alarm["Dimensions"][0]["Value"])
        assert f"HealthAlarms{twins}" in read(unwell["AlarmRule"])
    more = len(resources(private_template, ALARM)) - len(POLICIES) - len(ROUTES) - 2
    assert more == 3


def test_the_dashboard_shows_its_queue(private_template: Resource) -> None:
    [board] = resources(private_template, "AWS::CloudWatch::Dashboard").values()
    assert "FunctionsTwinShardsQueue" in read(board["DashboardBody"])


@pytest.fixture(scope="module")
def allowed(tmp_path_factory: pytest.TempPathFactory) -> Resource:
    file = tmp_path_factory.mktemp("config") / "gatewatch.yaml"
    file.write_text(PRIVATE)
    app = templates.new_app()
    stack = GatewatchStack(app, "Gatewatch", config=file, code=templates.sources())
    assembly = app.synth()
    [made] = resources(templates.of(stack), "Custom::GatewatchConfiguration").values()
    return dict(json.loads((Path(assembly.directory) / f"asset.{made['Allowed']}").read_text()))


def test_what_it_was_deployed_for_is_written_down(allowed: Resource) -> None:
    twin = allowed["twin"]
    assert twin["network"] == {
        "subnets": ["subnet-0a1b2c3d", "subnet-0e1f2a3b"],
        "security_groups": ["sg-0a1b2c3d"],
        "ranges": ["10.20.0.0/16"],
    }
    assert twin["hosts"] == ["def456.execute-api.us-east-1.amazonaws.com:443"]
    assert set(twin["credentials"]) == {"own", "key", "inner"}
    assert twin["secrets"] == ["gatewatch/inner", "gatewatch/partner"]
    assert "gatewatch/inner" not in allowed["secrets"]
    assert allowed["networks"] == []


def test_dispatch_knows_of_it_before_it_reads_of_private_apis(private_template: Resource) -> None:
    [deployed] = [
        one
        for one in private_template["Resources"].values()
        if one["Type"] == "Custom::GatewatchConfiguration"
    ]
    assert any("FunctionsDispatchFunction" in one for one in deployed["DependsOn"])


def test_the_stack_is_as_big_for_1_as_for_1_000_private_routes(tmp_path: Path) -> None:
    sizes = []
    for count in (1, 1_000):
        file = tmp_path / f"{count}.yaml"
        routes = "".join(f"      - GET /r{n}: public\n" for n in range(count))
        file.write_text(PRIVATE.replace("network:", f"  more:\n    url: https://more.example.com\n"
            f"    private: true\n    routes:\n{routes}network:"))  # fmt: skip
        sizes.append(len(json.dumps(synthesised(file))))
    assert sizes[0] == sizes[1]


NETWORK = f"apis: {{}}\nnetwork:{PRIVATE.partition('network:')[2]}"


def _private_rest(stack: cdk.Stack) -> apigateway.RestApi:
    endpoint = ec2.InterfaceVpcEndpoint.from_interface_vpc_endpoint_attributes(
        stack, "Endpoint", port=443, vpc_endpoint_id="vpce-0a1b2c3d"
    )
    configuration = apigateway.EndpointConfiguration(
        types=[apigateway.EndpointType.PRIVATE], vpc_endpoints=[endpoint]
    )
    api = apigateway.RestApi(stack, "Rest", endpoint_configuration=configuration)
    api.root.add_method("GET", apigateway.MockIntegration())
    return api


def test_a_private_api_that_is_watched_is_the_twins(tmp_path: Path) -> None:
    file = tmp_path / "gatewatch.yaml"
    file.write_text(NETWORK)
    stack = cdk.Stack(templates.new_app(), "Own")
    GatewatchMonitor(stack, "Monitor", config=file, code=templates.sources()).watch(
        _private_rest(stack)
    )
    assert "VpcConfig" in named(templates.of(stack), FUNCTION, "FunctionsTwin")


def test_a_private_api_that_is_watched_needs_a_network() -> None:
    stack = cdk.Stack(templates.new_app(), "Own")
    monitor = GatewatchMonitor(stack, "Monitor", code=templates.sources())
    monitor.watch(_private_rest(stack))
    with pytest.raises(
        ConfigError, match=r"apis\.Rest\.private: in the account, expected a network"
    ):
        monitor.validate()

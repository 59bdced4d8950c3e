"""What the stack is made of, and what each part is set to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from gatewatch import __version__
from gatewatch.config.author import load
from gatewatch.cost.at_once import NEW_ACCOUNT, at_once
from gatewatch_cdk.monitor import GatewatchMonitor
from gatewatch_cdk.settings import UnusableSettingError
from gatewatch_cdk.stack import GatewatchStack
from tests.infra import templates
from tests.infra.conftest import CONFIG, PRIVATE, SECRETS_KEY, synthesised
from tests.infra.templates import Resource, named, read, resources, short

FUNCTIONS = {
    name: f"handlers.{name.lower()}.handler"
    for name in ("Dispatch", "Probe", "Incidents", "Verify")
}


def test_one_tick_a_minute_that_names_its_minute(template: Resource) -> None:
    [schedule] = resources(template, "AWS::Scheduler::Schedule").values()
    assert schedule["ScheduleExpression"] == "rate(1 minute)"
    assert schedule["FlexibleTimeWindow"] == {"Mode": "OFF"}
    target = schedule["Target"]
    assert read(target["Arn"]) == "<FunctionsDispatchFunction.Arn>"
    assert json.loads(target["Input"]) == {"time": "<aws.scheduler.scheduled-time>"}


def test_a_late_tick_is_dropped_and_kept_for_inspection(template: Resource) -> None:
    [schedule] = resources(template, "AWS::Scheduler::Schedule").values()
    assert schedule["Target"]["RetryPolicy"]["MaximumEventAgeInSeconds"] == 60
    assert read(schedule["Target"]["DeadLetterConfig"]["Arn"]) == "<TicksDead.Arn>"


def test_the_first_tick_finds_the_configuration(template: Resource) -> None:
    [schedule] = [
        one for one in template["Resources"].values() if one["Type"] == "AWS::Scheduler::Schedule"
    ]
    assert any("ConfigurationDeployed" in one for one in schedule["DependsOn"])


@pytest.mark.parametrize(("name", "handler"), FUNCTIONS.items())
def test_functions_run_on_arm_with_the_newest_python(
    template: Resource, name: str, handler: str
) -> None:
    function = named(template, "AWS::Lambda::Function", f"Functions{name}Function")
    assert function["Handler"] == handler
    assert function["Architectures"] == ["arm64"]
    assert function["Runtime"] == "python3.14"


def test_functions_find_what_is_theirs(template: Resource) -> None:
    def environment(name: str) -> dict[str, str]:
        function = named(template, "AWS::Lambda::Function", f"Functions{name}Function")
        return {key: read(one) for key, one in function["Environment"]["Variables"].items()}

    def with_common(name: str, **own: str) -> dict[str, str]:
        return {
            "GATEWATCH_DEPLOYMENT": "Gatewatch",
            "GATEWATCH_TABLE": "<StateTable>",
            "POWERTOOLS_METRICS_NAMESPACE": "Gatewatch",
            "POWERTOOLS_SERVICE_NAME": f"gatewatch-{name}",
            **own,
        }

    assert environment("Dispatch") == with_common(
        "dispatch",
        GATEWATCH_BUCKET="<ConfigurationBucket>",
        GATEWATCH_POINTER="config/current.json",
        GATEWATCH_ALLOWED="config/allowed.json",
        GATEWATCH_INCIDENTS_TOPIC="<TopicsIncidents>",
        GATEWATCH_ALARMS_TOPIC="<TopicsAlarms>",
        GATEWATCH_SHARDS_URL="<FunctionsShardsQueue>",
        GATEWATCH_CHANGES_URL="<FunctionsChangesQueue>",
    )
    assert environment("Probe") == with_common(
        "probe",
        GATEWATCH_CHANGES_URL="<FunctionsChangesQueue>",
        GATEWATCH_QUEUE_URL="<FunctionsShardsQueue>",
    )
    assert environment("Incidents") == with_common(
        "incidents",
        GATEWATCH_QUEUE_URL="<FunctionsChangesQueue>",
        GATEWATCH_BUCKET="<ConfigurationBucket>",
        GATEWATCH_INCIDENTS_TOPIC="<TopicsIncidents>",
        GATEWATCH_STACK="Gatewatch",
        GATEWATCH_DASHBOARD="Gatewatch-<AWS::Region>",
    )
    assert environment("Verify") == with_common(
        "verify",
        GATEWATCH_BUCKET="<ConfigurationBucket>",
        GATEWATCH_POINTER="config/current.json",
        GATEWATCH_ALLOWED="config/allowed.json",
    )


@pytest.mark.parametrize(
    ("function", "queue"),
    [("Probe", "FunctionsShardsQueue"), ("Incidents", "FunctionsChangesQueue")],
)
def test_a_failed_message_comes_back_alone_and_ends_among_the_dead(
    template: Resource, function: str, queue: str
) -> None:
    feeds = resources(template, "AWS::Lambda::EventSourceMapping").values()
    [feed] = [one for one in feeds if read(one["EventSourceArn"]) == f"<{queue}.Arn>"]
    assert read(feed["FunctionName"]) == f"<Functions{function}Function>"
    assert feed["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    fed = named(template, "AWS::SQS::Queue", queue)
    dead = read(fed["RedrivePolicy"]["deadLetterTargetArn"])
    assert dead == f"<{queue.removesuffix('Queue')}Dead.Arn>"


MINUTE, HOUR, DAY = 60, 3_600, 86_400
# Name: in lanes, kept for, hidden for, tries, delayed by.
QUEUES = {
    "FunctionsShardsQueue": (True, HOUR, 6 * MINUTE, 5, None),
    "FunctionsShardsDead": (True, HOUR, None, None, None),
    "FunctionsTwinShardsQueue": (True, HOUR, 6 * MINUTE, 5, None),
    "FunctionsTwinShardsDead": (True, HOUR, None, None, None),
    # The first message of an outage counts what all its shards saw.
    "FunctionsChangesQueue": (True, 4 * DAY, 6 * MINUTE, 10, 5),
    # Known until somebody has handled them; the others are out of date within minutes.
    "FunctionsChangesDead": (True, 14 * DAY, None, None, None),
    "TicksDead": (None, HOUR, None, None, None),
    "ApiChangesDead": (None, HOUR, None, None, None),
}


def _queues(template: Resource) -> dict[str, Resource]:
    return {short(name): one for name, one in resources(template, "AWS::SQS::Queue").items()}


def test_every_queue_is_as_listed(private_template: Resource) -> None:
    found = {
        name: (
            one.get("FifoQueue"),
            one["MessageRetentionPeriod"],
            one.get("VisibilityTimeout"),
            one.get("RedrivePolicy", {}).get("maxReceiveCount"),
            one.get("DelaySeconds"),
        )
        for name, one in _queues(private_template).items()
    }
    assert found == QUEUES


FED = {"Probe": "Shards", "Twin": "TwinShards", "Incidents": "Changes"}


@pytest.mark.parametrize(("name", "part"), FED.items())
def test_a_queue_is_set_as_lambda_asks(private_template: Resource, name: str, part: str) -> None:
    """Hidden for six times the function's time, five tries; and it outlives them, or it would
    expire instead of reaching the dead letters."""
    queue = _queues(private_template)[f"Functions{part}Queue"]
    function = named(private_template, "AWS::Lambda::Function", f"Functions{name}Function")
    tries = queue["RedrivePolicy"]["maxReceiveCount"]
    assert queue["VisibilityTimeout"] >= 6 * function["Timeout"]
    assert tries >= 5
    assert queue["MessageRetentionPeriod"] > tries * queue["VisibilityTimeout"]


# Name: the longest that Lambda may keep a call that nobody waits for, how often it repeats one, and
# where it goes then.
CALLED = {
    "FunctionsDispatchCalledOnce": (MINUTE, 0, "<TicksDead.Arn>"),
    "ConfigurationSeedCalledOnce": (15 * MINUTE, 0, None),
    # Whoever was not answered is; whoever was, is told nothing again. A job brings credentials, so
    # that none is kept.
    "FunctionsVerifyCalledAgain": (HOUR, 2, None),
}


def test_a_call_is_repeated_only_where_that_helps(template: Resource) -> None:
    found = {}
    for name, one in resources(template, "AWS::Lambda::EventInvokeConfig").items():
        failed = one.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
        found[short(name)] = (
            one["MaximumEventAgeInSeconds"],
            one["MaximumRetryAttempts"],
            failed and read(failed),
        )
        assert one["Qualifier"] == "$LATEST"
    assert found == CALLED


def test_a_failed_deployment_ends_soon(template: Resource) -> None:
    [made] = [
        one
        for one in template["Resources"].values()
        if one["Type"] == "Custom::GatewatchConfiguration"
    ]
    assert int(made["Properties"]["ServiceTimeout"]) == 15 * MINUTE
    assert any("SeedCalledOnce" in one for one in made["DependsOn"])


def test_everything_stored_is_encrypted(private_template: Resource) -> None:
    template = private_template
    [bucket] = resources(template, "AWS::S3::Bucket").values()
    [rule] = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    assert all(
        one["SqsManagedSseEnabled"] for one in resources(template, "AWS::SQS::Queue").values()
    )
    # A table without its own setting is under DynamoDB's key, which is always there.
    [table] = resources(template, "AWS::DynamoDB::GlobalTable").values()
    assert table["SSESpecification"] == {"SSEEnabled": False}


@pytest.mark.parametrize("kind", ["S3::Bucket", "SQS::Queue", "SNS::Topic"])
def test_nothing_is_reached_without_tls(private_template: Resource, kind: str) -> None:
    policies = resources(private_template, f"AWS::{kind}Policy").values()
    assert policies
    assert len(policies) == len(resources(private_template, f"AWS::{kind}"))
    for policy in policies:
        denied = [one for one in policy["PolicyDocument"]["Statement"] if one["Effect"] == "Deny"]
        insecure = {"Bool": {"aws:SecureTransport": "false"}}
        assert insecure in [one["Condition"] for one in denied]


def test_the_bucket_is_private_and_keeps_versions(template: Resource) -> None:
    [bucket] = resources(template, "AWS::S3::Bucket").values()
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}


def test_state_can_be_restored_and_forgets_what_has_expired(template: Resource) -> None:
    [table] = resources(template, "AWS::DynamoDB::GlobalTable").values()
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires", "Enabled": True}
    [replica] = table["Replicas"]
    assert replica["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True
    assert [(one["AttributeName"], one["KeyType"]) for one in table["KeySchema"]] == [
        ("pk", "HASH"),
        ("sk", "RANGE"),
    ]


def test_logs_do_not_pile_up(template: Resource) -> None:
    groups = resources(template, "AWS::Logs::LogGroup")
    assert len(groups) == len(resources(template, "AWS::Lambda::Function"))
    assert {one["RetentionInDays"] for one in groups.values()} == {30}


def test_nothing_outlives_the_stack(template: Resource) -> None:
    kept = {
        name
        for name, one in template["Resources"].items()
        if one.get("DeletionPolicy", "Delete") != "Delete"
    }
    assert kept == set()


KEPT = {
    "MonitorConfigurationBucketCB2E8E84",
    "MonitorConfigurationDeployedDC4137C1",
    "MonitorFunctionsChangesDeadCE3737B9",
    "MonitorFunctionsChangesQueue1ED2FDBA",
    "MonitorFunctionsShardsDead59EDFB02",
    "MonitorFunctionsShardsQueue494EA989",
    "MonitorFunctionsTwinShardsDead11AFAE45",
    "MonitorFunctionsTwinShardsQueueD54DC51E",
    "MonitorStateTable1DC567BA",
    "MonitorTicksDead536FAC95",
    "MonitorTopicsAlarms743DB822",
    "MonitorTopicsAlarmsKey52753305",
    "MonitorTopicsIncidentsA7EBFA23",
    "MonitorTopicsKeyC78D6D46",
}
"""What holds something: under another logical id, an update would make it anew, and empty."""


def test_an_update_keeps_what_there_is(private_template: Resource) -> None:
    assert set(private_template["Resources"]) >= KEPT


def test_the_command_line_finds_bucket_pointer_and_table(template: Resource) -> None:
    outputs = {name: read(one["Value"]) for name, one in template["Outputs"].items()}
    assert outputs["ConfigBucket"] == "<ConfigurationBucket>"
    assert outputs["ConfigPointer"] == "config/current.json"
    assert outputs["StateTable"] == "<StateTable>"


def _routes(count: int) -> str:
    routes = "".join(f"      - GET /r{number}: public\n" for number in range(count))
    return f"apis:\n  many:\n    url: https://api.example.com\n    routes:\n{routes}"


def test_the_stack_is_as_big_for_10_as_for_10_000_routes(tmp_path: Path) -> None:
    sizes = []
    for count in (10, 10_000):
        file = tmp_path / f"{count}.yaml"
        file.write_text(_routes(count))
        template = synthesised(file)
        for one in resources(template, "AWS::Lambda::EventSourceMapping").values():
            del one["ScalingConfig"]
        sizes.append((len(template["Resources"]), len(json.dumps(template))))
    assert sizes[0] == sizes[1]


def _at_once(template: Resource) -> dict[str, int]:
    feeds = resources(template, "AWS::Lambda::EventSourceMapping").values()
    return {
        read(one["FunctionName"])[len("<Functions") : -len("Function>")]: int(
            one["ScalingConfig"]["MaximumConcurrency"]
        )
        for one in feeds
    }


MANY = at_once(load(_routes(5_000), "gatewatch.yaml"))


def test_many_routes_need_more_than_a_new_account_has() -> None:
    assert MANY.probes > NEW_ACCOUNT


@pytest.mark.parametrize(
    ("text", "most"),
    [
        (CONFIG, {"Probe": 2, "Incidents": 2}),
        (PRIVATE, {"Probe": 2, "Twin": 2, "Incidents": 2}),
        (_routes(5_000), {"Probe": MANY.probes, "Incidents": 2}),
    ],
    ids=["a first configuration", "with private APIs", "5,000 routes"],
)
def test_as_many_run_at_once_as_are_needed_while_nothing_answers(
    text: str, most: dict[str, int], tmp_path: Path
) -> None:
    file = tmp_path / "gatewatch.yaml"
    file.write_text(text)
    assert _at_once(synthesised(file)) == most


def test_a_first_configuration_leaves_room_in_a_new_account(private_template: Resource) -> None:
    dispatch = 1
    assert sum(_at_once(private_template).values()) + dispatch < NEW_ACCOUNT


def test_nothing_is_reserved(private_template: Resource) -> None:
    functions = resources(private_template, "AWS::Lambda::Function").values()
    assert not any("ReservedConcurrentExecutions" in one for one in functions)


def _warnings(tmp_path: Path, text: str, max_concurrency: int | None = None) -> list[str]:
    file = tmp_path / "gatewatch.yaml"
    file.write_text(text)
    stack = GatewatchStack(
        templates.new_app(),
        "Gatewatch",
        config=file,
        max_concurrency=max_concurrency,
        code=templates.sources(),
    )
    template = templates.of(stack)
    assert max_concurrency is None or _at_once(template)["Probe"] == max_concurrency
    found = stack.monitor.node.metadata
    return [str(one.data) for one in found if one.type == "aws:cdk:warning"]


def test_whoever_needs_more_than_a_new_account_has_is_told(tmp_path: Path) -> None:
    [told] = _warnings(tmp_path, _routes(5_000))
    assert f"up to {MANY.all} Lambda functions at once; a new account may run 10 in all" in told


def test_whoever_allows_less_than_is_needed_is_told(tmp_path: Path) -> None:
    [told] = _warnings(tmp_path, _routes(5_000), max_concurrency=5)
    assert told.startswith(
        "max_concurrency is 5; while nothing answers, this configuration needs "
        f"{MANY.probes} probes at once"
    )


def test_whoever_needs_little_is_told_nothing(tmp_path: Path) -> None:
    assert _warnings(tmp_path, CONFIG) == []
    assert _warnings(tmp_path, _routes(500), max_concurrency=50) == []


_NAME = (
    "deployment: expected 1 to 255 printable ASCII characters without quotes and backslashes, the "
    "first no colon or blank, found "
)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (
            {"max_concurrency": 1},
            "max_concurrency: expected a whole number from 2 to 1000, found 1",
        ),
        (
            {"max_concurrency": 1_001},
            "max_concurrency: expected a whole number from 2 to 1000, found 1001",
        ),
        (
            {"max_concurrency": "5"},
            "max_concurrency: expected a whole number from 2 to 1000, found 5",
        ),
        (
            {"max_concurrency": 5.5},
            "max_concurrency: expected a whole number from 2 to 1000, found 5.5",
        ),
        (
            {"secret_keys": ["alias/mine"]},
            "secret_keys: expected ARNs of KMS keys such as arn:aws:kms:REGION:ACCOUNT:key/ID, "
            "found 'alias/mine'",
        ),
        (
            {"topic_keys": [SECRETS_KEY.replace("key/", "alias/")]},
            "topic_keys: expected ARNs of KMS keys such as arn:aws:kms:REGION:ACCOUNT:key/ID, "
            "found 'arn:aws:kms:eu-west-1:111122223333:alias/1234'",
        ),
        (
            {"secret_keys": SECRETS_KEY},
            f"secret_keys: expected a list of ARNs, found the text '{SECRETS_KEY}'",
        ),
        (
            {"topic_keys": [object()]},
            "topic_keys: expected ARNs of KMS keys such as arn:aws:kms:REGION:ACCOUNT:key/ID, "
            "found object",
        ),
        (
            {"keys": [SECRETS_KEY]},
            "keys: expected secret_keys (that encrypt your secrets, for the probes) and topic_keys "
            "(that encrypt the topics of notify, for the writer) instead; on the command line, "
            "secret-keys and topic-keys",
        ),
        ({"deployment": "a\nb"}, f"{_NAME}'a\\nb'"),
        ({"deployment": 'a"b'}, f"{_NAME}'a\"b'"),
        ({"deployment": "Büro"}, f"{_NAME}'Büro'"),
        ({"deployment": ":a"}, f"{_NAME}':a'"),
        ({"deployment": "a" * 256}, f"{_NAME}'{'a' * 256}'"),
        ({"deployment": 5}, f"{_NAME}5"),
        ({"prefix": "Shop-"}, "prefix: expected letters and digits, found 'Shop-'"),
    ],
    ids=[
        "too few",
        "too many",
        "a text",
        "a fraction",
        "an alias's name",
        "an alias's ARN",
        "a text, and no list",
        "no text",
        "the keys of before",
        "a line end",
        "a quote",
        "no ASCII",
        "a colon first",
        "too long",
        "a number",
        "a prefix with a dash",
    ],
)
def test_a_setting_that_cannot_be_deployed_is_refused(given: dict[str, Any], told: str) -> None:
    stack = cdk.Stack(templates.new_app(), "Own")
    with pytest.raises(UnusableSettingError) as refused:
        GatewatchMonitor(stack, "Monitor", code=templates.sources(), **given)
    assert str(refused.value) == told


def test_what_runs_says_its_version(private_template: Resource) -> None:
    functions = resources(private_template, "AWS::Lambda::Function").values()
    assert functions
    assert all(one["Description"].startswith(f"Gatewatch {__version__}: ") for one in functions)
    [board] = resources(private_template, "AWS::CloudWatch::Dashboard").values()
    assert f"Gatewatch {__version__}, deployment Gatewatch" in read(board["DashboardBody"])

"""What the stack is made of, and what each part is set to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.infra.conftest import synthesised
from tests.infra.templates import Resource, named, read, resources

FUNCTIONS = {
    name: f"handlers.{name.lower()}.handler" for name in ("Dispatch", "Probe", "Incidents")
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
        GATEWATCH_SHARDS_URL="<FunctionsShardsQueue>",
        GATEWATCH_CHANGES_URL="<FunctionsChangesQueue>",
    )
    assert environment("Probe") == with_common(
        "probe", GATEWATCH_CHANGES_URL="<FunctionsChangesQueue>"
    )
    assert environment("Incidents") == with_common(
        "incidents",
        GATEWATCH_BUCKET="<ConfigurationBucket>",
        GATEWATCH_INCIDENTS_TOPIC="<TopicsIncidents>",
        GATEWATCH_STACK="Gatewatch",
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


def test_a_message_outlives_its_tries(template: Resource) -> None:
    """Or it would expire instead of reaching the dead letters."""
    for part in ("ShardsQueue", "ChangesQueue"):
        queue = named(template, "AWS::SQS::Queue", part)
        tries = queue["RedrivePolicy"]["maxReceiveCount"]
        assert queue["MessageRetentionPeriod"] > tries * queue["VisibilityTimeout"]


def test_a_message_is_hidden_while_its_function_works(template: Resource) -> None:
    for part, name in (("ShardsQueue", "Probe"), ("ChangesQueue", "Incidents")):
        queue = named(template, "AWS::SQS::Queue", part)
        function = named(template, "AWS::Lambda::Function", f"Functions{name}Function")
        assert queue["VisibilityTimeout"] > function["Timeout"]


def test_only_what_changed_waits_for_more_of_its_api(template: Resource) -> None:
    """So that the first message of an outage counts what all its shards saw."""
    assert 2 <= named(template, "AWS::SQS::Queue", "ChangesQueue")["DelaySeconds"] <= 10
    assert "DelaySeconds" not in named(template, "AWS::SQS::Queue", "ShardsQueue")


def test_lanes_stay_in_order_and_their_dead_letters_too(template: Resource) -> None:
    for part in ("ShardsQueue", "ShardsDead", "ChangesQueue", "ChangesDead"):
        assert named(template, "AWS::SQS::Queue", part)["FifoQueue"] is True


def test_everything_stored_is_encrypted(template: Resource) -> None:
    [bucket] = resources(template, "AWS::S3::Bucket").values()
    [rule] = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    assert all(
        one["SqsManagedSseEnabled"] for one in resources(template, "AWS::SQS::Queue").values()
    )
    topics = resources(template, "AWS::SNS::Topic").values()
    assert {read(one["KmsMasterKeyId"]) for one in topics} == {"<TopicsKey.Arn>"}
    # A table without its own setting is under DynamoDB's key, which is always there.
    [table] = resources(template, "AWS::DynamoDB::GlobalTable").values()
    assert table["SSESpecification"] == {"SSEEnabled": False}


@pytest.mark.parametrize("kind", ["S3::Bucket", "SQS::Queue", "SNS::Topic"])
def test_nothing_is_reached_without_tls(template: Resource, kind: str) -> None:
    policies = resources(template, f"AWS::{kind}Policy").values()
    assert policies
    assert len(policies) == len(resources(template, f"AWS::{kind}"))
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
        sizes.append((len(template["Resources"]), len(json.dumps(template))))
    assert sizes[0] == sizes[1]

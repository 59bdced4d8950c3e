"""Who may do what: each role's whole list, so that a grant more fails here as one less does."""

from __future__ import annotations

from pathlib import Path

import aws_cdk as cdk
import pytest

from gatewatch_cdk.grants import parameter_arn, secret_arns
from tests.infra.conftest import SECRETS_KEY, TOPICS_KEY, synthesised
from tests.infra.templates import Resource, granted, new_app, read, resources, short

ROLE = "AWS::IAM::Role"
ARN = "arn:<AWS::Partition>"
BUCKET = "<ConfigurationBucket.Arn>"
_READS_VERSIONS = {
    ("s3:GetObject", f"{BUCKET}/config/versions/*"),
    ("s3:ListBucket", BUCKET),
}


def logs(name: str) -> set[tuple[str, str]]:
    return {(f"logs:{verb}", f"<{name}Log.Arn>") for verb in ("CreateLogStream", "PutLogEvents")}


def consumes(queue: str) -> set[tuple[str, str]]:
    verbs = "ReceiveMessage", "ChangeMessageVisibility", "GetQueueUrl", "DeleteMessage"
    return {(f"sqs:{verb}", f"<{queue}.Arn>") for verb in (*verbs, "GetQueueAttributes")}


def table(*verbs: str) -> set[tuple[str, str]]:
    return {(f"dynamodb:{verb}", "<StateTable.Arn>") for verb in verbs}


_CALLS = {
    (
        "secretsmanager:GetSecretValue",
        f"{ARN}:secretsmanager:<AWS::Region>:<AWS::AccountId>:secret:gatewatch/partner-??????",
    ),
    (
        "secretsmanager:GetSecretValue",
        "arn:aws:secretsmanager:eu-west-1:111122223333:secret:client-AbCdEf",
    ),
    (
        "ssm:GetParameter",
        f"{ARN}:ssm:<AWS::Region>:<AWS::AccountId>:parameter/orders/token",
    ),
    (
        "secretsmanager:GetSecretValue",
        "arn:aws:secretsmanager:eu-west-1:111122223333:secret:client-AbCdEf-??????",
    ),
    ("kms:Decrypt", SECRETS_KEY),
    ("sts:AssumeRole", "arn:aws:iam::444455556666:role/gatewatch-caller"),
    (
        "execute-api:Invoke",
        f"{ARN}:execute-api:us-east-1:<AWS::AccountId>:abc123/prod/*",
    ),
}
"""What whoever looks needs for its calls."""
GRANTS = {
    "FunctionsDispatch": {
        *logs("FunctionsDispatch"),
        *_READS_VERSIONS,
        ("s3:GetObject", f"{BUCKET}/config/allowed.json"),
        ("s3:GetObject", f"{BUCKET}/config/current.json"),
        *table("GetItem", "Query", "PutItem", "UpdateItem"),
        ("sqs:SendMessage", "<FunctionsShardsQueue.Arn>"),
        ("sqs:SendMessage", "<FunctionsChangesQueue.Arn>"),
        ("sqs:SendMessage", "<TicksDead.Arn>"),
        ("sns:GetTopicAttributes", "<TopicsIncidents>"),
        ("sns:GetTopicAttributes", "<TopicsAlarms>"),
        ("sns:GetTopicAttributes", "arn:aws:sns:us-east-1:111122223333:on-call"),
        ("kms:DescribeKey", "<TopicsKey.Arn>"),
        ("kms:DescribeKey", "<TopicsAlarmsKey.Arn>"),
    },
    "FunctionsProbe": {
        *logs("FunctionsProbe"),
        *table("BatchGetItem", "Query", "UpdateItem"),
        *consumes("FunctionsShardsQueue"),
        ("sqs:SendMessage", "<FunctionsChangesQueue.Arn>"),
        *_CALLS,
    },
    "FunctionsIncidents": {
        *logs("FunctionsIncidents"),
        *_READS_VERSIONS,
        *table("GetItem", "Query", "PutItem", "UpdateItem", "DeleteItem"),
        *consumes("FunctionsChangesQueue"),
        ("sns:Publish", "<TopicsIncidents>"),
        ("sns:Publish", "arn:aws:sns:us-east-1:111122223333:on-call"),
        ("kms:Decrypt", TOPICS_KEY),
        ("kms:GenerateDataKey", TOPICS_KEY),
        ("kms:Decrypt", "<TopicsKey.Arn>"),
        ("kms:GenerateDataKey", "<TopicsKey.Arn>"),
    },
    "FunctionsVerify": {
        *logs("FunctionsVerify"),
        *_READS_VERSIONS,
        ("s3:GetObject", f"{BUCKET}/config/allowed.json"),
        ("s3:GetObject", f"{BUCKET}/config/current.json"),
        *table("GetItem", "Query", "UpdateItem"),
        *_CALLS,
    },
    "TicksRole": {
        ("lambda:InvokeFunction", "<FunctionsDispatchFunction.Arn>"),
        ("lambda:InvokeFunction", "<FunctionsDispatchFunction.Arn>:*"),
        ("sqs:SendMessage", "<TicksDead.Arn>"),
    },
}


@pytest.mark.parametrize("role", GRANTS)
def test_a_role_may_do_this_and_nothing_else(template: Resource, role: str) -> None:
    assert granted(template, role) == GRANTS[role]


def test_the_seed_reads_its_two_files_and_writes_its_own_bucket(template: Resource) -> None:
    may = granted(template, "ConfigurationSeed")
    files = {on for action, on in may if action == "s3:GetObject" and ":s3:::cdk-" in on}
    assert len(files) == 2
    assert not any("*" in file for file in files)
    elsewhere = {on for _, on in may - {("s3:GetObject", file) for file in files}}
    assert {on.partition("/")[0] for on in elsewhere} == {BUCKET, "<ConfigurationSeedLog.Arn>"}


_SECRET = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:"
_OWN = f"{ARN}:secretsmanager:<AWS::Region>:<AWS::AccountId>:secret:"
SECRETS = {
    "a name": ("gatewatch/partner", [f"{_OWN}gatewatch/partner-??????"]),
    "a name that ends like a suffix": ("my-secret", [f"{_OWN}my-secret-??????"]),
    "a complete ARN": (f"{_SECRET}a-AbCdEf", [f"{_SECRET}a-AbCdEf", f"{_SECRET}a-AbCdEf-??????"]),
    "a partial ARN": (f"{_SECRET}prod/partner", [f"{_SECRET}prod/partner-??????"]),
    # As far as anybody can tell, this is a complete one.
    "a partial ARN that ends like a suffix": (
        f"{_SECRET}prod/my-secret",
        [f"{_SECRET}prod/my-secret", f"{_SECRET}prod/my-secret-??????"],
    ),
}


@pytest.mark.parametrize(("given", "arns"), SECRETS.values(), ids=SECRETS)
def test_a_secret_may_be_read_however_it_is_named(given: str, arns: list[str]) -> None:
    stack = cdk.Stack(new_app(), "Stack")
    assert [read(stack.resolve(one)) for one in secret_arns(stack, given)] == arns


_PARAMETER = "arn:aws:ssm:eu-west-1:111122223333:parameter/orders/token"


@pytest.mark.parametrize(
    ("given", "arn"),
    [
        ("/orders/token", f"{ARN}:ssm:<AWS::Region>:<AWS::AccountId>:parameter/orders/token"),
        ("token:3", f"{ARN}:ssm:<AWS::Region>:<AWS::AccountId>:parameter/token"),
        (_PARAMETER, _PARAMETER),
        (f"{_PARAMETER}:3", _PARAMETER),
        (f"{_PARAMETER}:current", _PARAMETER),
    ],
    ids=["a name", "a version of it", "an ARN", "a version of an ARN", "a label of an ARN"],
)
def test_a_parameter_may_be_read_in_every_version(given: str, arn: str) -> None:
    """A policy that names one grants nothing."""
    stack = cdk.Stack(new_app(), "Stack")
    assert read(stack.resolve(parameter_arn(stack, given))) == arn


def test_own_keys_are_for_whoever_uses_them(private_template: Resource) -> None:
    users = {
        key: {role for role in ROLES for _, on in granted(private_template, role) if on == key}
        for key in (SECRETS_KEY, TOPICS_KEY)
    }
    assert users == {
        SECRETS_KEY: {"FunctionsProbe", "FunctionsTwin", "FunctionsVerify", "FunctionsVerifyTwin"},
        TOPICS_KEY: {"FunctionsIncidents"},
    }


ROLES = (
    "FunctionsDispatch",
    "FunctionsProbe",
    "FunctionsTwin",
    "FunctionsIncidents",
    "FunctionsVerify",
    "FunctionsVerifyTwin",
    "TicksRole",
)


def test_without_secrets_and_topics_no_own_key_is_granted(tmp_path: Path) -> None:
    file = tmp_path / "gatewatch.yaml"
    file.write_text("apis: {a: {url: 'https://a.example', routes: [GET /x: public]}}")
    may = granted(synthesised(file), "")
    assert not {on for _, on in may if on in (SECRETS_KEY, TOPICS_KEY)}


def test_nothing_is_allowed_on_everything(template: Resource) -> None:
    everywhere = {action for action, on in granted(template, "") if on in ("*", "arn:*")}
    assert everywhere == set()


def test_no_managed_policy_widens_a_role(template: Resource) -> None:
    assert not any(
        "ManagedPolicyArns" in one for one in resources(template, "AWS::IAM::Role").values()
    )


ALARMS = f"{ARN}:cloudwatch:<AWS::Region>:<AWS::AccountId>:alarm:*"
TRUSTS = {
    "scheduler.amazonaws.com": {
        "aws:SourceAccount": "<AWS::AccountId>",
        "aws:SourceArn": "<TicksGroup.Arn>",
    },
    # A role is passed to a function within its account only, and a trust that Lambda's own pollers
    # did not satisfy would stop the first deployment.
    "lambda.amazonaws.com": {},
    "cloudwatch.amazonaws.com": {
        "aws:SourceAccount": "<AWS::AccountId>",
        "aws:SourceArn": ALARMS,
    },
    # A rule's ARN names its account.
    "events.amazonaws.com": {"aws:SourceArn": "<ApiChangesRule.Arn>"},
}
"""On whose behalf a service may act here: for this account, and for what is known of its source."""


def _by_services(template: Resource) -> list[tuple[str, dict[str, str]]]:
    """Each thing that a service is let do, wherever it is written, with its conditions."""
    written = [one["AssumeRolePolicyDocument"] for one in resources(template, ROLE).values()]
    written += [one["KeyPolicy"] for one in resources(template, "AWS::KMS::Key").values()]
    for kind in ("SNS::Topic", "SQS::Queue", "S3::Bucket"):
        policies = resources(template, f"AWS::{kind}Policy").values()
        written += [one["PolicyDocument"] for one in policies]
    allowed = [one for each in written for one in each["Statement"] if one["Effect"] == "Allow"]
    return [
        (read(one["Principal"]["Service"]), _conditions(one))
        for one in allowed
        if "Service" in one["Principal"]
    ]


def _conditions(statement: Resource) -> dict[str, str]:
    tests = statement.get("Condition", {}).values()
    return {key: read(value) for test in tests for key, value in test.items()}


def test_no_service_acts_here_for_another_account(private_template: Resource) -> None:
    found = _by_services(private_template)
    assert {service for service, _ in found} == set(TRUSTS)
    for service, conditions in found:
        assert conditions == TRUSTS[service], service
    [permission] = resources(private_template, "AWS::Lambda::Permission").values()
    assert read(permission["SourceArn"]) == "<ApiChangesRule.Arn>"
    assert read(permission["FunctionName"]) == "<FunctionsVerifyFunction.Arn>"


KEYS = {"TopicsIncidents": "TopicsKey", "TopicsAlarms": "TopicsAlarmsKey"}


def test_no_key_silences_both_topics(template: Resource) -> None:
    topics = {
        short(name): read(one["KmsMasterKeyId"])
        for name, one in resources(template, "AWS::SNS::Topic").items()
    }
    assert topics == {topic: f"<{key}.Arn>" for topic, key in KEYS.items()}


@pytest.mark.parametrize("topic", KEYS)
def test_alarms_can_publish_to_an_encrypted_topic(template: Resource, topic: str) -> None:
    [policy] = [
        one
        for one in resources(template, "AWS::SNS::TopicPolicy").values()
        if read(one["Topics"][0]) == f"<{topic}>"
    ]
    [allowed] = [one for one in policy["PolicyDocument"]["Statement"] if one["Effect"] == "Allow"]
    assert allowed["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert (allowed["Action"], read(allowed["Resource"])) == ("sns:Publish", f"<{topic}>")


@pytest.mark.parametrize("name", KEYS.values())
def test_a_key_rotates_and_is_used_by_alarms_as_by_us(template: Resource, name: str) -> None:
    [key] = [one for at, one in resources(template, "AWS::KMS::Key").items() if short(at) == name]
    assert key["EnableKeyRotation"] is True
    [statement] = [one for one in key["KeyPolicy"]["Statement"] if "Service" in one["Principal"]]
    assert set(statement["Action"]) == {"kms:Decrypt", "kms:GenerateDataKey*"}
    used = {
        (role, action)
        for role in GRANTS
        for action, on in granted(template, role)
        if on == f"<{name}.Arn>"
    }
    ours = {("FunctionsIncidents", f"kms:{verb}") for verb in ("Decrypt", "GenerateDataKey")}
    asks = {("FunctionsDispatch", "kms:DescribeKey")}
    assert used == (ours | asks if name == "TopicsKey" else asks)

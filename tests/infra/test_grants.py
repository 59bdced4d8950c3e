"""Who may do what: each role's whole list, so that a grant more fails here as one less does."""

from __future__ import annotations

import pytest

from tests.infra.templates import Resource, granted, read, resources, short

ROLE = "AWS::IAM::Role"
_ARN = "arn:<AWS::Partition>"
_BUCKET = "<ConfigurationBucket.Arn>"
_READS_VERSIONS = {
    ("s3:GetObject", f"{_BUCKET}/config/versions/*"),
    ("s3:ListBucket", _BUCKET),
}


def _logs(name: str) -> set[tuple[str, str]]:
    return {(f"logs:{verb}", f"<{name}Log.Arn>") for verb in ("CreateLogStream", "PutLogEvents")}


def _consumes(queue: str) -> set[tuple[str, str]]:
    verbs = "ReceiveMessage", "ChangeMessageVisibility", "GetQueueUrl", "DeleteMessage"
    return {(f"sqs:{verb}", f"<{queue}.Arn>") for verb in (*verbs, "GetQueueAttributes")}


def _table(*verbs: str) -> set[tuple[str, str]]:
    return {(f"dynamodb:{verb}", "<StateTable.Arn>") for verb in verbs}


GRANTS = {
    "FunctionsDispatch": {
        *_logs("FunctionsDispatch"),
        *_READS_VERSIONS,
        ("s3:GetObject", f"{_BUCKET}/config/allowed.json"),
        ("s3:GetObject", f"{_BUCKET}/config/current.json"),
        *_table("GetItem", "Query", "PutItem", "UpdateItem"),
        ("sqs:SendMessage", "<FunctionsShardsQueue.Arn>"),
        ("sqs:SendMessage", "<FunctionsChangesQueue.Arn>"),
        ("sqs:SendMessage", "<TicksDead.Arn>"),
    },
    "FunctionsProbe": {
        *_logs("FunctionsProbe"),
        *_table("BatchGetItem", "Query", "UpdateItem"),
        *_consumes("FunctionsShardsQueue"),
        ("sqs:SendMessage", "<FunctionsChangesQueue.Arn>"),
        (
            "secretsmanager:GetSecretValue",
            f"{_ARN}:secretsmanager:<AWS::Region>:<AWS::AccountId>:secret:gatewatch/partner-??????",
        ),
        (
            "secretsmanager:GetSecretValue",
            "arn:aws:secretsmanager:eu-west-1:111122223333:secret:client-AbCdEf",
        ),
        (
            "ssm:GetParameter",
            f"{_ARN}:ssm:<AWS::Region>:<AWS::AccountId>:parameter/orders/token",
        ),
        ("kms:Decrypt", "arn:aws:kms:eu-west-1:111122223333:key/1234"),
        ("sts:AssumeRole", "arn:aws:iam::444455556666:role/gatewatch-caller"),
        (
            "execute-api:Invoke",
            f"{_ARN}:execute-api:us-east-1:<AWS::AccountId>:abc123/prod/*",
        ),
    },
    "FunctionsIncidents": {
        *_logs("FunctionsIncidents"),
        *_READS_VERSIONS,
        *_table("GetItem", "Query", "PutItem", "UpdateItem", "DeleteItem"),
        *_consumes("FunctionsChangesQueue"),
        ("sns:Publish", "<TopicsIncidents>"),
        ("sns:Publish", "arn:aws:sns:us-east-1:111122223333:on-call"),
        ("kms:Decrypt", "arn:aws:kms:eu-west-1:111122223333:key/1234"),
        ("kms:GenerateDataKey", "arn:aws:kms:eu-west-1:111122223333:key/1234"),
        ("kms:Decrypt", "<TopicsKey.Arn>"),
        ("kms:GenerateDataKey", "<TopicsKey.Arn>"),
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
    assert {on.partition("/")[0] for on in elsewhere} == {_BUCKET, "<ConfigurationSeedLog.Arn>"}


def test_nothing_is_allowed_on_everything(template: Resource) -> None:
    everywhere = {action for action, on in granted(template, "") if on in ("*", "arn:*")}
    assert everywhere == set()


def test_no_managed_policy_widens_a_role(template: Resource) -> None:
    assert not any(
        "ManagedPolicyArns" in one for one in resources(template, "AWS::IAM::Role").values()
    )


ALARMS = f"{_ARN}:cloudwatch:<AWS::Region>:<AWS::AccountId>:alarm:*"
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
    assert "AWS::Lambda::Permission" not in {
        one["Type"] for one in private_template["Resources"].values()
    }


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
    users = {role for role in GRANTS for _, on in granted(template, role) if on == f"<{name}.Arn>"}
    assert users == ({"FunctionsIncidents"} if name == "TopicsKey" else set())

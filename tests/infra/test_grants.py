"""Who may do what: each role's whole list, so that a grant more fails here as one less does."""

from __future__ import annotations

import pytest

from tests.infra.templates import Resource, granted, named, read, resources

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


def test_each_role_is_for_the_one_service_that_uses_it(template: Resource) -> None:
    users = {
        name: read(one["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]["Service"])
        for name, one in resources(template, "AWS::IAM::Role").items()
    }
    ticks = {name for name, service in users.items() if service == "scheduler.amazonaws.com"}
    assert [name.startswith("MonitorTicksRole") for name in ticks] == [True]
    assert set(users.values()) == {"scheduler.amazonaws.com", "lambda.amazonaws.com"}


def test_alarms_can_publish_to_their_encrypted_topic(template: Resource) -> None:
    [policy] = [
        one
        for one in resources(template, "AWS::SNS::TopicPolicy").values()
        if read(one["Topics"][0]) == "<TopicsAlarms>"
    ]
    allowed = [one for one in policy["PolicyDocument"]["Statement"] if one["Effect"] == "Allow"]
    assert [one["Principal"] for one in allowed] == [{"Service": "cloudwatch.amazonaws.com"}]
    [statement] = allowed
    assert (statement["Action"], read(statement["Resource"])) == ("sns:Publish", "<TopicsAlarms>")
    assert read(statement["Condition"]["ArnLike"]["aws:SourceArn"]) == (
        f"{_ARN}:cloudwatch:<AWS::Region>:<AWS::AccountId>:alarm:*"
    )


def test_alarms_may_use_the_key_of_their_topic(template: Resource) -> None:
    topic = named(template, "AWS::SNS::Topic", "TopicsAlarms")
    assert read(topic["KmsMasterKeyId"]) == "<TopicsKey.Arn>"
    [key] = resources(template, "AWS::KMS::Key").values()
    [statement] = [
        one
        for one in key["KeyPolicy"]["Statement"]
        if one["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    ]
    assert set(statement["Action"]) == {"kms:Decrypt", "kms:GenerateDataKey*"}
    assert read(statement["Condition"]["StringEquals"]["aws:SourceAccount"]) == "<AWS::AccountId>"

"""Whether a resource policy lets strangers in: pure, from the policy as it is rendered."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gatewatch_cdk.readers.policies import Policy


def statement(effect: str = "Allow", **given: Any) -> dict[str, Any]:
    standard = {"Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*"}
    return {"Effect": effect, **standard, **given}


def policy(*statements: Any, private: bool = False, stage: str = "prod") -> Policy:
    return Policy({"Version": "2012-10-17", "Statement": list(statements)}, stage, private)


def deny(operator: str, key: str, value: Any) -> tuple[Any, Any]:
    """As policies are mostly written: everybody, but for some."""
    return statement(), statement("Deny", Condition={operator: {key: value}})


def allow(operator: str, key: str, value: Any) -> tuple[Any]:
    return (statement(Condition={operator: {key: value}}),)


OFFICE = "198.51.100.0/24"
ENDPOINT = "vpce-0a1b2c3d"
CONDITIONS = {
    "not from the office": (deny("NotIpAddress", "aws:SourceIp", OFFICE), False),
    "not from the offices": (deny("NotIpAddress", "aws:SourceIp", [OFFICE, "203.0.113.7"]), False),
    "from a bad address": (deny("IpAddress", "aws:SourceIp", [OFFICE]), True),
    "from the office": (allow("IpAddress", "aws:SourceIp", OFFICE), False),
    "from everywhere": (allow("IpAddress", "aws:SourceIp", "0.0.0.0/0"), True),
    "from inside": (allow("IpAddress", "aws:SourceIp", "10.0.0.0/8"), False),
    "from a large range": (allow("IpAddress", "aws:SourceIp", "52.0.0.0/8"), None),
    "from a parameter": (allow("IpAddress", "aws:SourceIp", {"Ref": "Office"}), None),
    "as text": (allow("StringEquals", "aws:SourceIp", "198.51.100.7"), None),
    "not through the endpoint": (deny("StringNotEquals", "aws:SourceVpce", ENDPOINT), False),
    "through the endpoint": (allow("StringEquals", "aws:sourceVpce", ENDPOINT), False),
    "not of the VPC": (deny("StringNotEquals", "aws:SourceVpc", "vpc-1"), False),
    "through an endpoint if any": (
        allow("StringEqualsIfExists", "aws:SourceVpce", ENDPOINT),
        True,
    ),
    "without an endpoint": (allow("Null", "aws:SourceVpce", "true"), True),
    "only with an endpoint": (allow("Null", "aws:SourceVpce", "false"), False),
    "not of the organisation": (deny("StringNotEquals", "aws:PrincipalOrgID", "o-1"), False),
    "of the organisation": (allow("StringEquals", "aws:PrincipalOrgID", "o-1"), False),
    "of the account": (allow("StringEquals", "aws:PrincipalAccount", "111122223333"), False),
    "of an account": (allow("StringEquals", "aws:SourceAccount", "111122223333"), False),
    "with a role": (allow("ArnLike", "aws:PrincipalArn", "arn:aws:iam::1:role/*"), False),
    "tagged": (allow("StringEquals", "aws:PrincipalTag/team", "orders"), False),
    "any value of those": (allow("ForAnyValue:StringLike", "aws:PrincipalOrgPaths", "o/*"), False),
    "all values of those": (allow("ForAllValues:StringLike", "aws:PrincipalOrgPaths", "o"), True),
    "without TLS": (deny("Bool", "aws:SecureTransport", "false"), True),
    "with TLS": (allow("Bool", "aws:SecureTransport", "true"), True),
    "by the browser": (allow("StringLike", "aws:UserAgent", "*Mozilla*"), None),
    "until a day": (allow("DateLessThan", "aws:CurrentTime", "2030-01-01T00:00:00Z"), None),
    "of an unknown form": ((statement(Condition={"Fn::If": ["a", {}, {}]}),), None),
}


@pytest.mark.parametrize("name", CONDITIONS)
def test_conditions_of_a_stranger_from_the_internet(name: str) -> None:
    statements, admitted = CONDITIONS[name]
    assert policy(*statements).admits_strangers("GET", "/orders") is admitted


PRIVATE = {
    "not through the endpoint": (deny("StringNotEquals", "aws:SourceVpce", ENDPOINT), True),
    "through the endpoint": (allow("StringEquals", "aws:SourceVpce", ENDPOINT), True),
    "of the VPC": (allow("StringEquals", "aws:SourceVpc", "vpc-1"), True),
    "from a subnet": (allow("IpAddress", "aws:VpcSourceIp", "10.0.0.0/24"), None),
    "from an address": (allow("IpAddress", "aws:SourceIp", "10.0.0.0/24"), None),
    "of the organisation": (allow("StringEquals", "aws:PrincipalOrgID", "o-1"), False),
}


@pytest.mark.parametrize("name", PRIVATE)
def test_conditions_of_a_stranger_inside_the_vpc(name: str) -> None:
    statements, admitted = PRIVATE[name]
    assert policy(*statements, private=True).admits_strangers("GET", "/orders") is admitted


API = "arn:aws:execute-api:eu-west-1:111122223333:abc123"
JOINED = {"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":execute-api:eu:1:", {"Ref": "A"}]]}
RESOURCES = {
    "all": ("execute-api:/*", True),
    "anything": ("*", True),
    "this stage": ("execute-api:/prod/*", True),
    "another stage": ("execute-api:/beta/*", False),
    "this method": ("execute-api:/*/GET/*", True),
    "another method": ("execute-api:/*/POST/*", False),
    "this path": ("execute-api:/*/*/orders/*", True),
    "one value of its variable": ("execute-api:/*/GET/orders/42", None),
    "a path beside it": ("execute-api:/*/*/users/*", False),
    "by its name": (f"{API}/prod/GET/orders/*", True),
    "among several": (["execute-api:/beta/*", f"{API}/prod/*"], True),
    "of what the deployment knows": ({"Ref": "Everything"}, None),
    "joined": ({"Fn::Join": ["", [API, "/prod/", {"Ref": "Method"}, "/orders/*"]]}, None),
    "joined with the API's name": (
        {"Fn::Join": ["", [*JOINED["Fn::Join"][1], "/prod/GET/orders/*"]]},
        True,
    ),
    "substituted": ({"Fn::Sub": "arn:${AWS::Partition}:execute-api:a:b:${A}/*/GET/*"}, True),
}


@pytest.mark.parametrize("name", RESOURCES)
def test_resources_of_a_statement(name: str) -> None:
    resource, admitted = RESOURCES[name]
    found = policy(statement(Resource=resource)).admits_strangers("GET", "/orders/{id}")
    assert found is admitted


def test_a_stage_that_only_the_deployment_knows() -> None:
    found = policy(statement(Resource="execute-api:/prod/*"), stage="")
    assert found.admits_strangers("GET", "/") is None


STATEMENTS = {
    "nothing": ((), False),
    "everybody": ((statement(),), True),
    "every action": ((statement(Action="*"),), True),
    "actions of the service": ((statement(Action=["execute-api:*"]),), True),
    "another action": ((statement(Action="execute-api:ManageConnections"),), False),
    "all but another action": (
        (
            {
                **{key: value for key, value in statement().items() if key != "Action"},
                "NotAction": "s3:*",
            },
        ),
        True,
    ),
    "every account": ((statement(Principal={"AWS": ["*"]}),), True),
    "one account": ((statement(Principal={"AWS": "111122223333"}),), False),
    "one role": ((statement(Principal={"AWS": {"Fn::GetAtt": ["Role", "Arn"]}}),), False),
    "a role by parameter": ((statement(Principal={"AWS": {"Ref": "Who"}}),), None),
    "a service": ((statement(Principal={"Service": "events.amazonaws.com"}),), False),
    "all but one": ((statement(), statement("Deny", Principal={"AWS": "1"})), True),
    "nobody": ((statement(), statement("Deny")), False),
    "only some resources": (
        (
            {
                **{key: value for key, value in statement().items() if key != "Resource"},
                "NotResource": "execute-api:/*/GET/admin",
            },
        ),
        True,
    ),
    "an unknown deny beside": (
        (
            statement(),
            statement("Deny", Condition={"StringLike": {"aws:UserAgent": "curl*"}}),
        ),
        None,
    ),
    "a certain deny beside a doubt": (
        (statement(Condition={"StringLike": {"aws:UserAgent": "a"}}), statement("Deny")),
        False,
    ),
}


@pytest.mark.parametrize("name", STATEMENTS)
def test_statements_together(name: str) -> None:
    statements, admitted = STATEMENTS[name]
    assert policy(*statements).admits_strangers("GET", "/orders") is admitted


@pytest.mark.parametrize(
    ("document", "admitted"),
    [
        (json.dumps({"Statement": statement()}), True),
        ({"Statement": statement()}, True),
        ({"Fn::If": ["Private", {}, {}]}, None),
        ({"Statement": {"Fn::If": ["Private", [], []]}}, None),
        ({"Statement": [{"Fn::If": ["Private", {}, {}]}]}, None),
        ("{{resolve:ssm:/policy}}", None),
        ([], None),
    ],
    ids=["text", "one statement", "chosen", "chosen statements", "chosen one", "looked up", "list"],
)
def test_forms_of_a_policy(document: object, admitted: bool | None) -> None:
    assert Policy(document, "prod", is_private=False).admits_strangers("GET", "/") is admitted


def test_who_is_named_gets_in_where_strangers_do_not() -> None:
    found = policy(statement(Principal={"AWS": "111122223333"}))
    assert (found.admits_strangers("GET", "/"), found.admits_known("GET", "/")) == (False, True)


def test_an_address_refuses_those_who_are_named_as_well() -> None:
    found = policy(*deny("NotIpAddress", "aws:SourceIp", OFFICE))
    assert found.admits_known("GET", "/") is False


@pytest.mark.parametrize(
    ("statements", "told"),
    [
        (allow("StringLike", "aws:UserAgent", "a"), "by aws:UserAgent"),
        (allow("IpAddress", "aws:SourceIp", {"Ref": "Office"}), "by aws:SourceIp"),
        ((statement(Resource={"Ref": "A"}),), "by what a synthesis cannot evaluate"),
    ],
    ids=["one key", "a parameter", "a resource"],
)
def test_a_doubt_names_its_keys(statements: Any, told: str) -> None:
    assert policy(*statements).doubts == told


def test_many_stars_are_no_trap() -> None:
    """A search that goes back for each star would not end."""
    found = policy(statement(Resource="execute-api:/" + "*a" * 30 + "b"))
    assert found.admits_strangers("GET", "/" + "a" * 200) is False

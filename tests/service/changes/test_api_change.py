"""What an event says was changed, and of which APIs; from any JSON, and with nobody's secrets."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewatch.config.author import load
from gatewatch.service.changes.api_change import ApiChange, Place, concerned, read_change
from tests.service.changes.api_events import EVENTS, SECRETS, UNMOVED, event, rest_deployment, role

SEEN = datetime(2026, 11, 22, 9, 0, 10, tzinfo=UTC)
PROD = (Place("abc123", "prod"),)
READ: dict[str, tuple[tuple[Place, ...], str | None, tuple[str, ...], str | None]] = {
    "REST CreateDeployment": (PROD, None, (), "dep123"),
    "REST CreateDeployment without a stage": ((Place("abc123"),), None, (), "dep123"),
    "REST UpdateStage": (PROD, None, (), "dep124"),
    "REST PutRestApi": ((Place("abc123"),), None, (), None),
    "REST DeleteMethod": ((Place("abc123"),), None, (), None),
    "REST CreateBasePathMapping": ((), "api.example.com", ("orders",), None),
    "REST UpdateUsagePlan": ((Place("def456", "v1"), *PROD), None, (), None),
    "HTTP CreateDeployment": (PROD, None, (), "dep789"),
    "HTTP CreateStage with autoDeploy": ((Place("abc123", "$default"),), None, (), None),
    "HTTP UpdateRoute": ((Place("abc123"),), None, (), None),
    "HTTP CreateApiMapping": ((), "api.example.com", ("orders", "v2"), None),
    "UpdateApiKey": ((), None, (), None),
}


def read(found: object) -> ApiChange:
    change = read_change(found)
    assert change is not None
    return change


@pytest.mark.parametrize("name", EVENTS)
def test_a_change_is_read(name: str) -> None:
    change = read(EVENTS[name])
    assert (change.places, change.domain, change.base_path, change.deployment) == READ[name]
    assert change.event in name
    assert (change.at, change.by) == (SEEN, "role/deployer")
    assert (change.region, change.account) == ("us-east-1", "111122223333")


@pytest.mark.parametrize("name", EVENTS)
def test_nothing_secret_is_kept(name: str) -> None:
    kept = repr(read(EVENTS[name]))
    assert [one for one in SECRETS if one in kept] == []


@pytest.mark.parametrize("name", UNMOVED)
def test_what_changed_nothing_is_no_change(name: str) -> None:
    assert read_change(UNMOVED[name]) is None


@pytest.mark.parametrize(
    "name",
    [
        "CreateRoute",
        "DeleteRoute",
        "UpdateIntegration",
        "UpdateAuthorizer",
        "DeleteStage",
        "ImportRestApi",
        "ReimportApi",
        "UpdateRestApi",
        "DeleteBasePathMapping",
        "UpdateDomainName",
        "DeleteUsagePlanKey",
        "PutGatewayResponse",
        "FlushStageAuthorizersCache",
    ],
)
def test_a_call_that_changes_what_callers_get_is_a_change(name: str) -> None:
    assert read(event(name)).event == name


@pytest.mark.parametrize(
    ("name", "takes_effect"),
    [
        ("REST DeleteMethod", False),
        ("REST UpdateStage", True),
        ("REST CreateDeployment", True),
        ("REST UpdateUsagePlan", True),
        ("HTTP UpdateRoute", True),
    ],
)
def test_what_a_rest_api_only_defines_takes_effect_later(name: str, takes_effect: bool) -> None:
    assert read(EVENTS[name]).takes_effect is takes_effect


@pytest.mark.parametrize(("key", "takes_effect"), [("restApiId", False), ("apiId", True)])
def test_a_call_of_one_name_is_told_apart_by_the_kind_of_api(key: str, takes_effect: bool) -> None:
    assert read(event("UpdateAuthorizer", {key: "abc123"})).takes_effect is takes_effect


ALIKE = {
    "an error that is null": event("CreateDeployment", errorCode=None, errorMessage=None),
    "a text for false": event("CreateDeployment", readOnly="false"),
    "no event source": event("CreateDeployment", eventSource=None),
}


@pytest.mark.parametrize("found", ALIKE.values(), ids=ALIKE)
def test_it_is_read_leniently(found: object) -> None:
    assert read(found).event == "CreateDeployment"


def test_parameters_are_found_beside_and_within_each_other() -> None:
    nested = event("CreateStage", {"RestApiId": "abc123", "CreateStageInput": {"StageName": "v1"}})
    assert read(nested).places == (Place("abc123", "v1"),)
    assert read(event("ImportRestApi", {}, {"restApiId": "new123"})).places == (Place("new123"),)


WHO: dict[str, tuple[object, str | None]] = {
    "a role": (role("ci"), "role/ci"),
    "a role of which only the session is known": (
        {"type": "AssumedRole", "arn": "arn:aws-cn:sts::111122223333:assumed-role/ci/s@1"},
        "role/ci",
    ),
    "a user": ({"type": "IAMUser", "userName": "alice@example.com"}, "user/alice@example.com"),
    "a federated user": (
        {
            "type": "FederatedUser",
            "sessionContext": {"sessionIssuer": {"type": "IAMUser", "userName": "bob"}},
        },
        "user/bob",
    ),
    "root": ({"type": "Root", "userName": "x"}, "root"),
    "AWS": (
        {"type": "AWSService", "invokedBy": "ops.apigateway.amazonaws.com"},
        "ops.apigateway.amazonaws.com",
    ),
    "nobody": ({}, None),
    "somebody else's": ({"type": "WebIdentityUser", "userName": "9876"}, None),
    "a name of two lines": ({"type": "IAMUser", "userName": "a\nb"}, None),
    "a name that reorders": ({"type": "IAMUser", "userName": "a\u202eb"}, None),
    "a long name": ({"type": "IAMUser", "userName": "x" * 65}, None),
    "a list": ([1], None),
}


@pytest.mark.parametrize(("who", "named"), WHO.values(), ids=WHO)
def test_who_did_it_is_a_short_name(who: object, named: str | None) -> None:
    assert read(event("UpdateStage", {}, who=who)).by == named


TIMES: dict[str, tuple[object, datetime | None]] = {
    "with a zone": ("2026-11-22T10:00:10+01:00", SEEN),
    "without a zone": ("2026-11-22T09:00:10", None),
    "none": (None, None),
    "a number": (1.7e300, None),
    "before its time": ("0001-01-01T00:00:00+14:00", None),
    "after the end": ("9999-12-31T23:59:59-14:00", None),
    "no text of any encoding": ("2026-11-22T09:00:10\ud800", None),
}


@pytest.mark.parametrize(("written", "at"), TIMES.values(), ids=TIMES)
def test_when_it_was(written: object, at: datetime | None) -> None:
    found = rest_deployment()
    found["time"] = found["detail"]["eventTime"] = written
    assert read(found).at == at


def _deep() -> Any:
    found: Any = "x"
    for _ in range(100_000):
        found = [found]
    return found


HOSTILE: dict[str, Any] = {
    "ids of another form": {"restApiId": "abc123; rm", "stageName": "a b"},
    "an id with a line end": {"restApiId": "abc123\n"},
    "numbers": {"restApiId": 1, "apiId": 1.5, "stageName": True},
    "lists": {"restApiId": ["abc123"], "stageName": [], "apiStages": "abc"},
    "deep": {"restApiId": _deep(), "createDeploymentInput": _deep()},
    "long": {"restApiId": "a" * 1_000_000, "stageName": "b" * 1_000_000},
    "digits of other scripts": {"restApiId": "abc\u0661\u0662\u0663"},
    "stages that are none": {"apiStages": [1, None, {"apiId": 1}, {}]},
    "patches that are none": {"patchOperations": [1, {"path": "/apiStages", "value": 1}, {}]},
    "half a character": {"restApiId": "\ud800"},
}


@pytest.mark.parametrize("asked", HOSTILE.values(), ids=HOSTILE)
def test_what_is_not_in_order_names_no_api(asked: object) -> None:
    assert read(event("CreateDeployment", asked, asked)).places == ()


def test_of_very_many_only_so_many_are_read() -> None:
    stages = [{"apiId": f"api{number}", "stage": "prod"} for number in range(100_000)]
    assert len(read(event("UpdateUsagePlan", {"apiStages": stages}, {})).places) == 100


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from(
    [
        "restApiId",
        "apiId",
        "stageName",
        "patchOperations",
        "apiStages",
        "path",
        "value",
        "id",
        "createStageInput",
        "domainName",
        "basePath",
        "apiMappingKey",
        "deploymentId",
    ]
)


@given(ANY, ANY, st.dictionaries(KEYS, ANY), st.sampled_from(["UpdateStage", "CreateApiMapping"]))
def test_any_json_is_a_change_or_none(whole: Any, who: Any, asked: Any, name: str) -> None:
    assert read_change(whole) is None
    assert read_change({"source": "aws.apigateway", "detail": whole}) is None
    read(event(name, asked, asked, who=who))
    read(event(name, whole, whole))


CONFIG = """
apis:
  rest: {url: https://abc123.execute-api.us-east-1.amazonaws.com/prod, routes: [GET /a: public]}
  dev: {url: https://abc123.execute-api.us-east-1.amazonaws.com/dev, routes: [GET /a: public]}
  abroad: {url: https://abc123.execute-api.eu-west-1.amazonaws.com/prod, routes: [GET /a: public]}
  other: {url: https://def456.execute-api.us-east-1.amazonaws.com/v1, routes: [GET /a: public]}
  bare: {url: https://bare12.execute-api.us-east-1.amazonaws.com, routes: [GET /prod/a: public]}
  orders: {url: https://api.example.com/orders, routes: [GET /a: public]}
  returns: {url: https://api.example.com/returns, routes: [GET /a: public]}
  root: {url: https://api.example.com, routes: [GET /a: public]}
  named: {url: https://www.example.com/x, api_id: nam123, routes: [GET /a: public]}
  private:
    url: https://vpce-0a1b-2c.execute-api.us-east-1.vpce.amazonaws.com/prod
    api_id: pri123
    private: true
    routes: [GET /a: public]
  closed:
    url: https://www.example.com/y
    closed_at: [https://clo123.execute-api.us-east-1.amazonaws.com/prod]
    routes: [GET /a: public]
"""
CONCERNED: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "a stage": (EVENTS["REST CreateDeployment"], ("rest",)),
    "an API of which no stage is named": (EVENTS["REST PutRestApi"], ("rest", "dev")),
    "the default stage, whose name is in no URL": (
        EVENTS["HTTP CreateStage with autoDeploy"],
        ("rest", "dev"),
    ),
    "all of a usage plan": (EVENTS["REST UpdateUsagePlan"], ("rest", "other")),
    "a URL that names no stage": (
        event("UpdateStage", {"apiId": "bare12", "stageName": "prod"}),
        ("bare",),
    ),
    "a mapping, and the one of all paths": (
        EVENTS["REST CreateBasePathMapping"],
        ("orders", "root"),
    ),
    "a longer mapping": (EVENTS["HTTP CreateApiMapping"], ("orders", "root")),
    "the mapping of all paths": (
        event("DeleteBasePathMapping", {"domainName": "API.example.com", "basePath": "(none)"}),
        ("orders", "returns", "root"),
    ),
    "a whole domain": (
        event("UpdateDomainName", {"domainName": "*.example.com"}),
        ("orders", "returns", "root", "named", "closed"),
    ),
    "a domain of a like name": (event("UpdateDomainName", {"domainName": "i.example.com"}), ()),
    "an id beside the URL": (event("UpdateRoute", {"apiId": "nam123"}), ("named",)),
    "a private API": (
        event("UpdateStage", {"restApiId": "pri123", "stageName": "prod"}),
        ("private",),
    ),
    "another stage of it": (event("UpdateStage", {"restApiId": "pri123", "stageName": "dev"}), ()),
    "an entrance that is closed": (event("PutRestApi", {"restApiId": "clo123"}), ("closed",)),
    "another API": (event("PutRestApi", {"restApiId": "zzz999"}), ()),
    "no API": (EVENTS["UpdateApiKey"], ()),
    "another region": (
        event("PutRestApi", {"restApiId": "abc123"}, awsRegion="eu-west-1"),
        ("abroad",),
    ),
}


@pytest.mark.parametrize(("found", "names"), CONCERNED.values(), ids=CONCERNED)
def test_which_apis_it_concerns(found: dict[str, Any], names: tuple[str, ...]) -> None:
    assert concerned(read(found), load(CONFIG, "test")) == names


def test_an_event_comes_as_json() -> None:
    for one in (*EVENTS.values(), *UNMOVED.values()):
        assert msgspec.json.decode(json.dumps(one)) == one

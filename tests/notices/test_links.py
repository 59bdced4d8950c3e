"""Pages to read on: only where id, region and kind are known, in each partition's console."""

from __future__ import annotations

import dataclasses

import pytest
from msgspec.structs import replace

from gatewatch.model import EXPOSURES, Exchange, Finding, Incident
from gatewatch.notices.gateway_api import api_of
from gatewatch.notices.links import links
from gatewatch.notices.origin import Origin
from gatewatch.notices.partitions import console
from tests.notices.test_message import AT, EXPOSED, LATER, OPENED, ORIGIN, RESOLVED, SEEN
from tests.support import look

RUNBOOK = "https://wiki.example.com/orders"
HOME = "https://us-east-1.console.aws.amazon.com/apigateway/main"
BOARD = (
    "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1"
    "#dashboards:name=Gatewatch-eu-west-1;start=2026-11-22T08:30:00.000Z;"
    "end=2026-11-22T13:15:00.000Z"
)
ALARMS = (
    "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1"
    "#alarmsV2:?~(search~'Gatewatch)"
)
NOWHERE = Origin()


def hrefs(incident: Incident, origin: Origin = NOWHERE) -> list[str]:
    return [one.href for one in links(incident, origin, LATER)]


def at(url: str, seen: Exchange = SEEN) -> Incident:
    one = replace(seen, request=replace(seen.request, url=url))
    return replace(OPENED, evidence=(one,), runbook=None)


def test_the_runbook_comes_first_and_then_the_dashboard_of_that_time() -> None:
    assert hrefs(OPENED, ORIGIN) == [
        RUNBOOK,
        BOARD,
        f"{HOME}/apis/abc123/resources?api=abc123&region=us-east-1",
        f"{HOME}/apis/abc123/stages?api=abc123&region=us-east-1",
        ALARMS,
    ]


def test_once_it_is_over_nobody_has_to_look_what_is_deployed() -> None:
    assert hrefs(RESOLVED, ORIGIN) == [RUNBOOK, BOARD]


@pytest.mark.parametrize("finding", sorted(EXPOSURES))
def test_an_exposure_names_no_api(finding: Finding) -> None:
    for one in (replace(OPENED, finding=finding), replace(EXPOSED, finding=finding)):
        assert hrefs(one, ORIGIN) == [RUNBOOK, BOARD, ALARMS]
        assert api_of(one) is None


HTTP = look("GET HOST/orders with bearer -> http 404 | Not Found")
EITHER = look("GET HOST/prod/orders with none -> bare 403 | Forbidden")
URL = "https://abc123.execute-api.us-east-1.amazonaws.com/prod/orders"
APIS = {
    "rest": (at(URL), [f"{HOME}/apis/abc123/resources", f"{HOME}/apis/abc123/stages"]),
    "http": (at(URL, HTTP), [f"{HOME}/develop/routes", f"{HOME}/deploy/stages"]),
    "either": (at(URL, EITHER), [f"{HOME}/apis"]),
    "a_custom_domain": (at("https://api.example.com/orders"), []),
    "a_cdn": (at("https://d1.cloudfront.net/orders"), []),
    "a_function": (at("https://abc.lambda-url.us-east-1.on.aws/"), []),
    "a_vpc_endpoint": (at("https://vpce-1-x.execute-api.us-east-1.vpce.amazonaws.com/prod"), []),
    "no_region": (at("https://abc123.execute-api.x.amazonaws.com/prod"), []),
    "a_hostile_region": (at("https://abc123.execute-api.evil.example.com/prod"), []),
    "no_evidence": (replace(OPENED, evidence=(), runbook=None), []),
}


@pytest.mark.parametrize(("incident", "pages"), APIS.values(), ids=APIS)
def test_a_page_of_the_api_is_linked_where_its_kind_is_known(
    incident: Incident, pages: list[str]
) -> None:
    assert [one.partition("?")[0] for one in hrefs(incident)] == pages


CONSOLES = {
    "us-east-1": "https://us-east-1.console.aws.amazon.com",
    "ap-southeast-7": "https://ap-southeast-7.console.aws.amazon.com",
    "cn-northwest-1": "https://cn-northwest-1.console.amazonaws.cn",
    "us-gov-east-1": "https://us-gov-east-1.console.amazonaws-us-gov.com",
    "eusc-de-east-1": "https://eusc-de-east-1.console.amazonaws-eusc.eu",
    "us-iso-east-1": None,
    "us-isob-east-1": None,
    "eu-isoe-west-1": None,
    "": None,
    "evil.example": None,
    "us-east-1/x": None,
    "us-east-1\n": None,
}


@pytest.mark.parametrize(("region", "host"), CONSOLES.items(), ids=ascii)
def test_each_partition_has_its_own_console(region: str, host: str | None) -> None:
    assert console(region) == host


ARNS = {
    "rest": (at(URL), "arn:aws:apigateway:us-east-1::/restapis/abc123/stages/prod"),
    "http": (at(URL, HTTP), "arn:aws:apigateway:us-east-1::/apis/abc123"),
    "china": (
        at("https://abc123.execute-api.cn-north-1.amazonaws.com.cn/prod/x"),
        "arn:aws-cn:apigateway:cn-north-1::/restapis/abc123/stages/prod",
    ),
    "govcloud": (
        at("https://abc123.execute-api.us-gov-west-1.amazonaws.com/prod/x"),
        "arn:aws-us-gov:apigateway:us-gov-west-1::/restapis/abc123/stages/prod",
    ),
    "either": (at(URL, EITHER), None),
    "a_strange_stage": (
        at("https://abc123.execute-api.us-east-1.amazonaws.com/p%20q/x"),
        "arn:aws:apigateway:us-east-1::/restapis/abc123",
    ),
}


@pytest.mark.parametrize(("incident", "arn"), ARNS.values(), ids=ARNS)
def test_the_arn_is_named_where_it_is_known(incident: Incident, arn: str | None) -> None:
    found = api_of(incident)
    assert found is not None
    assert found.arn == arn


def test_names_are_quoted_in_addresses() -> None:
    odd = dataclasses.replace(ORIGIN, dashboard="a b;c", stack="x')y")
    board, alarms = hrefs(replace(OPENED, runbook=None, evidence=()), odd)
    assert "name=a%20b%3Bc;start=" in board
    assert alarms.endswith("search~'x%27%29y)")


def test_without_a_deployment_nothing_of_a_monitor_is_linked() -> None:
    assert hrefs(replace(OPENED, evidence=()), Origin(options=("--state", "x"))) == [RUNBOOK]
    small = dataclasses.replace(ORIGIN, dashboard=None)
    assert hrefs(replace(OPENED, evidence=()), small) == [RUNBOOK, ALARMS]


def test_a_time_without_members_is_that_of_its_opening() -> None:
    [_, board] = hrefs(replace(RESOLVED, members=(), opened_at=AT), ORIGIN)
    assert "start=2026-11-22T08:31:00.000Z" in board

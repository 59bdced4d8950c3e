"""A VPC endpoint called by its own name: a header tells it of the API, in looks and controls."""

from __future__ import annotations

import pytest

from gatewatch.attempt import Attempt, Probe, control
from gatewatch.config.author import load
from gatewatch.evidence import evidence
from gatewatch.gateway.url import HostKind, parse
from gatewatch.model import Exchange
from gatewatch.notices.commands import filled
from gatewatch.plan import plan
from gatewatch.raw import RawExchange
from gatewatch.redaction.redactor import Redactor
from tests.probe.test_prober import attempt, prober, sent
from tests.servers import answering, serving

ENDPOINT = "https://vpce-0a1b2c3d-4e5f6a7b.execute-api.eu-west-1.vpce.amazonaws.com/prod"
TOLD = ("x-apigw-api-id", "abc123")


def _probes(more: str = "") -> list[Probe]:
    text = (
        f"apis:\n  orders:\n    url: {ENDPOINT}\n    private: true\n    api_id: abc123\n"
        f"    {more}\n"
        "    routes: [GET /orders: public]\n"
    )
    return plan(load(text, "test"))


@pytest.mark.parametrize(
    ("host", "api_id", "endpoint"),
    [
        ("abc123.execute-api.eu-west-1.amazonaws.com", "abc123", None),
        ("abc123-vpce-0a1b2c3d.execute-api.eu-west-1.amazonaws.com", "abc123", None),
        (
            "vpce-0a1b2c3d-4e5f6a7b.execute-api.eu-west-1.vpce.amazonaws.com",
            None,
            "vpce-0a1b2c3d-4e5f6a7b",
        ),
        (
            "vpce-0a1b2c3d-4e5f6a7b-eu-west-1a.execute-api.eu-west-1.vpce.amazonaws.com",
            None,
            "vpce-0a1b2c3d-4e5f6a7b-eu-west-1a",
        ),
    ],
)
def test_a_host_names_an_api_or_an_endpoint(
    host: str, api_id: str | None, endpoint: str | None
) -> None:
    found = parse(f"https://{host}/prod/orders")
    assert (found.host_kind, found.region) == (HostKind.EXECUTE_API, "eu-west-1")
    assert (found.api_id, found.endpoint, found.stage) == (api_id, endpoint, "prod")


def test_looks_and_controls_name_the_api() -> None:
    [probe] = _probes()
    assert TOLD in probe.attempts[0].headers
    assert TOLD in control(probe, "GET", f"{ENDPOINT}/gatewatch-no-such-route").headers


def test_an_entrance_that_names_an_api_is_told_nothing() -> None:
    other = "https://def456.execute-api.eu-west-1.amazonaws.com/prod"
    _, second = _probes(f"also_at: ['{other}']")
    assert second.attempts[0].headers == ()
    assert control(second, "GET", f"{other}/gatewatch-no-such-route").headers == ()


def test_the_header_arrives() -> None:
    with serving(answering()) as server:
        sent(prober(), attempt(f"http://{server.place}/x", headers=(TOLD,)))
    assert b"x-apigw-api-id: abc123" in server.requests[0].lower()


def _seen(look: Attempt) -> Exchange:
    return evidence(RawExchange(attempt=look, sent_at="2026-11-22T09:00:00+00:00"), Redactor())


def test_the_next_command_names_the_api_and_not_the_endpoint() -> None:
    seen = _seen(_probes()[0].attempts[0])
    assert seen.request.headers == dict([TOLD])
    command = "aws apigateway get-rest-api --rest-api-id <api_id> --region <region>"
    assert filled(command, seen) == (
        "aws apigateway get-rest-api --rest-api-id abc123 --region eu-west-1"
    )

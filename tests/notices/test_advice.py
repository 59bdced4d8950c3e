"""What people are told to do next fits who answered: the gateway, a CDN, a balancer, a machine."""

from __future__ import annotations

import json

import pytest

from gatewatch.cli.show import console, diagnosis, put
from gatewatch.diagnosis.ask import missing_path, questions
from gatewatch.diagnosis.causes import catalogue
from gatewatch.diagnosis.diagnose import diagnose
from gatewatch.diagnosis.elimination import survivors
from gatewatch.diagnosis.look import look_at
from gatewatch.diagnosis.place import Place
from gatewatch.model import CredentialKind, Exchange
from gatewatch.notices.commands import next_command
from tests.support import HOST, look

MAT = "rest 403 MissingAuthenticationTokenException | Missing Authentication Token"
FORBIDDEN = "rest 403 ForbiddenException | Forbidden"
BALANCER = "bare 403 | <html><h1>403 Forbidden</h1></html> | server: awselb/2.0"
PAGE = "bare 403 | <html>The request could not be satisfied. Request blocked.</html>"
GRAPHQL = "https://abc.appsync-api.us-east-1.amazonaws.com/graphql"
WAF_OF_APPSYNC = json.dumps({"errors": [{"errorType": "WAFForbiddenException", "message": "no"}]})


def shown(*exchanges: Exchange) -> str:
    out = console()
    with out.capture() as captured:
        put(out, diagnosis(diagnose(exchanges), exchanges))
    return captured.get()


@pytest.mark.parametrize("host", ["d1.cloudfront.net", "a.us-east-1.elb.amazonaws.com"])
def test_nobody_is_told_to_sign_for_a_name_that_the_api_does_not_see(host: str) -> None:
    one = look(f"GET https://{host}/x -> {MAT}")
    probe = diagnose([one]).next_probe
    assert probe is None or probe.credential != "sigv4"
    assert "--aws-sigv4" not in shown(one)


def test_at_the_default_endpoint_a_signature_settles_it() -> None:
    probe = diagnose([look(f"GET {HOST}/prod/x -> {MAT}")]).next_probe
    assert probe is not None
    assert probe.credential == "sigv4"


@pytest.mark.parametrize(
    ("sent", "answer", "part"),
    [
        (f"GET {HOST}/prod/x", FORBIDDEN, "/restapis/abc123/stages/prod"),
        ("GET https://a.us-east-1.elb.amazonaws.com/x", BALANCER, ":loadbalancer/"),
        ("GET https://api.example.com/x", PAGE, "--scope CLOUDFRONT"),
        (f"POST {GRAPHQL}", f"bare 403 | {WAF_OF_APPSYNC}", "arn:aws:appsync:"),
    ],
    ids=["a stage", "a balancer", "a distribution", "AppSync"],
)
def test_a_web_acl_is_looked_for_where_it_can_be(sent: str, answer: str, part: str) -> None:
    command = next_command(catalogue()["waf_blocked"], [look(f"{sent} -> {answer}")]) or ""
    assert part in command
    assert "get-sampled-requests" in command
    elsewhere = {"/restapis/", ":loadbalancer/", "--scope CLOUDFRONT", "arn:aws:appsync:"}
    assert [one for one in elsewhere if one in command] == [one for one in elsewhere if one in part]


@pytest.mark.parametrize(
    ("sent", "answer", "told"),
    [
        (f"GET {HOST}/prod/x", MAT, True),
        (f"GET {HOST}/prod/x", "none Could not resolve host", False),
        (f"GET {HOST}/prod/x", "none tls: handshake", False),
        ("GET https://a.us-east-1.elb.amazonaws.com/x", BALANCER, False),
        ("GET https://api.example.com/x", PAGE, False),
        (
            "GET https://abc.lambda-url.us-east-1.on.aws/",
            'function_url 403 | {"Message":null}',
            False,
        ),
        (f"GET {HOST}/prod/x", "http 404 | Not Found", False),
        ("GET http://localhost:4566/x", MAT, False),
    ],
    ids=[
        "a REST API",
        "no name",
        "no TLS",
        "a balancer",
        "a CDN",
        "a function URL",
        "an HTTP API",
        "this machine",
    ],
)
def test_test_invoke_is_spoken_of_where_there_is_one(sent: str, answer: str, told: bool) -> None:
    assert ("test-invoke proves nothing" in shown(look(f"{sent} -> {answer}"))) is told


@pytest.mark.parametrize(
    ("host", "told"),
    [
        ("localhost:4566", True),
        ("127.0.0.1:3000", True),
        ("[::1]:3000", True),
        ("abc.execute-api.localhost.localstack.cloud:4566", True),
        ("host.docker.internal", True),
        ("localhost.example.com", False),
        ("api.example.com", False),
    ],
)
def test_this_machine_is_no_gateway_and_it_is_said(host: str, told: bool) -> None:
    assert ("no API Gateway" in shown(look(f"GET http://{host}/x -> {MAT}"))) is told


@pytest.mark.parametrize("path", ["/", "/x", "/prod/x"])
@pytest.mark.parametrize("host", ["https://api.example.com", HOST])
def test_no_control_repeats_another(host: str, path: str) -> None:
    subject = look(f"GET {host}{path} -> {FORBIDDEN}")
    nowhere = missing_path(f"{host}{path}")
    control = look(f"GET {nowhere} (control) -> {FORBIDDEN}")
    looks = (look_at(subject, subject), look_at(control, subject))
    causes = tuple(one.cause for one in survivors(looks, 0))
    places = {(one.place, one.credential) for one in questions(looks, 0, causes)}
    assert not places & {
        (Place.NO_SUCH_PATH, CredentialKind.NONE),
        (Place.NO_SUCH_SIBLING, CredentialKind.NONE),
    }

"""The commands that people paste: safe in a shell, made for the API at hand, and known to AWS."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from functools import cache
from pathlib import Path

import pytest
from botocore import xform_name
from botocore.model import OperationModel
from botocore.session import Session
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from gatewatch.diagnosis.causes import catalogue
from gatewatch.diagnosis.diagnose import diagnose
from gatewatch.model import Exchange, Finding
from gatewatch.notices.commands import BY_FINDING, filled, next_command
from tests.support import HOST, look, recorded

GET = "GET HOST/prod/x"


def command(cause: str, *exchanges: Exchange, finding: Finding = Finding.REFUSED) -> str:
    return next_command(catalogue().get(cause), exchanges, finding) or ""


def at(url: str, answer: str = "rest 403 ForbiddenException | Forbidden") -> Exchange:
    one = look(f"GET HOST/x -> {answer}")
    return replace(one, request=replace(one.request, url=url))


def identified(request_id: str) -> Exchange:
    one = look(f"{GET} -> rest 504 InternalServerErrorException | Endpoint request timed out")
    return replace(one, response=replace(one.response, headers={"x-amzn-RequestId": request_id}))


def denied(arn: str) -> Exchange:
    text = (
        "User: anonymous is not authorized to perform: execute-api:Invoke on resource: "
        f"arn:aws:execute-api:us-east-1:********1111:{arn}"
    )
    return look(f"GET https://api.example.com/x -> rest 403 AccessDeniedException | {text}")


# What a hostile URL, header or body could do


HOSTILE = {
    "a stage": ("stage_not_found", at(f"{HOST}/$(touch${{IFS}}PWNED)/orders")),
    "a URL": ("connect_failure", at(f"{HOST}/a';touch${{IFS}}PWNED;'")),
    "a request id": ("integration_timeout", identified("r';touch${IFS}PWNED;'")),
    "an API id in a body": (
        "resource_policy_deny",
        denied("$(touch${IFS}PWNED)/prod/GET/orders with an explicit deny"),
    ),
    "a stage in a body": (
        "resource_policy_deny",
        denied("abc123/`touch${IFS}PWNED`/GET/orders with an explicit deny"),
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_pasted_command_runs_nothing_that_a_stranger_wrote(name: str, tmp_path: Path) -> None:
    for program in ("aws", "curl"):
        (tmp_path / program).write_text("#!/bin/sh\n")
        (tmp_path / program).chmod(0o700)
    cause, exchange = HOSTILE[name]
    line = command(cause, exchange)
    assert line
    subprocess.run(
        ["bash", "-c", line],
        cwd=tmp_path,
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        check=False,
    )
    assert not (tmp_path / "PWNED").exists()


@given(st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1))
def test_a_url_stays_one_word(path: str) -> None:
    url = f"https://api.example.com/{path}"
    assert shlex.split(filled("curl -g <url> -v", at(url))) == ["curl", "-g", url, "-v"]


@pytest.mark.parametrize("url", ["-K/etc/passwd", "file:///etc/passwd", "https://h/\nrm"])
def test_what_is_no_url_is_left_for_a_person_to_fill(url: str) -> None:
    assert filled("curl <url>", at(url)) == "curl <url>"


@pytest.mark.parametrize("stage", ["--endpoint-url", "$default", "pr%20od", "pröd-1"])
def test_a_stage_is_a_word_that_aws_would_take(stage: str) -> None:
    expected = "'$default'" if stage == "$default" else "<stage>"
    assert filled("<stage>", at(f"{HOST}/{stage}/x")) == expected


def texts() -> dict[str, str]:
    return {
        **{name: cause.prose for name, cause in catalogue().items()},
        **{finding.value: text for finding, text in BY_FINDING.items()},
    }


@pytest.mark.parametrize("name", texts())
def test_no_placeholder_stands_in_quotes(name: str) -> None:
    for line in texts()[name].splitlines():
        if line.startswith("    "):
            quoted = re.findall(r"(?<!\\)(['\"])(.*?)(?<!\\)\1", line)
            assert not any(re.search(r"<\w+>", text) for _, text in quoted), line


# The kind of API


KINDS = [
    ("route_not_found", f"{GET} -> http 404 | Not Found", "aws apigatewayv2 get-routes"),
    (
        "route_not_found",
        f"{GET} -> rest 403 MissingAuthenticationTokenException | Missing Authentication Token",
        "aws apigateway get-stage ",
    ),
    ("identity_source_missing", f"{GET} -> http 401 | Unauthorized", "aws apigatewayv2 get-auth"),
    ("identity_source_missing", f"{GET} -> rest 401 UnauthorizedException", "aws apigateway get-a"),
    ("authorizer_denied", f"{GET} -> http 403 | Forbidden", "aws apigatewayv2 get-authorizers"),
    ("integration_timeout", f"{GET} -> http 503 | x", "aws apigatewayv2 get-stages"),
    ("integration_timeout", f"{GET} -> rest 504 x", "aws logs filter-log-events"),
    ("stage_not_found", f"{GET} -> http 404 | Not Found", "aws apigatewayv2 get-stages"),
    ("default_endpoint_disabled", f"{GET} -> http 404 | x", "aws apigatewayv2 get-api "),
    ("websocket_route_not_found", "GET wss://h.example.com/x -> bare 0", "aws apigatewayv2"),
    ("api_key_not_in_usage_plan", f"{GET} -> rest 403 x", "aws apigateway get-usage-plans"),
]


@pytest.mark.parametrize(("cause", "line", "begins"), KINDS)
def test_a_command_fits_the_kind_of_api(cause: str, line: str, begins: str) -> None:
    assert command(cause, look(line)).startswith(begins)


def test_where_the_kind_is_not_known_each_command_says_what_it_is_for() -> None:
    lines = command("stage_not_found", look(f"{GET} -> bare 403 | Forbidden")).splitlines()
    assert [line for line in lines if line.startswith("#")] == [
        "# if this is a REST API:",
        "# if this is an HTTP API:",
    ]


def test_a_control_tells_the_kind_of_api() -> None:
    bare = look(f"{GET} -> none timeout")
    control = look("GET HOST/prod/nope (control) -> http 404 | Not Found")
    assert command("stage_not_found", bare, control).startswith("aws apigatewayv2")


@pytest.mark.parametrize("row", ["as-001", "as-002", "ms-049", "ms-117", "fu-001"])
def test_other_front_doors_get_no_command_that_would_fail(row: str) -> None:
    exchange = recorded(row)
    for candidate in diagnose([exchange]).candidates:
        line = command(candidate.cause, exchange)
        assert "aws apigateway " not in line
        assert "/restapis/" not in line


def test_a_signature_names_the_service_of_its_front_door() -> None:
    assert "aws:amz:<region>:execute-api" in command("iam_unsigned", at("https://h.example.com/x"))
    url = "https://abcdef.lambda-url.us-east-1.on.aws/"
    assert "aws:amz:us-east-1:lambda" in command("iam_unsigned", at(url))


@pytest.mark.parametrize("cause", ["iam_unsigned", "signature_mismatch"])
@pytest.mark.parametrize("method", ["POST", "DELETE", "HEAD"])
def test_no_command_calls_a_write_in_earnest(cause: str, method: str) -> None:
    refused = look(f"{method} HOST/prod/x -> rest 403 x")
    assert "curl" not in command(cause, refused)
    assert command(cause, refused).startswith("aws ")
    assert "curl" in command(cause, look(f"{GET} -> rest 403 x"))


@pytest.mark.parametrize(
    ("finding", "answer", "begins"),
    [
        (Finding.PROTECTED_ROUTE_OPEN, "backend 200", "aws apigateway get-stage "),
        (Finding.PROTECTED_ROUTE_OPEN, "behind_http 200", "aws apigatewayv2 get-routes"),
        (Finding.GUARD_WEAKENED, "backend 400", "aws apigateway get-stage "),
        (Finding.ENTRANCE_NOT_CLOSED, "backend 200", "aws apigateway get-rest-api"),
        (Finding.CERTIFICATE_EXPIRING, "backend 200", "openssl s_client"),
    ],
)
def test_a_finding_that_is_no_refusal_has_its_command(
    finding: Finding, answer: str, begins: str
) -> None:
    assert command("ok", look(f"{GET} -> {answer}"), finding=finding).startswith(begins)


# What the AWS CLI knows


ONLY_IN_THE_CLI = {"logs tail"}
EVERYWHERE = {"--region", "--query", "--output"}


def aws_lines() -> list[str]:
    whole = "\n".join(texts().values()).replace("\\\n", " ")
    return sorted({line.strip() for line in whole.splitlines() if line.startswith("    aws ")})


@cache
def operation(service: str, name: str) -> OperationModel:
    model = Session().get_service_model(service)
    found = {xform_name(one, "-"): one for one in model.operation_names}
    return model.operation_model(found[name])


@pytest.mark.parametrize("line", aws_lines())
def test_the_aws_cli_knows_the_command(line: str) -> None:
    _, service, name, *words = shlex.split(re.sub(r"<\w+>", "x", line))
    if f"{service} {name}" in ONLY_IN_THE_CLI:
        return
    shape = operation(service, name).input_shape
    members = {f"--{xform_name(member, '-')}" for member in shape.members} if shape else set()
    needed = {f"--{xform_name(member, '-')}" for member in shape.required_members} if shape else []
    given = {word for word in words if word.startswith("--")}
    assert given - EVERYWHERE <= members
    assert given >= set(needed)

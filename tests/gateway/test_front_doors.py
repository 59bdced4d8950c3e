"""WebSocket APIs and AppSync speak in forms of their own: whose they are, the form tells."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gatewatch.diagnosis.diagnose import diagnose
from gatewatch.model import Confidence, Diagnosis
from gatewatch.transcripts.exchanges import exchange as from_json
from gatewatch.transcripts.read import read_transcript

FRAME = {"connectionId": "GrE4gfZmIAMCJUQ=", "requestId": "GrE5BH4PIAMF0Zw="}
GRAPHQL = "https://abcdef.appsync-api.eu-west-1.amazonaws.com/graphql"


def pasted(text: str) -> Diagnosis:
    [found] = read_transcript(text).transcripts
    return diagnose(found.exchanges)


def error(kind: str, message: str) -> str:
    return json.dumps({"errors": [{"errorType": kind, "message": message}]})


def sent(credential: str, status: int | None, body: str | None, url: str = GRAPHQL) -> Diagnosis:
    row: dict[str, Any] = {
        "request": {"method": "POST", "url": url, "credential": credential},
        "response": {"status": status, "body": body},
    }
    return diagnose([from_json(row)])


def names(found: Diagnosis) -> set[str]:
    return {one.cause for one in found.candidates}


def test_a_frame_that_says_forbidden_is_a_routing_fault() -> None:
    found = pasted(json.dumps({"message": "Forbidden", **FRAME}))
    assert (found.cause, found.confidence) == ("websocket_route_not_found", Confidence.CERTAIN)


@pytest.mark.parametrize("order", [["requestId", "message", "connectionId"], sorted(FRAME)])
def test_the_order_of_a_frames_keys_does_not_matter(order: list[str]) -> None:
    frame = {"message": "Forbidden", **FRAME}
    shuffled = {name: frame[name] for name in [*order, *frame]}
    assert pasted(json.dumps(shuffled)).cause == "websocket_route_not_found"


def test_a_frame_of_a_failing_integration_names_integration_causes_alone() -> None:
    found = pasted(json.dumps({"message": "Internal server error", **FRAME}))
    assert {one.layer for one in found.candidates} == {"integration"}


def test_a_frame_under_a_status_of_its_own_is_a_refused_handshake() -> None:
    row = {
        "api_kind": "websocket",
        "request": {"method": "GET", "url": "wss://abc123.execute-api.us-east-1.amazonaws.com/x"},
        "response": {"status": 403, "body": json.dumps({"message": "Forbidden", **FRAME})},
    }
    found = diagnose([from_json(row)])
    assert "stage_not_found" in names(found)
    assert found.confidence is Confidence.AMBIGUOUS


@pytest.mark.parametrize("body", ['{"message":"Not Found"}', None, ""])
def test_a_management_call_that_finds_nothing_met_another_api(body: str | None) -> None:
    row = {
        "api_kind": "websocket",
        "request": {
            "method": "POST",
            "url": "https://abc123.execute-api.us-east-1.amazonaws.com/prod/@connections/abc=",
            "credential": "sigv4",
        },
        "response": {"status": 404, "body": body},
    }
    assert "route_not_found" in names(diagnose([from_json(row)]))


EXPIRED = error("UnauthorizedException", "You are not authorized to make this call.")
BLOCKED = error("WAFForbiddenException", "403 Forbidden")


@pytest.mark.parametrize(
    ("credential", "status", "body", "cause"),
    [
        ("api_key", 401, EXPIRED, "appsync_key_expired"),
        ("api_key", None, EXPIRED, "appsync_key_expired"),
        ("api_key", 403, BLOCKED, "waf_blocked"),
        ("none", 403, BLOCKED, "waf_blocked"),
        ("bearer", 401, EXPIRED, "cognito_token_rejected"),
        (
            "none",
            401,
            error("UnauthorizedException", "Valid authorization header not provided."),
            "identity_source_missing",
        ),
        (
            "sigv4",
            403,
            error(
                "UnrecognizedClientException",
                "The security token included in the request is invalid.",
            ),
            "security_token_invalid",
        ),
        (
            "sigv4",
            403,
            error(
                "AccessDeniedException",
                "User: arn:aws:iam::111122223333:user/u is not authorized to perform:"
                " appsync:GraphQL on resource: arn:aws:appsync:eu-west-1:111122223333:apis/abcdef"
                "/types/Query/fields/x because no identity-based policy allows the appsync:GraphQL"
                " action",
            ),
            "iam_implicit_deny",
        ),
    ],
)
def test_what_appsync_says(credential: str, status: int | None, body: str, cause: str) -> None:
    found = sent(credential, status, body)
    assert found.cause == cause


@pytest.mark.parametrize("url", ["https://api.example.com/graphql", ""])
def test_appsync_is_known_by_its_error_types_at_any_name(url: str) -> None:
    assert sent("api_key", 401, EXPIRED, url).cause == "appsync_key_expired"


def test_a_pasted_error_of_appsync_is_explained() -> None:
    assert pasted(BLOCKED).cause == "waf_blocked"
    assert {"appsync_key_expired", "cognito_token_rejected"} <= names(pasted(EXPIRED))


def test_a_token_that_appsync_refuses_in_its_own_words_is_a_refused_token() -> None:
    found = pasted(error("UnauthorizedException", "Token has expired."))
    assert names(found) <= {
        "cognito_token_rejected",
        "cognito_token_missing",
        "appsync_key_expired",
    }
    assert found.cause == "cognito_token_rejected"


def test_a_query_that_appsync_cannot_read_is_no_refusal_of_a_guard() -> None:
    bad = error("BadRequestException", "Unable to parse GraphQL query.")
    assert read_transcript(bad).transcripts == ()
    assert sent("api_key", 400, bad).cause == "unknown"


def test_another_graphql_servers_errors_are_not_appsyncs() -> None:
    body = json.dumps({"errors": [{"message": "no", "extensions": {"code": "FORBIDDEN"}}]})
    assert "appsync_key_expired" not in names(sent("api_key", 401, body, "https://h.example.com/g"))

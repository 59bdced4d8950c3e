"""What was not told of an exchange rules nothing out: dropping a part only opens possibilities."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewatch.diagnosis.diagnose import diagnose
from gatewatch.model import Confidence, Diagnosis
from gatewatch.notices.words import seen_phrase, sent_phrase, verdict_phrase
from gatewatch.transcripts.exchanges import exchange as from_json
from gatewatch.transcripts.read import read_transcript
from tests.support import corpus

Row = dict[str, Any]
RANKS = {
    Confidence.UNKNOWN: 0,
    Confidence.AMBIGUOUS: 1,
    Confidence.LIKELY: 2,
    Confidence.CERTAIN: 3,
}
ROWS: dict[str, Row] = corpus()


def copied(row: Row) -> Row:
    found: Row = json.loads(json.dumps(row))
    found["response"].setdefault("headers", {})
    found["request"].setdefault("headers", {})
    return found


def without(side: str, name: str) -> Callable[[Row], None]:
    return lambda row: row[side].pop(name, None)


def without_header(side: str, name: str) -> Callable[[Row], None]:
    return lambda row: row[side].get("headers", {}).pop(name, None)


def without_status(row: Row) -> None:
    row["response"]["status"] = None


def without_caller(row: Row) -> None:
    row["request"].pop("credential", None)
    row["request"].pop("credentials", None)
    row["request"].pop("headers", None)


def cut(end: int) -> Callable[[Row], None]:
    def shorten(row: Row) -> None:
        row["response"]["body"] = (row["response"].get("body") or "")[:end]

    return shorten


def parts(row: Row) -> Iterator[tuple[str, Callable[[Row], None]]]:
    """Every part of an exchange that may have been left out, and how to leave it out."""
    yield "method", without("request", "method")
    yield "url", without("request", "url")
    yield "caller", without_caller
    yield "status", without_status
    yield "headers", without("response", "headers")
    for name in row["response"].get("headers", {}):
        yield f"header {name}", without_header("response", name)
    if 200 <= row["response"].get("status", 0) < 300:
        # A success is told by its status alone (the contract of an exchange): of its body, only
        # a broken rest says that something is missing.
        return
    yield "body", without("response", "body")
    length = len(row["response"].get("body") or "")
    for end in sorted({0, 1, length // 4, length // 2, length * 3 // 4, length - 1}):
        if 0 <= end < length:
            yield f"body after {end}", cut(end)


def told(row: Row) -> Diagnosis:
    return diagnose([from_json(row)])


def overclaims(more: Diagnosis, less: Diagnosis) -> list[str]:
    """What the lesser evidence claims that the fuller does not support. Unknown claims nothing."""
    if less.confidence is Confidence.UNKNOWN:
        return []
    lost = {one.cause for one in more.candidates} - {one.cause for one in less.candidates}
    found = [f"lost {sorted(lost)}"] if lost else []
    if RANKS[less.confidence] > RANKS[more.confidence]:
        found.append(f"{less.cause} became {less.confidence}")
    if RANKS[less.layer_confidence] > RANKS[more.layer_confidence]:
        found.append(f"layer {less.layer} became {less.layer_confidence}")
    return found


@pytest.mark.parametrize("row", ROWS.values(), ids=list(ROWS))
def test_leaving_out_one_part_never_makes_it_surer(row: Row) -> None:
    full = told(row)
    for name, leave_out in parts(copied(row)):
        less = copied(row)
        leave_out(less)
        assert overclaims(full, told(less)) == [], name


@given(st.data())
def test_leaving_out_more_parts_never_makes_it_surer(data: st.DataObject) -> None:
    row = ROWS[data.draw(st.sampled_from(sorted(ROWS)))]
    known = dict(parts(copied(row)))
    names = data.draw(st.lists(st.sampled_from(sorted(known)), unique=True, max_size=4))
    less = copied(row)
    full = told(row)
    for name in names:
        known[name](less)
        if less["response"].get("headers") is None:
            less["response"]["headers"] = {}
    assert overclaims(full, told(less)) == [], names


CURL = "curl https://abc123.execute-api.us-east-1.amazonaws.com/prod/x"
QUIET = CURL.replace("curl ", "curl -s -o /dev/null -w '%{http_code}' ")
PAGE = "<HTML><HEAD><TITLE>ERROR: The request could not be satisfied</TITLE></HEAD><BODY>"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"{CURL}\n", id="a command by itself"),
        pytest.param(f"{CURL} \\\n  -H 'accept: */*' \\\n  --compressed\n", id="on three lines"),
        pytest.param(f"{CURL}\n...\n", id="a command and an elision"),
        pytest.param(f'{CURL}\n{{"message":"Limit Exceeded"}}', id="a body"),
        pytest.param(f"{QUIET}\n403\n", id="the status alone"),
        pytest.param(f'{CURL}\nResponse:\n{{"message":"Forbidden"}}', id="a line that says so"),
        pytest.param(f"{CURL}\n{PAGE}Request blocked.</BODY></HTML>", id="a page of CloudFront"),
        pytest.param(
            f"{CURL}\n<html><body><center><h1>403 Forbidden</h1></center></body></html>",
            id="a page of a load balancer",
        ),
        pytest.param(
            f"{CURL}\n<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>",
            id="a refusal by S3",
        ),
        pytest.param(
            f"{CURL}\n<HTML><TITLE>Access Denied</TITLE>You don't have permission. Reference #1",
            id="a page of Akamai",
        ),
        pytest.param(f"{CURL}\n<html><title>Just a moment...</title></html>", id="of Cloudflare"),
        pytest.param(f'{CURL}\n{{"error":"no such order"}}', id="an owner's own JSON"),
        pytest.param(
            "curl -v https://h.example.com/demo\n...\n> GET /demo HTTP/2\n> Host: h.example.com\n>",
            id="a request line after an elision",
        ),
    ],
)
def test_a_status_that_is_not_told_is_no_failure_of_the_network(text: str) -> None:
    [found] = read_transcript(text).transcripts
    diagnosis = diagnose(found.exchanges)
    assert not {one.layer for one in diagnosis.candidates} & {"network", "ok"}


@pytest.mark.parametrize(
    ("text", "cause", "confidence"),
    [
        (
            f'{CURL} \\\n-H "x-api-key: kkkkkkkk"\n\n{{"message":"Limit Exceeded"}}',
            "quota",
            "certain",
        ),
        (f"{QUIET}\n403\n", "route_not_found", "ambiguous"),
        (f"{QUIET}\n000\n", "tls_failure", "ambiguous"),
        (f"{CURL}\n{PAGE}Request blocked.", "cloudfront_blocked", "ambiguous"),
        (f"{CURL}\n", "unknown", "unknown"),
    ],
    ids=["two lines and a body", "a printed 403", "a printed 000", "a page", "nothing"],
)
def test_what_a_command_and_its_output_tell(text: str, cause: str, confidence: str) -> None:
    [found] = read_transcript(text).transcripts
    diagnosis = diagnose(found.exchanges)
    assert diagnosis.cause.startswith(cause)
    assert diagnosis.confidence == confidence


def test_a_printed_status_is_not_part_of_the_body() -> None:
    written = CURL.replace("curl ", r"curl -w ' took %{time_total}s\n%{http_code}\n' ")
    [found] = read_transcript(f'{written}\n{{"message":"Forbidden"}} took 0.2s\n403\n').transcripts
    response = found.exchanges[0].response
    assert (response.status, response.body) == (403, '{"message":"Forbidden"}')


def test_the_answer_after_an_elided_transcript_is_one_exchange() -> None:
    sent = "curl -v https://h.example.com/demo\n...\n> GET /demo HTTP/2\n> Host: h.example.com\n>\n"
    [found] = read_transcript(f"{sent}< HTTP/2 401\n< apigw-requestid: a\n<\n").transcripts
    assert found.exchanges[0].response.status == 401


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        (
            "The request signature we calculated does not match the signature",
            "payload_hash_missing",
        ),
        ("Missing Authentication Token", "stage_in_custom_domain_url"),
        ("Missing Authentication Token", "root_without_method"),
    ],
)
def test_a_body_by_itself_rules_out_nothing_about_the_request(body: str, cause: str) -> None:
    [found] = read_transcript(json.dumps({"message": body})).transcripts
    diagnosis = diagnose(found.exchanges)
    assert cause in {one.cause for one in diagnosis.candidates}
    assert diagnosis.confidence is Confidence.AMBIGUOUS


@pytest.mark.parametrize(
    "left_out", [{}, {"method": None, "url": None, "headers": None}, {"method": "", "url": ""}]
)
def test_fields_of_a_request_may_be_absent_null_or_empty(left_out: Row) -> None:
    response = {"status": 403, "body": '{"message":"Missing Authentication Token"}'}
    found = told({"request": left_out, "response": response})
    assert {"stage_in_custom_domain_url", "iam_unsigned"} <= {one.cause for one in found.candidates}


def test_an_empty_response_says_that_none_came_and_a_null_status_that_none_was_told() -> None:
    request = {"method": "GET", "url": "https://h.example.com/x", "credential": "none"}
    assert told({"request": request, "response": {}}).layer == "network"
    assert told({"request": request, "response": {"status": 0}}).layer == "network"
    assert told({"request": request, "response": {"status": None}}).layer == "unknown"
    assert told({"request": request}).layer == "unknown"


def test_what_was_not_told_is_said_to_be_so() -> None:
    [found] = read_transcript('{"message":"Forbidden"}').transcripts
    assert sent_phrase(found.exchanges[0]) == "(a request that was not told) with unknown"
    assert seen_phrase(found.exchanges[0]) == '(status not told)  {"message":"Forbidden"}'


def test_a_success_that_may_be_none_is_not_told_as_one() -> None:
    request = {"method": "POST", "url": "https://a.appsync-api.us-east-1.amazonaws.com/graphql"}
    found = told({"request": request, "response": {"status": 200}})
    assert found.confidence is Confidence.AMBIGUOUS
    assert verdict_phrase(found) == "ok or backend: one of 2 causes"


REST = {"date": "d", "x-amzn-requestid": "r", "x-amz-apigw-id": "a"}


@pytest.mark.parametrize(
    ("method", "error_type", "lost", "confidence"),
    [
        ("GET", "BadRequestException", {"is_cut": True}, Confidence.AMBIGUOUS),
        ("GET", "BadRequestException", {"is_cut": True, "body": '{"mess'}, Confidence.AMBIGUOUS),
        ("HEAD", "BadRequestException", {"is_cut": True}, Confidence.CERTAIN),
        ("GET", "BadRequestException", {"body": '{"message": "x"}'}, Confidence.CERTAIN),
        ("GET", "AuthorizerConfigurationException", {"is_cut": True}, Confidence.CERTAIN),
    ],
    ids=["reset", "cut", "an answer to HEAD", "an owner's own text", "a type of the gateway alone"],
)
def test_a_type_whose_body_was_lost_may_be_another_aws_apis(
    method: str, error_type: str, lost: Row, confidence: Confidence
) -> None:
    status = 400 if error_type == "BadRequestException" else 500
    headers = {**REST, "x-amzn-errortype": error_type}
    request = {"method": method, "url": "https://abc123.execute-api.us-east-1.amazonaws.com/prod/x"}
    found = told({"request": request, "response": {"status": status, "headers": headers, **lost}})
    assert found.confidence is confidence
    may_be_behind = "backend" in {one.layer for one in found.candidates}
    assert may_be_behind is (confidence is Confidence.AMBIGUOUS)

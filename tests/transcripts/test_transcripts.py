"""What people paste is read: exchanges, groups, raw responses, curl -v; cut and decorated."""

from __future__ import annotations

import base64
import json
import time
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewatch.diagnosis.diagnose import diagnose
from gatewatch.model import CredentialKind, Exchange
from gatewatch.transcripts.read import read_transcript

CURL = """\
* Host abc123.execute-api.us-east-1.amazonaws.com:443 was resolved.
*   Trying 192.0.2.10:443...
* Connected to abc123.execute-api.us-east-1.amazonaws.com (192.0.2.10) port 443
* ALPN: curl offers h2,http/1.1
* TLSv1.3 (OUT), TLS handshake, Client hello (1):
* SSL connection using TLSv1.3 / TLS_AES_128_GCM_SHA256
> GET /prod/orders HTTP/1.1
> Host: abc123.execute-api.us-east-1.amazonaws.com
> User-Agent: curl/8.5.0
> Accept: */*
> authorization: Bearer sEcReT-token-123456
>
* Request completely sent off
< HTTP/1.1 403 Forbidden
< Date: Sun, 22 Nov 2026 01:02:03 GMT
< Content-Type: application/json
< x-amzn-RequestId: 0b1c
< x-amzn-ErrorType: IncompleteSignatureException
< x-amz-apigw-id: aBc=
<
{ [42 bytes data]
{"message":"Authorization header requires 'Credential' parameter."}
* Connection #0 to host abc123.execute-api.us-east-1.amazonaws.com left intact
"""
BODY = """{"message":"Authorization header requires 'Credential' parameter."}"""
RAW = """\
HTTP/2 403
content-type: application/json
x-amzn-errortype: ForbiddenException
x-amzn-requestid: 1

{"message":"Forbidden"}
"""
ROW = {
    "id": "a",
    "request": {"method": "GET", "url": "https://a.execute-api.us-east-1.amazonaws.com/p/x"},
    "response": {
        "status": 403,
        "headers": {"x-amzn-errortype": "ForbiddenException"},
        "body": '{"message":"Forbidden"}',
    },
}


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "request",
                    "response",
                    "exchanges",
                    "headers",
                    "status",
                    "url",
                    "credentials",
                    "kind",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)


def one(text: str) -> Exchange:
    [transcript] = read_transcript(text).transcripts
    [exchange] = transcript.exchanges
    return exchange


def test_curls_output() -> None:
    found = one(CURL)
    assert found.request.method == "GET"
    url = "https://abc123.execute-api.us-east-1.amazonaws.com/prod/orders"
    assert found.request.url == url
    assert [one.kind for one in found.request.presented] == [CredentialKind.BEARER]
    assert found.response.status == 403
    assert found.response.headers["x-amzn-ErrorType"] == "IncompleteSignatureException"
    assert found.response.body == BODY
    assert found.response.address == "192.0.2.10"


def test_a_pasted_secret_is_not_shown_again() -> None:
    assert "sEcReT" not in repr(read_transcript(CURL))


def test_a_raw_response_leaves_open_what_was_sent() -> None:
    found = one(RAW)
    assert (found.request.url, found.request.credential) == ("", CredentialKind.UNKNOWN)
    assert "api_key_missing" in {c.cause for c in diagnose([found]).candidates}


@pytest.mark.parametrize(
    "decorate",
    [
        lambda line: f"2026-11-22T01:02:03Z {line}",
        lambda line: f"[build] {line}",
        lambda line: f"12:01:02.123 {line}",
        lambda line: f"│ {line}",
        lambda line: f"{line}\r",
    ],
)
def test_decorated_lines_are_read_alike(decorate: object) -> None:
    text = "\n".join(decorate(line) for line in CURL.splitlines())  # type: ignore[operator]
    assert one(text).response == one(CURL).response


def test_a_body_glued_to_curls_last_note() -> None:
    text = CURL.replace(f"{BODY}\n* Connection", f"{BODY}* Connection")
    assert one(text).response.body == BODY


def test_a_pretty_printed_body() -> None:
    text = RAW.replace('{"message":"Forbidden"}', '{\n  "message": "Forbidden"\n}')
    assert diagnose([one(text)]).candidates == diagnose([one(RAW)]).candidates


def test_several_requests_in_one_transcript() -> None:
    second = CURL.replace("/prod/orders", "/prod/other").replace("403 Forbidden", "200 OK")
    found = [t.exchanges[0] for t in read_transcript(CURL + second).transcripts]
    assert [(f.request.url[-6:], f.response.status) for f in found] == [
        ("orders", 403),
        ("/other", 200),
    ]


def test_interim_answers_are_no_exchange_of_their_own() -> None:
    text = CURL.replace("< HTTP/1.1 403", "< HTTP/1.1 100 Continue\n<\n< HTTP/1.1 403")
    assert one(text).response.status == 403


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        ("curl: (6) Could not resolve host: nope.example.com", "dns_failure"),
        ("curl: (7) Failed to connect to h port 443: Connection refused", "connect_failure"),
        ("curl: (28) Operation timed out after 5001 milliseconds", "timeout"),
        ("curl: (52) Empty reply from server", "connection_reset"),
        ("curl: (60) SSL certificate problem: certificate has expired", "tls_failure"),
    ],
)
def test_curl_without_an_answer(line: str, cause: str) -> None:
    assert diagnose([one(line)]).cause == cause


def test_exchanges_in_json_lines_with_unknown_fields() -> None:
    text = "\n".join(json.dumps({**ROW, "id": name, "truth": {}}) for name in "ab")
    assert [t.id for t in read_transcript(text).transcripts] == ["a", "b"]


def test_an_exchange_that_is_pretty_printed_and_a_list_of_them() -> None:
    assert [t.id for t in read_transcript(json.dumps(ROW, indent=2)).transcripts] == ["a"]
    assert len(read_transcript(json.dumps([ROW, ROW])).transcripts) == 2


def test_a_group_is_one_transcript() -> None:
    [group] = read_transcript(json.dumps({"id": "g", "exchanges": [ROW, ROW]})).transcripts
    assert (group.id, len(group.exchanges)) == ("g", 2)


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ('{"message":"Forbidden"}', "api_key_missing"),
        ('{\n  "message": "Missing Authentication Token"\n}', "route_not_found"),
        ("Missing Authentication Token", "route_not_found"),
        ('{"message":null}', "authorizer_failure"),
        ('{"Message":null}', "function_url_not_found"),
        ("The incoming token has expired", "cognito_token_rejected"),
    ],
)
def test_a_body_by_itself_is_enough_where_the_gateway_wrote_it(text: str, cause: str) -> None:
    assert cause in {one.cause for one in diagnose([one(text)]).candidates}


@pytest.mark.parametrize(
    ("command", "method", "url", "kinds"),
    [
        ("$ curl https://h.example.com/p", "GET", "https://h.example.com/p", []),
        ("user@host:~/x$ curl -I https://h/p", "HEAD", "https://h/p", []),
        (
            "curl -X PUT -H 'Authorization: Bearer abcdef' 'https://h/p?a=1'",
            "PUT",
            "https://h/p?a=1",
            ["bearer"],
        ),
        ("> curl -d a=1 https://h/p", "POST", "https://h/p", []),
        ("% curl -H x-api-key:k https://h/p", "GET", "https://h/p", ["api_key"]),
        (
            "curl --aws-sigv4 aws:amz:us-east-1:execute-api --user a:b https://h/p",
            "GET",
            "https://h/p",
            ["sigv4"],
        ),
        ("curl h.example.com/p -sSXPUT", "PUT", "https://h.example.com/p", []),
        ("curl https://h/p --oauth2-bearer tok-1 -sS", "GET", "https://h/p", ["bearer"]),
        ("curl https://h/p --no-such-option tok-1", "GET", "https://h/p", []),
        ("curl -k --no-such-option https://h/p", "GET", "https://h/p", []),
        ("curl https://h/p -U a:tok-1 -b s=tok-1", "GET", "https://h/p", ["cookie"]),
        ('curl --json \'{"pw":"tok-1"}\' --url https://h/p', "POST", "https://h/p", []),
        ("curl -e https://app.example.com/ https://h/p", "GET", "https://h/p", []),
    ],
)
def test_a_curl_command_and_its_answer(
    command: str, method: str, url: str, kinds: list[str]
) -> None:
    found = one(f'{command}\n{{"message":"Forbidden"}}\n')
    assert (found.request.method, found.request.url) == (method, url)
    assert [one.kind for one in found.request.presented] == kinds
    assert (found.response.status_told, found.response.body) == (False, '{"message":"Forbidden"}')


PASTED = "sup3rS3cretV4lue"
PAIR = base64.b64encode(f"alice:{PASTED}".encode()).decode()


@pytest.mark.parametrize(
    ("sent", "echo"),
    [
        ({"Cookie": f"theme=dark; s={PASTED}"}, PASTED),
        ({"X-Custom-Token": PASTED}, PASTED),
        ({"Authorization": f"Basic {PAIR}"}, PASTED),
        ({"Authorization": f"Basic {PAIR}"}, PAIR),
        ({"Authorization": f"Digest username=alice, response={PASTED}"}, PASTED),
        ({"Authorization": f"Bearer {PASTED}"}, PASTED.encode().hex()),
        ({"X-Api-Key": PASTED}, quote(base64.b64encode(PASTED.encode()).decode())),
    ],
)
def test_a_recorded_credential_that_is_echoed_is_hidden_everywhere(
    sent: dict[str, str], echo: str
) -> None:
    row = {
        "id": f"look {echo}",
        "request": {
            "method": f"GET {echo}",
            "url": f"https://h.example.com/{echo}#{echo}",
            "entrance": f"https://alice:{PASTED}@h.example.com/",
            "route": f"GET /{echo}",
            "headers": sent,
        },
        "response": {
            "status": 403,
            "headers": {echo: "x", "x-echo": echo},
            "body": json.dumps({"message": f"Forbidden {echo}"}),
            "address": echo,
            "error": echo,
        },
    }
    [found] = read_transcript(json.dumps(row)).transcripts
    assert not any(secret in repr(found) for secret in (PASTED, PAIR, echo))
    assert "<redacted>" in str(found.exchanges[0].response.body)


def test_a_har_file_is_named_without_what_its_urls_carry() -> None:
    url = f"https://alice:{PASTED}@h.example.com/x?pin={PASTED}#{PASTED}"
    [found] = read_transcript(har(entry("GET", url, 403, **MAT))).transcripts
    assert found.id == "GET https://h.example.com/x"
    assert PASTED not in repr(found)


@pytest.mark.parametrize("name", ["authorization", "cookie"])
def test_a_credential_of_a_megabyte_takes_no_time(name: str) -> None:
    parts = " ".join(f"k{number:06d}" for number in range(120_000))
    row = {
        "request": {"method": "GET", "url": "https://h/x", "headers": {name: parts}},
        "response": {"status": 403, "body": "x" * 1_000_000},
    }
    started = time.process_time()
    assert read_transcript(json.dumps(row)).transcripts
    assert time.process_time() - started < 5


def test_a_session_of_many_alike_looks_is_cut_and_says_so() -> None:
    looks = [
        entry("GET", f"{API}/a", 403, content={"text": f'{{"message":"Forbidden {number}"}}'})
        for number in range(2_000)
    ]
    [found] = read_transcript(har(*looks)).transcripts
    assert (len(found.exchanges), found.left_out) == (50, 1_950)


def test_endless_complaints_are_cut_and_counted() -> None:
    found = read_transcript("{\n" * 100_000)
    assert len(found.unreadable) == 21
    assert found.unreadable[-1].reason == "and 99980 more"


def test_the_output_of_httpie() -> None:
    text = f"GET /prod/x HTTP/1.1\nHost: h.example.com\nX-Api-Key: k\n\n\n{RAW}"
    found = one(text)
    assert found.request.url == "https://h.example.com/prod/x"
    assert [one.kind for one in found.request.presented] == [CredentialKind.API_KEY]
    assert found.response.status == 403


def entry(
    method: str, url: str, status: int, sent: dict[str, str] | None = None, **response: object
) -> dict[str, object]:
    shown = [{"name": name, "value": value} for name, value in (sent or {}).items()]
    return {
        "startedDateTime": "2026-11-22T01:02:03.000Z",
        "time": 41.5,
        "request": {"method": method, "url": url, "headers": shown},
        "response": {"status": status, "headers": [], "content": {}, **response},
    }


API = "https://abc123.execute-api.us-east-1.amazonaws.com/prod"
MAT = {
    "headers": [{"name": "x-amzn-errortype", "value": "MissingAuthenticationTokenException"}],
    "content": {"text": '{"message":"Missing Authentication Token"}'},
}
PREFLIGHT = {"Access-Control-Request-Method": "GET", "Origin": "https://app.example.com"}


def har(*entries: dict[str, object]) -> str:
    return json.dumps({"log": {"version": "1.2", "entries": list(entries)}})


def test_a_har_file_gives_its_refusals_by_route() -> None:
    found = read_transcript(
        har(
            entry("GET", "https://app.example.com/index.html", 200),
            entry("GET", f"{API}/a?x=1", 403, **MAT),
            entry("GET", f"{API}/a?x=2", 403, **MAT),
            entry("GET", f"{API}/b", 200),
            entry("GET", f"{API}/c", 401, {"Authorization": "Bearer tok-tok-tok-1"}),
            entry("GET", f"{API}/c", 200, {"Authorization": "Bearer tok-tok-tok-2"}),
        )
    ).transcripts
    assert [(one.id, len(one.exchanges)) for one in found] == [
        (f"GET {API}/a", 1),
        (f"GET {API}/c", 2),
    ]
    assert "tok-tok-tok" not in repr(found)
    assert found[0].exchanges[0].response.elapsed_ms == 41.5


def test_a_refused_preflight_is_the_refusal_not_the_call_it_stopped() -> None:
    [found] = read_transcript(
        har(
            entry("OPTIONS", f"{API}/a", 403, PREFLIGHT, **MAT),
            entry("GET", f"{API}/a", 0, _error="net::ERR_FAILED"),
        )
    ).transcripts
    assert found.id == f"OPTIONS {API}/a (preflight of GET)"
    assert diagnose(found.exchanges).cause == "wrong_method"


def test_a_har_file_without_refusals_has_nothing_to_explain() -> None:
    found = read_transcript(har(entry("GET", f"{API}/a", 200)))
    assert (found.transcripts, found.unreadable) == ((), ())


@given(_JSON)
def test_no_har_makes_it_fail(value: object) -> None:
    for transcript in read_transcript(
        json.dumps({"log": {"entries": [value, {"request": value}]}})
    ).transcripts:
        diagnose(transcript.exchanges)


def test_what_cannot_be_read_is_named_and_the_rest_is_not_lost() -> None:
    found = read_transcript(f"{json.dumps(ROW)}\n{{not json\n[]\n3\n{json.dumps(ROW)}\n")
    assert len(found.transcripts) == 2
    assert [(bad.line, bad.reason[:8]) for bad in found.unreadable] == [
        (2, "not JSON"),
        (4, "neither "),
    ]


def test_a_first_line_that_is_none_does_not_hide_the_rest() -> None:
    found = read_transcript(f"nope\n{json.dumps(ROW)}\n")
    assert len(found.transcripts) == 1
    assert [bad.line for bad in found.unreadable] == [1]


@pytest.mark.parametrize("text", ["", "   ", "hello world", "\x00\x01", "{", "3"])
def test_nothing_to_read_is_said(text: str) -> None:
    found = read_transcript(text)
    assert found.transcripts == ()
    assert found.unreadable


@given(_JSON)
def test_no_json_makes_it_fail(value: object) -> None:
    for transcript in read_transcript(json.dumps(value)).transcripts:
        diagnose(transcript.exchanges)


@given(st.lists(st.sampled_from([*CURL.splitlines(), *RAW.splitlines(), "", "x"]), max_size=12))
def test_no_mixture_of_lines_makes_it_fail(lines: list[str]) -> None:
    for transcript in read_transcript("\n".join(lines)).transcripts:
        diagnose(transcript.exchanges)


@given(st.integers(0, len(CURL)))
def test_a_transcript_may_be_cut_anywhere(end: int) -> None:
    for transcript in read_transcript(CURL[:end]).transcripts:
        diagnose(transcript.exchanges)


@pytest.mark.parametrize(
    "before",
    ["Nov 22 09:00:00 host app[12]: ", "INFO: ", "app_1  | ", "$ ", "2026-11-22T09:00:00.1Z a-1 "],
)
def test_what_a_log_puts_before_every_line_is_left_out(before: str) -> None:
    lines = ["HTTP/1.1 403 Forbidden", "x-amzn-ErrorType: ForbiddenException", "", BODY]
    [found] = read_transcript("\n".join(f"{before}{line}" for line in lines)).transcripts
    [one] = found.exchanges
    assert one.response.status == 403
    assert one.response.headers == {"x-amzn-ErrorType": "ForbiddenException"}
    assert one.response.body == BODY


def test_a_body_that_was_cut_is_still_known() -> None:
    [found] = read_transcript('{"message":"Missing Authentic').transcripts
    assert diagnose(found.exchanges).cause == "route_not_found"


@pytest.mark.parametrize(
    "body",
    [
        '\ufeff{"message":"Forbidden"}',
        '\r\n{"message":"Forbidden"}\r\n',
        "{'message': 'Forbidden'}",
        """b'{"message":"Forbidden"}'""",
        "{“message”:“Forbidden”}",
        "{&quot;message&quot;:&quot;Forbidden&quot;}",
        r"{\"message\":\"Forbidden\"}",
    ],
)
def test_a_body_as_chats_shells_and_logs_show_it_is_the_same_body(body: str) -> None:
    answer = f"HTTP/1.1 403 Forbidden\nDate: x\napigw-requestid: a\n\n{body}"
    plain = answer.replace(body, '{"message":"Forbidden"}')
    [told], [wanted] = read_transcript(answer).transcripts, read_transcript(plain).transcripts
    assert diagnose(told.exchanges).candidates == diagnose(wanted.exchanges).candidates


def test_paths_of_a_session_that_differ_by_an_id_alone_are_told_once() -> None:
    def entry(path: str) -> dict[str, object]:
        return {
            "request": {"method": "GET", "url": f"{API}{path}", "headers": []},
            "response": {"status": 403, "headers": [], "content": {"text": BODY}},
        }

    paths = ("/orders/1", "/orders/2", "/orders/2/items", "/users/1")
    found = read_transcript(
        json.dumps({"log": {"entries": [entry(path) for path in paths]}})
    ).transcripts
    assert [one.id for one in found] == [
        f"GET {API}/orders/1 and 1 more like it",
        f"GET {API}/orders/2/items",
        f"GET {API}/users/1",
    ]


@pytest.mark.parametrize(
    "text",
    ["{ message: 'Forbidden' }", "{ message: 'Forbidden', }", '{message:"Forbidden"}'],
)
def test_an_object_as_node_prints_it_is_the_body_that_it_shows(text: str) -> None:
    [told], [wanted] = (
        read_transcript(text).transcripts,
        read_transcript('{"message":"Forbidden"}').transcripts,
    )
    assert diagnose(told.exchanges).candidates == diagnose(wanted.exchanges).candidates

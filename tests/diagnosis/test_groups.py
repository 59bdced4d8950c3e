"""Several looks together: which of them speaks for a group, and what one says of another."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from gatewatch.diagnosis.diagnose import diagnose
from gatewatch.diagnosis.facts import Facts
from gatewatch.model import Confidence, Diagnosis, Exchange, Guard, Layer
from tests.support import look

OWN = "https://api.example.com"
OK = 'rest 200 | {"ok":true}'
MAT = "rest 403 MissingAuthenticationTokenException | Missing Authentication Token"
FORBIDDEN = "rest 403 ForbiddenException | Forbidden"
UNAUTHORIZED = "rest 401 UnauthorizedException | Unauthorized"
INCOMPLETE = (
    "rest 403 IncompleteSignatureException | Authorization header requires 'Credential' parameter."
)
DENIED = (
    'rest 403 AccessDeniedException | {"Message":"User is not authorized to access this resource"}'
)
THROTTLED = "rest 429 TooManyRequestsException | Too Many Requests"
FAILED = "rest 500 InternalServerErrorException | Internal server error"
RAISED = "rest 502 InternalServerErrorException | Internal server error"
SLOW = "rest 504 InternalServerErrorException | Endpoint request timed out"
LATE = "none timeout: the deadline passed in phase connect"
CLOSED = "none reset: closed without a complete response in phase first_byte"
KEYS = {"api_key_missing", "api_key_invalid", "api_key_not_in_usage_plan", "usage_key_not_set"}


def pasted(exchange: Exchange) -> Exchange:
    """As somebody else reports it, who does not tell all that was sent."""
    return replace(exchange, request=replace(exchange.request, route=None))


def sent(line: str, at: str | None = None, **headers: str) -> Exchange:
    """A pasted look, with headers of the request that are told."""
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    one = pasted(look(line))
    return replace(one, request=replace(one.request, headers=told, at=at))


def seen_at(address: str, line: str) -> Exchange:
    one = pasted(look(line))
    return replace(one, response=replace(one.response, address=address))


def causes(diagnosis: Diagnosis) -> list[str]:
    return [one.cause for one in diagnosis.candidates]


BOTH = pytest.mark.parametrize(
    "told", [look, lambda line: pasted(look(line))], ids=["ours", "pasted"]
)

# What failed is never hidden


@BOTH
@pytest.mark.parametrize(
    ("answer", "layer"),
    [
        (UNAUTHORIZED, Layer.AUTH),
        (DENIED, Layer.AUTH),
        (MAT, Layer.AMBIGUOUS),
        (THROTTLED, Layer.THROTTLE),
        (FAILED, Layer.INTEGRATION),
        (RAISED, Layer.INTEGRATION),
        (SLOW, Layer.INTEGRATION),
        (LATE, Layer.NETWORK),
        (CLOSED, Layer.NETWORK),
    ],
    ids=lambda one: one[:40] if isinstance(one, str) else None,
)
@pytest.mark.parametrize(
    "failing",
    ["GET HOST/prod/b", "POST HOST/prod/a", "GET HOST/prod/a"],
    ids=["another path", "another method", "the same route"],
)
def test_a_success_hides_no_failure(told: object, failing: str, answer: str, layer: Layer) -> None:
    looks = [f"GET HOST/prod/a -> {OK}", f"{failing} -> {answer}"]
    found = diagnose([told(line) for line in looks])  # type: ignore[operator]
    assert found.layer is layer
    assert "ok" not in causes(found)


def test_a_stranger_whom_the_guard_refuses_is_all_right() -> None:
    lines = [f"GET HOST/prod/a -> {UNAUTHORIZED}", f"GET HOST/prod/a with bearer=valid -> {OK}"]
    assert diagnose([look(line) for line in lines]).cause == "ok"


@pytest.mark.parametrize("answer", [FAILED, SLOW, THROTTLED, LATE])
def test_a_stranger_who_met_a_failure_is_not(answer: str) -> None:
    lines = [f"GET HOST/prod/a -> {answer}", f"GET HOST/prod/a with bearer=valid -> {OK}"]
    assert diagnose([look(line) for line in lines]).layer is not Layer.OK


def test_a_member_of_one_route_says_nothing_of_another() -> None:
    lines = [f"GET HOST/prod/b -> {UNAUTHORIZED}", f"GET HOST/prod/a with bearer=valid -> {OK}"]
    assert diagnose([look(line) for line in lines]).layer is Layer.AUTH


@BOTH
def test_routes_that_fail_together_are_never_surer_than_each(told: object) -> None:
    lines = ["GET HOST/prod/a", "GET HOST/prod/b"]
    both = [told(f"{line} -> {FORBIDDEN}") for line in lines]  # type: ignore[operator]
    found = diagnose(both)
    assert found.confidence is Confidence.AMBIGUOUS
    assert "stage_not_found" in causes(found)


def test_what_two_routes_may_share_is_not_certain_by_that() -> None:
    looks = [look(f"GET {OWN}/a -> {MAT}"), look(f"GET {OWN}/b with bearer=valid -> {INCOMPLETE}")]
    found = diagnose(looks)
    assert found.confidence is Confidence.AMBIGUOUS


# What may differ between two looks at one route


@dataclass(frozen=True)
class Pair:
    """Two looks at one route that ended differently, and the cause that what differs points to."""

    name: str
    looks: tuple[Exchange, Exchange]
    leads: str


_IMPORT = "POST HOST/prod/import with bearer=valid ->"
_GET = "GET HOST/prod/x ->"
PAIRS = [
    Pair(
        "the size of the body",
        (
            sent(f"{_IMPORT} {OK}", content_length="100"),
            sent(f"{_IMPORT} {FORBIDDEN}", content_length="90000"),
        ),
        "waf_blocked",
    ),
    Pair(
        "nothing that is told",
        (sent(f"{_IMPORT} {OK}"), sent(f"{_IMPORT} {FORBIDDEN}")),
        "waf_blocked",
    ),
    Pair(
        "the User-Agent",
        (
            sent(f"{_GET} {OK}", user_agent="Mozilla/5.0"),
            sent(f"{_GET} {FORBIDDEN}", user_agent="python-requests/2.32"),
        ),
        "waf_blocked",
    ),
    Pair(
        "the query",
        (
            sent(f"GET HOST/prod/x?a=1 -> {OK}"),
            sent(f"GET HOST/prod/x?a=../../etc/passwd -> {FORBIDDEN}"),
        ),
        "waf_blocked",
    ),
    Pair(
        "the network",
        (seen_at("3.5.6.7", f"{_GET} {OK}"), seen_at("10.0.3.4", f"{_GET} {FORBIDDEN}")),
        "private_endpoint_dns",
    ),
    Pair(
        "the kind of token",
        (
            sent(f"GET HOST/prod/x with bearer=valid -> {OK}"),
            sent(f"GET HOST/prod/x with bearer=valid -> {UNAUTHORIZED}"),
        ),
        "cognito_token_rejected",
    ),
    Pair(
        "the key",
        (
            sent(f"GET HOST/prod/x with api_key=valid -> {OK}"),
            sent(f"GET HOST/prod/x with api_key=valid -> {FORBIDDEN}"),
        ),
        "api_key_invalid",
    ),
]


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)
def test_what_may_differ_refutes_nothing_and_what_differs_leads(pair: Pair) -> None:
    _, refused = pair.looks
    found, alone = diagnose(pair.looks), diagnose([refused])
    assert found.cause == pair.leads
    assert set(causes(found)) == set(causes(alone))
    assert found.confidence == alone.confidence


def test_given_hours_a_route_may_have_changed() -> None:
    before = sent(f"OPTIONS HOST/prod/x -> {OK}", at="2026-11-22T10:00:00Z")
    after = sent(f"GET HOST/prod/x -> {MAT}", at="2026-11-22T14:00:00Z")
    assert "route_not_found" in causes(diagnose([before, after]))


def test_two_credentials_of_ours_are_two() -> None:
    lines = [f"GET HOST/prod/x with api_key=valid -> {one}" for one in (OK, FORBIDDEN)]
    found = diagnose([look(line) for line in lines])
    assert set(causes(found)) == {"api_key_invalid", "api_key_not_in_usage_plan"}


def test_a_browser_of_ours_that_gets_in_where_we_do_not_points_to_the_user_agent() -> None:
    refused, control = (
        look(f"GET HOST/prod/x -> {FORBIDDEN}"),
        look(f"GET HOST/prod/x (control) -> {OK}"),
    )
    as_browser = replace(control.request, headers={"User-Agent": "Mozilla/5.0"})
    found = diagnose([refused, replace(control, request=as_browser)])
    assert (causes(found), found.confidence) == (["waf_blocked"], Confidence.LIKELY)
    assert found.layer_confidence is Confidence.LIKELY


# What controls say


@dataclass(frozen=True)
class Case:
    """Looks, the first cause of what they show together, and those that a control speaks against.

    `confidence`: what it must be, where that matters.
    """

    name: str
    looks: tuple[str, ...]
    first: str
    fallen: frozenset[str]
    confidence: Confidence | None = None


CASES = [
    Case(
        "a key route whose stage is gone",
        (
            f"GET HOST/prod/orders with api_key=valid -> {FORBIDDEN}",
            f"GET HOST/prod/no-such-thing (control) -> {FORBIDDEN}",
        ),
        "stage_not_found",
        frozenset(KEYS),
    ),
    Case(
        "the same, without headers or purpose",
        (
            "GET HOST/prod/orders -> bare 403 | Forbidden",
            "GET HOST/prod/does-not-exist -> bare 403 | Forbidden",
        ),
        "stage_not_found",
        frozenset(KEYS),
    ),
    Case(
        "a token that an HTTP API's Lambda authorizer denies",
        (
            "GET HOST/orders -> http 401 | Unauthorized",
            "GET HOST/orders with bearer=valid -> http 403 | Forbidden",
        ),
        "authorizer_denied",
        frozenset({"jwt_scope_insufficient", "iam_unsigned", "iam_implicit_deny"}),
    ),
    Case(
        "a custom domain with the stage in its URL",
        (f"GET {OWN}/prod/orders -> {MAT}", f"GET {OWN}/orders -> {OK}"),
        "stage_in_custom_domain_url",
        frozenset({"iam_unsigned"}),
        Confidence.LIKELY,
    ),
    Case(
        "the same with a token",
        (
            f"GET {OWN}/dev/orders/7 with bearer=valid -> {INCOMPLETE}",
            f"GET {OWN}/orders/7 with bearer=valid -> {OK}",
        ),
        "stage_in_custom_domain_url",
        frozenset({"iam_non_sigv4_authorization", "malformed_authorization_header"}),
        Confidence.LIKELY,
    ),
    Case(
        "the same, refused by the route's own guard without the stage",
        (f"GET {OWN}/staging/orders -> {MAT}", f"GET {OWN}/orders (control) -> {UNAUTHORIZED}"),
        "stage_in_custom_domain_url",
        frozenset({"iam_unsigned"}),
        Confidence.LIKELY,
    ),
    Case(
        "a default endpoint without its stage",
        (f"GET HOST/orders -> {FORBIDDEN}", f"GET HOST/prod/orders -> {OK}"),
        "stage_missing_from_url",
        frozenset({*KEYS, "default_endpoint_disabled", "private_endpoint_dns"}),
        Confidence.LIKELY,
    ),
    Case(
        "the same, without headers",
        (
            "GET HOST/orders -> bare 403 | Forbidden",
            'GET HOST/prod/orders -> bare 200 | {"ok":true}',
        ),
        "stage_missing_from_url",
        frozenset({*KEYS, "default_endpoint_disabled"}),
    ),
    Case(
        "the same with a key",
        (
            f"GET HOST/orders with api_key=valid -> {FORBIDDEN}",
            f"GET HOST/prod/orders with api_key=valid -> {OK}",
        ),
        "stage_missing_from_url",
        frozenset(KEYS),
        Confidence.LIKELY,
    ),
    Case(
        "an HTTP API without its named stage",
        ("GET HOST/orders -> http 404 | Not Found", "GET HOST/prod/orders -> http 200 | {}"),
        "stage_missing_from_url",
        frozenset({"default_endpoint_disabled", "stage_not_found"}),
        Confidence.LIKELY,
    ),
    Case(
        "a garbage token that a Lambda authorizer judges",
        (
            f"GET HOST/prod/x -> {UNAUTHORIZED}",
            f"GET HOST/prod/x with bearer=invalid -> {DENIED}",
            f"GET HOST/prod/x with bearer=valid -> {UNAUTHORIZED}",
        ),
        "authorizer_unauthorized",
        frozenset({"cognito_token_rejected"}),
    ),
    Case(
        "a default endpoint that is closed, where the domain works",
        (
            f"POST HOST/prod/orders with sigv4=valid -> {FORBIDDEN}",
            f"POST {OWN}/orders with sigv4=valid -> {OK}",
        ),
        "default_endpoint_disabled",
        frozenset(),
    ),
]


@BOTH
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_cause_that_a_control_speaks_against_falls(told: object, case: Case) -> None:
    found = diagnose([told(line) for line in case.looks])  # type: ignore[operator]
    assert found.cause == case.first
    assert case.first in causes(found)
    assert not case.fallen & set(causes(found))
    if case.confidence:
        assert found.confidence is case.confidence


@pytest.mark.parametrize("segment", ["v2", "api", "users"])
def test_what_may_be_a_path_is_not_surely_a_stage(segment: str) -> None:
    looks = [look(f"GET {OWN}/{segment}/orders -> {MAT}"), look(f"GET {OWN}/orders -> {OK}")]
    found = diagnose(looks)
    assert found.confidence is Confidence.AMBIGUOUS
    assert {"stage_in_custom_domain_url", "route_not_found", "iam_unsigned"} <= set(causes(found))


@pytest.mark.parametrize("status", ["204", "200 | {}"])
def test_preflights_that_cors_answers_say_nothing_of_routes(status: str) -> None:
    refused = look("GET HOST/x -> http 404 | Not Found")
    preflight = look(f"OPTIONS HOST/x (control) -> http {status}")
    assert {"route_not_found", "stage_not_found"} <= set(causes(diagnose([refused, preflight])))


def test_a_rest_api_answers_preflights_by_a_method_only() -> None:
    looks = [look(f"GET HOST/prod/x -> {MAT}"), look(f"OPTIONS HOST/prod/x (control) -> {OK}")]
    assert "route_not_found" not in causes(diagnose(looks))


# Where the stage is in a URL


def at(entrance: str, line: str) -> Exchange:
    one = look(line)
    url = look(f"GET {entrance} -> {OK}").request.url
    return replace(one, request=replace(one.request, entrance=url))


@pytest.mark.parametrize(
    ("exchange", "first"),
    [
        (at("HOST", "GET HOST/lam -> http 404 | Not Found"), "route_not_found"),
        (look("GET HOST/lam -> http 404 | Not Found"), "route_not_found"),
        (look("GET HOST/ -> http 404 | Not Found"), "root_without_method"),
        (look("GET HOST/prod -> http 404 | Not Found"), "root_without_method"),
        (look(f"GET HOST/prod -> {MAT}"), "root_without_method"),
        (look(f"GET HOST/lam -> {MAT}"), "root_without_method"),
        (at("HOST/prod", f"GET HOST/prod/x -> {MAT}"), "route_not_found"),
    ],
    ids=[
        "an HTTP API's path",
        "an HTTP API's path, entrance not told",
        "an HTTP API's root",
        "an HTTP API's named stage",
        "a REST API's stage",
        "a REST API's stage of any name",
        "a REST API's path",
    ],
)
def test_a_segment_is_a_stage_only_where_stages_are_in_the_url(
    exchange: Exchange, first: str
) -> None:
    assert diagnose([exchange]).cause == first


@pytest.mark.parametrize(
    "exchange",
    [
        look(f"GET HOST/prod/orders -> {FORBIDDEN}"),
        at("HOST/shop", f"GET HOST/shop/orders -> {FORBIDDEN}"),
    ],
    ids=["by its usual name", "by the entrance"],
)
def test_a_url_that_names_its_stage_hardly_lacks_one(exchange: Exchange) -> None:
    found = causes(diagnose([exchange]))
    assert found.index("stage_missing_from_url") > found.index("waf_blocked")


# What holds for every group

_ANSWERS = [OK, MAT, FORBIDDEN, UNAUTHORIZED, DENIED, INCOMPLETE, FAILED, THROTTLED, LATE]
_SENT = [
    f"{method} {path}{credential}"
    for method in ("GET", "POST", "OPTIONS")
    for path in ("HOST/prod/x", "HOST/x", "HOST/prod/gatewatch-no-such-route", f"{OWN}/prod/x")
    for credential in ("", " with bearer=valid", " with bearer", " with api_key=valid")
]
_LINES = st.builds("{} -> {}".format, st.sampled_from(_SENT), st.sampled_from(_ANSWERS))
_RANK = (Confidence.UNKNOWN, Confidence.AMBIGUOUS, Confidence.LIKELY, Confidence.CERTAIN)


@given(st.lists(_LINES, min_size=2, max_size=4, unique=True), st.booleans())
def test_a_group_is_ok_only_if_nothing_failed(lines: list[str], ours: bool) -> None:
    exchanges = [look(line) if ours else pasted(look(line)) for line in lines]
    found = diagnose(exchanges)
    if found.cause == "ok":
        allowed = (OK, MAT, FORBIDDEN, UNAUTHORIZED, DENIED, INCOMPLETE)
        assert all(line.split(" -> ")[1] in allowed for line in lines)
        strangers = [
            line for line in lines if " with bearer" not in line and " with api" not in line
        ]
        assert all(line.endswith(OK) for line in lines if line not in strangers)


@given(st.lists(_LINES, min_size=2, max_size=4, unique=True), st.booleans())
def test_the_order_of_a_group_changes_nothing(lines: list[str], ours: bool) -> None:
    exchanges = [look(line) if ours else pasted(look(line)) for line in lines]
    one, other = diagnose(exchanges), diagnose(exchanges[::-1])
    assert replace(one, parts=()) == replace(other, parts=())
    assert one.parts == other.parts[::-1]


@given(st.lists(_LINES, min_size=2, max_size=4, unique=True), st.data())
def test_without_one_look_a_failing_route_has_no_fewer_causes(
    lines: list[str], data: st.DataObject
) -> None:
    subject, *others = [pasted(look(line)) for line in lines]
    less = list(others)
    less.remove(data.draw(st.sampled_from(others)))
    whole = diagnose([subject, *others]).parts[0]
    after = diagnose([subject, *less])
    after = after.parts[0] if after.parts else after
    if whole.layer is not Layer.OK and diagnose([subject, *others]).cause != "unknown":
        assert set(causes(whole)) <= set(causes(after))


def test_a_greedy_route_that_is_declared_to_need_a_key_may_refuse_any_path() -> None:
    lines = [f"GET HOST/prod/{path} -> {FORBIDDEN}" for path in ("x", "gatewatch-no-such-route")]
    declared = Facts(guarded_by=frozenset({Guard.API_KEY}))
    looks = [look(lines[0]), look(lines[1].replace(" ->", " (control) ->"))]
    assert "api_key_missing" in causes(diagnose(looks, declared))
    assert "api_key_missing" not in causes(diagnose(looks))


# Phases are evidence


@pytest.mark.parametrize(
    ("error", "phases", "cause"),
    [
        ("timeout: the deadline passed in phase first_byte", {}, "integration_timeout"),
        ("timeout: the deadline passed in phase connect", {"dns": 4.0}, "timeout"),
        ("timeout: the deadline passed in phase tls", {"dns": 4.0, "connect": 9.0}, "timeout"),
        ("the deadline passed", {"dns": 4.0, "connect": 9.0, "tls": 20.0}, "integration_timeout"),
        ("the deadline passed", {"dns": 4.0}, "timeout"),
        (
            "Operation timed out after 10001 milliseconds with 0 bytes received",
            {},
            "integration_timeout",
        ),
        ("Connection timed out after 10001 milliseconds", {}, "timeout"),
        ("dial tcp 10.0.0.1:443: i/o timeout", {}, "timeout"),
    ],
)
def test_after_the_handshake_it_is_no_more_the_network(
    error: str, phases: dict[str, float], cause: str
) -> None:
    one = look("GET HOST/prod/x -> none")
    late = replace(one.response, error=error, phases_ms=phases, elapsed_ms=10_000)
    found = diagnose([replace(one, response=late)])
    assert causes(found) == [cause]
    assert (found.layer is Layer.NETWORK) == (cause == "timeout")
    if cause != "timeout":
        assert found.layer_confidence is Confidence.LIKELY


def test_a_deadline_of_which_no_phase_is_told_may_be_either() -> None:
    found = diagnose([look("GET HOST/prod/x -> none Operation timed out")])
    assert causes(found) == ["timeout", "integration_timeout"]

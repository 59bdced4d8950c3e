"""Verdicts: the false-pass guard, exposure, expectations, and whose concern it is."""

from __future__ import annotations

import pytest

from gatewatch.model import Exchange, Finding, Outcome, Owner, Request, Response, Severity
from gatewatch.plan import plan

from .builders import config, judged, probe
from .support import look

G = "GET HOST/prod/x"
P = "POST HOST/prod/x"
CONTROL = "GET HOST/prod/gatewatch-no-such-route (control)"
MAT = "rest 403 MissingAuthenticationTokenException | Missing Authentication Token"
FORBIDDEN = "rest 403 ForbiddenException | Forbidden"
UNAUTHORIZED = "rest 401 UnauthorizedException | Unauthorized"
DENIED = (
    'rest 403 AccessDeniedException | {"Message":"User is not authorized to access this resource '
    'with an explicit deny in an identity-based policy"}'
)
BY_POLICY = (
    'rest 403 AccessDeniedException | {"Message":"User: anonymous is not authorized to perform: '
    "execute-api:Invoke on resource: arn:aws:execute-api:us-east-1:********3333:abc123/prod/GET/x "
    'with an explicit deny in a resource-based policy"}'
)
NO_METHOD = "rest 404 NotFoundException | No method found matching route x for http method GET."
I500 = "rest 500 InternalServerErrorException | Internal server error"
OK = 'rest 200 | {"ok":true}'
PROTECTED = "GET /x: {access: protected, as: [user]}"
BY_KEY = "GET /x: {access: protected, guarded_by: api_key, as: [key]}"
BY_IAM = "GET /x: {access: protected, guarded_by: iam, as: [signer]}"
IAM_WRITE = "POST /x: {access: protected, guarded_by: iam}"
KEY_WRITE = "POST /x: {access: protected, guarded_by: api_key}"

# route, looks in the order of the callers, controls -> (outcome, finding) of the stranger's look
STRANGERS = {
    "a guard refuses": (PROTECTED, [f"{G} -> {UNAUTHORIZED}"], [], "pass", None),
    "an answer to a stranger is an exposure": (
        PROTECTED,
        [f"{G} -> {OK}"],
        [],
        "fail",
        "protected_route_open",
    ),
    "a redirect proves nothing": (PROTECTED, [f"{G} -> rest 302"], [], "unknown", None),
    "a missing token proves nothing by itself": (PROTECTED, [f"{G} -> {MAT}"], [], "unknown", None),
    "declared IAM does not make it a proof": (BY_IAM, [f"{G} -> {MAT}"], [], "unknown", None),
    "a signed look that gets in does": (
        BY_IAM,
        [f"{G} -> {MAT}", f"{G} with sigv4=valid -> {OK}"],
        [],
        "pass",
        None,
    ),
    "a signed look that finds no method does the opposite": (
        BY_IAM,
        [f"{G} -> {MAT}", f"{G} with sigv4=valid -> {NO_METHOD}"],
        [],
        "fail",
        "refused",
    ),
    "an IAM write is never green": (IAM_WRITE, [f"{P} -> {MAT}"], [], "unknown", None),
    "Forbidden may be a dead entrance": (KEY_WRITE, [f"{P} -> {FORBIDDEN}"], [], "unknown", None),
    "a control and the declared guard settle it": (
        KEY_WRITE,
        [f"{P} -> {FORBIDDEN}"],
        [f"{CONTROL} -> {MAT}"],
        "pass",
        None,
    ),
    "a control alone leaves a WAF possible": (
        "POST /x: {access: protected}",
        [f"{P} -> {FORBIDDEN}"],
        [f"{CONTROL} -> {MAT}"],
        "unknown",
        None,
    ),
    "a key that gets in settles it": (
        BY_KEY,
        [f"{G} -> {FORBIDDEN}", f"{G} with api_key=valid -> {OK}"],
        [],
        "pass",
        None,
    ),
    "a rotated key does not make the stranger's refusal a WAF's": (
        BY_KEY,
        [f"{G} -> {FORBIDDEN}", f"{G} with api_key=valid -> {FORBIDDEN}"],
        [f"{CONTROL} -> {MAT}"],
        "pass",
        None,
    ),
    "a dead entrance proves nothing": (
        BY_KEY,
        [f"{G} -> {FORBIDDEN}"],
        [f"{CONTROL} -> {FORBIDDEN}"],
        "unknown",
        None,
    ),
    "a crashed authorizer proves nothing": (
        PROTECTED,
        [f'{G} -> rest 500 AuthorizerConfigurationException | {{"message":null}}'],
        [],
        "unknown",
        None,
    ),
    "a stranger who reaches the integration passed the declared guard": (
        BY_IAM,
        [f"{G} -> {I500}"],
        [],
        "fail",
        "guard_weakened",
    ),
    "without a declared guard, the backend may be it": (
        PROTECTED,
        [f"{G} -> {I500}"],
        [],
        "unknown",
        None,
    ),
    "a backend that is the guard may refuse in any way": (
        "GET /x: {access: protected, guarded_by: backend}",
        [f'{G} -> backend 404 | {{"e":1}}'],
        [],
        "unknown",
        None,
    ),
    "a backend in the gateway's words is no guard of the gateway's": (
        "GET /x: {access: protected, guarded_by: cognito, as: [user]}",
        [f"{G} -> backend 401 | Unauthorized", f"{G} with bearer=valid -> {OK}"],
        [],
        "unknown",
        None,
    ),
    "another guard than the declared one proves nothing of that": (
        "GET /x: {access: protected, guarded_by: cognito}",
        [f"{G} -> {BY_POLICY}"],
        [],
        "unknown",
        None,
    ),
    "a write is not proven by a control with another method": (
        "POST /x: {access: protected}",
        [f"{P} -> {MAT}"],
        [f"{CONTROL} -> {OK}"],
        "unknown",
        None,
    ),
    "a WAF may refuse in a key's words": (KEY_WRITE, [f"{P} -> {FORBIDDEN}"], [], "unknown", None),
    "an authorizer of an HTTP API may refuse strangers": (
        "GET /x: {access: protected, guarded_by: lambda, as: [user]}",
        [f"{G} -> http 403 | Forbidden", f"{G} with bearer=valid -> behind_http 200 | {{}}"],
        [],
        "pass",
        None,
    ),
    "and so may IAM": (
        "POST /x: {access: protected, guarded_by: iam}",
        [f"{P} -> http 403 | Forbidden"],
        [f"{CONTROL} -> http 404 | Not Found"],
        "pass",
        None,
    ),
    "a refusal under a success is no exposure": (
        PROTECTED,
        [f"{G} -> rest 200 UnauthorizedException | Unauthorized"],
        [],
        "pass",
        None,
    ),
    "an error page of a CDN is no exposure": (
        PROTECTED,
        [f"{G} -> stranger 200 | <html>sorry</html> | x-cache: Error from cloudfront"],
        [],
        "unknown",
        None,
    ),
    "a validator comes after the guards": (
        PROTECTED,
        [f"{G} -> rest 400 BadRequestException | Invalid request body"],
        [],
        "fail",
        "guard_weakened",
    ),
    "a backend's refusal proves no guard of the gateway's": (
        PROTECTED,
        [f'{G} -> backend 401 | {{"e":1}}'],
        [],
        "unknown",
        None,
    ),
    "nor the one that is declared": (
        BY_KEY,
        [f'{G} -> backend 401 | {{"e":1}}'],
        [],
        "fail",
        "guard_weakened",
    ),
    "unless the backend is the declared guard": (
        "GET /x: {access: protected, guarded_by: backend}",
        [f'{G} -> backend 401 | {{"e":1}}'],
        [],
        "pass",
        None,
    ),
    "no answer proves nothing": (PROTECTED, [f"{G} -> none timeout: late"], [], "unknown", None),
    "an unknown refusal proves nothing": (
        PROTECTED,
        [f'{G} -> stranger 403 | {{"e":1}}'],
        [],
        "unknown",
        None,
    ),
    "a throttle proves nothing": (
        PROTECTED,
        [f"{G} -> rest 429 TooManyRequestsException | Too Many Requests"],
        [],
        "unknown",
        None,
    ),
}


@pytest.mark.parametrize("name", STRANGERS)
def test_a_stranger_at_a_protected_route(name: str) -> None:
    route, looks, controls, outcome, finding = STRANGERS[name]
    exchanges = [look(line) for line in looks]
    verdict = judged(probe(route), *exchanges, controls=tuple(look(line) for line in controls))[0]
    assert (verdict.outcome, verdict.finding) == (outcome, finding)


def test_an_exposure_is_critical_and_the_apis_concern() -> None:
    verdict = judged(probe(PROTECTED), look(f"{G} -> {OK}"))[0]
    assert (verdict.severity, verdict.owner) == (Severity.CRITICAL, Owner.API)


CALLERS = {
    "gets in": (OK, "pass", None, None),
    "is refused by the authorizer": (DENIED, "fail", "refused", "api"),
    "is refused because the token expired": (
        "rest 401 UnauthorizedException | The incoming token has expired",
        "fail",
        "refused",
        "caller",
    ),
    "is refused at routing": (
        "rest 403 IncompleteSignatureException | Invalid key=value pair (missing equal-sign)",
        "fail",
        "refused",
        "api",
    ),
    "meets a failing backend": ('backend 503 | {"e":1}', "fail", "unexpected_status", "api"),
    "meets a denying backend": ('backend 403 | {"e":1}', "fail", "refused", "api"),
    "gets a redirect": ("rest 302", "fail", "unexpected_status", "api"),
    "gets a failure inside a success": (
        'rest 200 | {"message":"Forbidden"}',
        "fail",
        "assertion_failed",
        "api",
    ),
    "gets no answer": ("none timeout: the deadline passed", "fail", "refused", "api"),
    "gets garbage": ("none garbage: the answer is not HTTP", "unknown", None, None),
    "is refused for unknown reasons": ('stranger 403 | {"e":1}', "fail", "refused", None),
}


@pytest.mark.parametrize("name", CALLERS)
def test_a_caller_who_should_get_in(name: str) -> None:
    seen, outcome, finding, owner = CALLERS[name]
    stranger = look(f"{G} -> {UNAUTHORIZED}")
    verdict = judged(probe(PROTECTED), stranger, look(f"{G} with bearer=valid -> {seen}"))[1]
    assert (verdict.outcome, verdict.finding, verdict.owner) == (outcome, finding, owner)


def test_a_public_route_that_asks_for_a_credential() -> None:
    verdict = judged(probe("GET /x: public"), look(f"{G} -> {UNAUTHORIZED}"))[0]
    assert (verdict.finding, verdict.owner) == (Finding.PUBLIC_ROUTE_CLOSED, Owner.API)


def test_a_public_route_that_is_gone() -> None:
    verdict = judged(probe("GET /x: public"), look(f"{G} -> {MAT}"))[0]
    assert (verdict.outcome, verdict.finding) == (Outcome.FAIL, Finding.REFUSED)


CLOSED = "closed_at: ['https://old.execute-api.us-east-1.amazonaws.com/prod']"
OLD = "GET https://old.execute-api.us-east-1.amazonaws.com/prod/x"
OLD_CONTROL = (
    "GET https://old.execute-api.us-east-1.amazonaws.com/prod/gatewatch-no-such-route (control)"
)


@pytest.mark.parametrize(
    ("seen", "control", "outcome", "finding"),
    [
        (OK, None, "fail", "entrance_not_closed"),
        (I500, None, "fail", "entrance_not_closed"),
        (FORBIDDEN, None, "unknown", None),
        (UNAUTHORIZED, None, "unknown", None),
        ("none dns: no address for old", None, "pass", None),
    ],
)
def test_an_entrance_that_must_be_closed(
    seen: str, control: str | None, outcome: str, finding: str | None
) -> None:

    closed = plan(config("GET /x: {access: protected, as: [user]}", CLOSED))[1]
    verdict = judged(closed, look(f"{OLD} -> {seen}"))[0]
    assert (verdict.outcome, verdict.finding) == (outcome, finding)


# Expectations on an answer that got through


def answered(route: str, **response: object) -> object:
    settled = {"status": 200, "headers": {"Date": "d", "apigw-requestid": "a"}, **response}
    exchange = Exchange(
        request=Request(
            method="GET", url="https://a.example.com/x", at="2026-11-22T00:00:00+00:00"
        ),
        response=Response(**settled),  # type: ignore[arg-type]
    )
    [verdict] = judged(probe(route), exchange)
    return verdict.finding


@pytest.mark.parametrize(
    ("expect", "response", "finding"),
    [
        ("{}", {"status": 204}, None),
        ("{status: 200}", {"status": 201}, "unexpected_status"),
        ("{status: [200, 302]}", {"status": 302}, None),
        ("{}", {"unmet": ("$.ok is false, expected true",)}, "assertion_failed"),
        ("{}", {"late": "took 900 ms, expected within 800 ms"}, "slow"),
        ("{}", {"unmet": ("took is 1, expected 2",)}, "assertion_failed"),
        ("{}", {"certificate_expires": "2026-12-05T23:59:59+00:00"}, "certificate_expiring"),
        ("{}", {"certificate_expires": "2026-12-06T00:00:00+00:00"}, "certificate_expiring"),
        ("{}", {"certificate_expires": "2026-12-06T00:00:01+00:00"}, None),
    ],
)
def test_expectations(expect: str, response: dict[str, object], finding: str | None) -> None:
    assert answered(f"GET /x: {{access: public, expect: {expect}}}", **response) == finding


# What the owner names as the status is right for those who should get in.
NAMED = {
    "a 401 of the gateway's": ("401", UNAUTHORIZED, None),
    "a 403 of the gateway's": ("403", FORBIDDEN, None),
    "a missing route": ("404", "http 404 | Not Found", None),
    "a 404 of the backend's": ("404", 'backend 404 | {"e":1}', None),
    "a 410 of nobody known": ("410", "stranger 410 | {}", None),
    "a backend that is down on purpose": ("503", 'backend 503 | {"e":1}', None),
    "one of several": ("[200, 404]", 'backend 404 | {"e":1}', None),
    "another than the one named": ("404", 'backend 410 | {"e":1}', "unexpected_status"),
    "a success that was not named": ("404", OK, "unexpected_status"),
    "a failure inside a success of that status": (
        "200",
        'rest 200 | {"message":"Forbidden"}',
        "assertion_failed",
    ),
}


@pytest.mark.parametrize("caller", ["stranger at a public route", "member"])
@pytest.mark.parametrize("name", NAMED)
def test_a_status_that_the_owner_names_is_right(name: str, caller: str) -> None:
    statuses, seen, finding = NAMED[name]
    expect = f"expect: {{status: {statuses}}}"
    if caller == "member":
        one = probe(f"GET /x: {{access: protected, as: [user], {expect}}}")
        answers = [look(f"{G} -> {UNAUTHORIZED}"), look(f"{G} with bearer=valid -> {seen}")]
    else:
        one = probe(f"GET /x: {{access: public, {expect}}}")
        answers = [look(f"{G} -> {seen}")]
    found = judged(one, *answers)[-1]
    assert (found.outcome, found.finding) == ("fail" if finding else "pass", finding)


@pytest.mark.parametrize(
    ("response", "finding"),
    [
        ({}, None),
        ({"unmet": ("$.ok is false, expected true",)}, "assertion_failed"),
        ({"late": "took 900 ms, expected within 800 ms"}, "slow"),
    ],
)
def test_a_named_status_frees_from_no_other_expectation(
    response: dict[str, object], finding: str | None
) -> None:
    assert answered("GET /x: {access: public, expect: {status: 404}}", status=404, **response) == (
        finding
    )


def test_an_owner_who_states_the_body_has_the_last_word_on_it() -> None:
    seen = look(f'{G} -> http 200 | {{"statusCode": 404}}')
    stated = "GET /x: {access: public, expect: {json: {'$.statusCode': 404}}}"
    assert judged(probe(stated), seen)[0].outcome is Outcome.PASS
    assert judged(probe("GET /x: public"), seen)[0].finding is Finding.ASSERTION_FAILED


def test_evidence_is_there_for_what_failed_with_all_looks_and_controls() -> None:
    exchanges = [look(f"{G} -> {UNAUTHORIZED}"), look(f"{G} with bearer=valid -> {DENIED}")]
    control = look(f"{CONTROL} -> {MAT}")
    stranger, caller = judged(probe(PROTECTED), *exchanges, controls=(control,))
    assert caller.evidence == (exchanges[1], exchanges[0], control)
    assert stranger.evidence == (exchanges[0],)

"""Looks with a deliberately invalid credential: whether a guard takes anything it is shown."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest
from msgspec.structs import replace as changed

from gatewatch.adapters.local.clock import SystemClock
from gatewatch.adapters.local.sqlite import SqliteStore
from gatewatch.attempt import Attempt
from gatewatch.cli.plan import planned
from gatewatch.config.author import load
from gatewatch.config.canonical import Config
from gatewatch.model import CredentialKind, Finding, Outcome, Purpose, Severity
from gatewatch.plan import NOBODY_YET, plan, trial_minutes
from gatewatch.run import run
from gatewatch.sandbox import orders
from gatewatch.sandbox.api import Authorization
from gatewatch.sandbox.authorizers import ALLOW, AuthorizerFunction, LambdaAuthorizer
from gatewatch.sandbox.world import World
from tests.builders import URL
from tests.test_run import Scripted, Watch, only, verdict, watch  # noqa: F401 - a fixture

INVALID = "gatewatch-deliberately-invalid"


def configured(route: str, defaults: str = "") -> Config:
    return load(
        f"""
defaults: {{every: 1m, anonymous_every: 5m{defaults}}}
credentials:
  user: {{bearer: {{env: T}}}}
  key: {{api_key: {{env: K}}}}
  basic: {{basic: {{username: u, password: {{env: P}}}}}}
  token: {{header: {{name: x-token, value: {{env: H}}}}}}
  signer: {{sigv4: {{access_key_id: {{env: I}}, secret_access_key: {{env: S}}}}}}
apis:
  orders:
    url: {URL}
    closed_at: ["https://old.execute-api.us-east-1.amazonaws.com/prod"]
    routes: [{{{route}}}]
""",
        "test",
    )


def tried(route: str) -> list[tuple[str, str | None, tuple[str, ...]]]:
    found = plan(configured(route), entered=NOBODY_YET)
    return [
        (str(one.invalid), one.instead_of, one.callers) for probe in found for one in probe.trials
    ]


def guarded(by: str, callers: str = "[]", method: str = "GET", more: str = "") -> str:
    return f"{method} /x: {{access: protected, guarded_by: {by}, as: {callers}{more}}}"


TRIED = {
    "a Lambda authorizer takes tokens": (guarded("lambda"), [("bearer", None, ())]),
    "Cognito takes tokens": (guarded("cognito", "[user]"), [("bearer", "user", ())]),
    "so does a JWT authorizer": (guarded("jwt", "[user]"), [("bearer", "user", ())]),
    "a token in another header": (guarded("lambda", "[token]"), [("other", "token", ())]),
    "a key": (guarded("api_key", "[key]"), [("api_key", "key", ())]),
    "each of two, beside the other": (
        guarded("[cognito, api_key]", "[user + key]"),
        [("bearer", "user", ("key",)), ("api_key", "key", ("user",))],
    ),
    "a backend's password": (guarded("backend", "[basic]"), [("basic", "basic", ())]),
    "a backend that nobody calls": (guarded("backend"), []),
    "a signature is no token": (guarded("iam", "[signer]"), []),
    "a policy takes none": (guarded("resource_policy", "[user]"), []),
    "no guard is declared": ("GET /x: {access: protected, as: [user]}", []),
    "a public route": ("GET /x: public", []),
    "a write, with nothing that is valid": (
        guarded("[cognito, api_key]", "[user + key]", "POST"),
        [("bearer", "user", ()), ("api_key", "key", ())],
    ),
    "a write that would run": (guarded("lambda", "[user]", "POST", ", invoke: true"), []),
}


@pytest.mark.parametrize("name", TRIED)
def test_an_invalid_credential_is_shown_where_a_guard_takes_one(name: str) -> None:
    route, expected = TRIED[name]
    assert tried(route) == expected


def test_a_write_on_trial_carries_nothing_to_act_on() -> None:
    [here, _] = plan(configured(guarded("lambda", method="POST")), entered=NOBODY_YET)
    [one] = here.trials
    assert ("content-type", "application/x-gatewatch") in one.headers
    assert (one.callers, one.purpose, one.caller) == ((), Purpose.CONTROL, "invalid token")


@pytest.mark.parametrize(
    ("anonymous", "between"),
    [("1m", 60), ("5m", 60), ("7m", 63), ("45m", 90), ("60m", 60), ("2h", 120)],
)
def test_trials_are_an_hour_apart_and_come_with_a_strangers_look(
    anonymous: str, between: int
) -> None:
    found = configured(guarded("lambda", "[user]"))
    [api] = found.apis
    seconds = {"m": 60, "h": 3600}[anonymous[-1]] * int(anonymous[:-1])
    route = changed(api.routes[0], anonymous_every_seconds=float(seconds))
    found = changed(found, apis=(changed(api, routes=(route,)),))
    worked = frozenset({("orders", URL)})
    due = []
    for minute in range(3 * between):
        for probe in plan(found, range(minute, minute + 1), entered=worked):
            if probe.trials:
                assert any(not one.callers for one in probe.attempts)
                due.append(minute)
    assert trial_minutes(route) == between
    assert [later - first for first, later in pairwise(due)] == [between] * 2


def test_a_first_look_brings_a_trial() -> None:
    found = configured(guarded("lambda", "[user]"))
    everybody = [plan(found, range(at, at + 1), entered=NOBODY_YET) for at in range(60)]
    assert sum(bool(one.trials) for probes in everybody for one in probes) == 12


def test_a_plan_tells_of_trials_and_counts_them() -> None:
    found = planned(configured(guarded("lambda", "[user]")))
    [trial] = [one for one in found.looks if one.caller == "invalid token"]
    assert (trial.per_minute, trial.refused) == (round(1 / 60, 4), True)


# In a run: a guard that refuses strangers and takes whatever is shown


def _answers(to_stranger: tuple[int, str], to_invalid: tuple[int, str]) -> Callable[..., object]:
    def answer(attempt: Attempt) -> tuple[int, str]:
        if attempt.url.endswith("gatewatch-no-such-route"):
            return 403, "MissingAuthenticationTokenException"
        if attempt.invalid is not None:
            return to_invalid
        return (200, "") if attempt.callers else to_stranger

    return answer


REFUSED = (401, "UnauthorizedException")
LAMBDA_WRITE = guarded("lambda", method="POST")


@pytest.mark.parametrize(
    ("to_invalid", "expected"),
    [
        ((200, ""), ("fail", "protected_route_open")),
        ((401, "UnauthorizedException"), ("pass", None)),
        ((403, "AccessDeniedException"), ("pass", None)),
        ((502, "InternalServerErrorException"), ("fail", "guard_weakened")),
        ((500, "AuthorizerConfigurationException"), ("unknown", None)),
    ],
)
def test_what_an_invalid_token_gets(to_invalid: tuple[int, str], expected: object) -> None:
    transport = Scripted(_answers(REFUSED, to_invalid))  # type: ignore[arg-type]
    report = run(configured(guarded("lambda")), transport, SqliteStore(None), SystemClock())
    found = verdict(report, "GET /x", "invalid token")
    assert (found.outcome, found.finding) == expected


def test_it_is_not_asked_where_strangers_get_in_already() -> None:
    transport = Scripted(_answers((200, ""), (200, "")))  # type: ignore[arg-type]
    run(configured(LAMBDA_WRITE), transport, SqliteStore(None), SystemClock())
    sent = [one.url for one in transport.sent if one.method == "POST" and "/prod" in one.url]
    assert len([one for one in sent if "abc123" in one]) == 1
    assert not any(one.invalid for one in transport.sent)


def test_a_write_that_an_invalid_token_opens_is_held_back() -> None:
    found, store = configured(LAMBDA_WRITE), SqliteStore(None)
    transport = Scripted(_answers(REFUSED, (200, "")))  # type: ignore[arg-type]
    report = run(found, transport, store, SystemClock())
    assert verdict(report, "POST /x", "invalid token").finding is Finding.PROTECTED_ROUTE_OPEN
    again = Scripted(_answers(REFUSED, (200, "")))  # type: ignore[arg-type]
    run(found, again, store, SystemClock())
    assert not [one for one in again.sent if one.method == "POST" and URL in one.url]


def test_a_refused_trial_renews_no_credential() -> None:
    asked: list[str] = []

    class Renewing(Scripted):
        def renew(self, callers: object) -> frozenset[str]:
            asked.extend(callers)  # type: ignore[arg-type]
            return frozenset()

    transport = Renewing(_answers(REFUSED, (403, "ForbiddenException")))  # type: ignore[arg-type]
    route = guarded("[cognito, api_key]", "[user + key]")
    run(configured(route), transport, SqliteStore(None), SystemClock())
    assert any(one.invalid and one.callers for one in transport.sent)
    assert asked == []


# For real: an authorizer that accepts any token


def _takes_anything(world: World) -> World:
    api = world.apis[orders.API_ID]
    anything = LambdaAuthorizer(AuthorizerFunction({INVALID: ALLOW, orders.USER_TOKEN: ALLOW}))
    return world.having(api.with_authorizer(Authorization.LAMBDA, anything).deployed(orders.STAGE))


def test_an_authorizer_that_accepts_any_token_is_an_exposure(watch: Watch) -> None:  # noqa: F811
    watch.sandbox.change(_takes_anything)
    report = watch.tick()
    assert verdict(report, "GET /orders", "anonymous").outcome is Outcome.PASS
    found = verdict(report, "GET /orders", "invalid token")
    assert (found.finding, found.severity) == ("protected_route_open", Severity.CRITICAL)
    assert found.because == "a protected route answered a call with an invalid token with 200"
    incident = only(report)
    callers = {member.caller for member in incident.members}
    assert (incident.state, callers) == ("open", {"invalid token"})


def test_what_is_shown_is_a_constant_and_recorded_as_invalid(watch: Watch) -> None:  # noqa: F811
    report = watch.tick()
    [sent] = verdict(report, "GET /partners", "invalid API key").evidence
    assert [(one.kind, one.validity) for one in sent.request.credentials] == [
        (CredentialKind.API_KEY, "invalid")
    ]

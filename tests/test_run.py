"""Whole runs against the sandbox: every fault, from the first look to the incident."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from gatewatch.adapters.local.authority import authorities
from gatewatch.adapters.local.clock import SystemClock
from gatewatch.adapters.local.sqlite import SqliteStore
from gatewatch.attempt import Attempt
from gatewatch.config.author import load
from gatewatch.config.canonical import Config, Window
from gatewatch.config.lookups import Lookups
from gatewatch.looking.loop import CONTROLS_PER_PROBE, results_due
from gatewatch.model import (
    CredentialKind,
    Incident,
    Outcome,
    Purpose,
    SentCredential,
    Validity,
    Verdict,
)
from gatewatch.ports import Recorded, SecretError
from gatewatch.probe.credentials import Keyring
from gatewatch.probe.prober import Prober
from gatewatch.probe.vault import Vault
from gatewatch.raw import RawExchange
from gatewatch.redaction.redactor import Redactor
from gatewatch.run import Report, run
from gatewatch.sandbox import orders
from gatewatch.sandbox.api import Authorization, Method
from gatewatch.sandbox.faults import FAULTS
from gatewatch.sandbox.server import Sandbox, running

from .builders import URL, config


class Watch:
    """A sandbox, a configuration and a memory, a minute to each tick."""

    def __init__(self, sandbox: Sandbox, config: Config, folder: Path) -> None:
        self.sandbox = sandbox
        self.config = config
        self.store = SqliteStore(folder / "state.sqlite3")
        # No trial of a route of these is due in the minutes after that; see `trial_minutes`.
        self._now = datetime.now(UTC).replace(minute=20, second=0, microsecond=0)
        sandbox.now = self.now

    def now(self) -> datetime:
        return self._now

    def tick(self, times: int = 1) -> Report:
        for _ in range(times):
            self._now += timedelta(minutes=1)
            prober = Prober(Keyring(self.config.credentials, Vault(self.read, self)), self)
            report = run(self.config, prober, self.store, self)
            prober.close()
        return report

    def read(self, ref: object) -> str:
        return orders.SECRETS[ref.name]  # type: ignore[attr-defined]


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Watch]:
    sandbox = Sandbox(orders.world())
    with running(sandbox, tmp_path) as place:
        patient = orders.configuration(*place).replace("timeout: 5s", "timeout: 60s")
        lookups = Lookups(ca_file=authorities(tmp_path))
        yield Watch(sandbox, load(patient, "test", lookups), tmp_path)


def verdict(report: Report, route: str, caller: str) -> Verdict:
    return next(one for one in report.verdicts if (one.route, one.caller) == (route, caller))


def only(report: Report) -> Incident:
    [incident] = report.incidents
    return incident


def test_a_healthy_api_passes_every_look(watch: Watch) -> None:
    report = watch.tick()
    assert {one.outcome for one in report.verdicts} == {Outcome.PASS}
    trials = 5
    assert report.summary.due == report.summary.passed == report.summary.requests == 12 + trials
    assert report.incidents == ()


# fault -> layer, cause first named, who must act, routes concerned
FAULT_STORIES = {
    "route_deleted": ("routing", "route_not_found", "api", {"GET /orders/{id}"}),
    "stage_renamed": ("ambiguous", "stage_not_found", "api", None),
    "authorizer_denies": (
        "auth",
        "authorizer_denied",
        "caller",
        {"GET /orders", "GET /orders/{id}"},
    ),
    "authorizer_broken": ("auth", "authorizer_failure", "api", {"GET /orders", "GET /orders/{id}"}),
    "key_rotated": ("auth", "api_key_invalid", "caller", {"GET /partners"}),
    "policy_denies": ("auth", "resource_policy_deny", "api", None),
    "permission_missing": ("integration", "lambda_permission_missing", "api", None),
    "function_raises": ("integration", "function_error", "api", None),
}
WITH_A_CALLER = {
    "GET /health",
    "GET /orders",
    "GET /orders/{id}",
    "GET /profile",
    "GET /partners",
    "GET /reports",
}

REFUSED_BY_ANOTHER = {"POST /orders"}
"""A write whose declared guard is not what refuses it any more."""


@pytest.mark.parametrize("name", FAULT_STORIES)
def test_a_fault_opens_one_incident_and_its_end_resolves_it(watch: Watch, name: str) -> None:
    layer, cause, owner, routes = FAULT_STORIES[name]
    watch.tick()
    healthy = watch.sandbox.world
    watch.sandbox.change(FAULTS[name].apply)
    assert watch.tick().incidents == ()
    opened = only(watch.tick())
    assert (opened.state, opened.layer, opened.cause, opened.owner) == ("open", layer, cause, owner)
    assert {member.route for member in opened.members} == (routes or WITH_A_CALLER) | {
        route for route in REFUSED_BY_ANOTHER if name == "stage_renamed"
    }
    assert opened.evidence
    watch.sandbox.change(lambda _: healthy)
    assert only(watch.tick()).state == "open"
    resolved = only(watch.tick())
    assert (resolved.id, resolved.state) == (opened.id, "resolved")
    assert resolved.updates[-1].text == "resolved after 2m 0s"


def test_an_exposure_opens_at_once(watch: Watch) -> None:
    watch.tick()
    watch.sandbox.change(FAULTS["route_opened"].apply)
    opened = only(watch.tick())
    assert (opened.finding, opened.severity) == ("protected_route_open", "critical")


def test_an_incident_tells_whom_to_ask_and_where_to_read(watch: Watch) -> None:
    [api] = watch.config.apis
    watch.config = replace(watch.config, apis=(replace(api, runbook="https://wiki.example.com/o"),))
    watch.tick()
    watch.sandbox.change(FAULTS["route_opened"].apply)
    opened = only(watch.tick())
    assert (opened.team, opened.runbook) == ("team-orders", "https://wiki.example.com/o")


def test_an_open_incident_follows_a_diagnosis_that_changes(watch: Watch) -> None:
    healthy = watch.tick() and watch.sandbox.world
    watch.sandbox.change(FAULTS["authorizer_denies"].apply)
    watch.tick(2)
    watch.sandbox.change(lambda _: FAULTS["authorizer_broken"].apply(healthy))
    found = {one.state: one for one in watch.tick().incidents}
    assert found["open"].cause == "authorizer_failure"
    assert found["resolved"].updates[-2].text.endswith("fails for another reason")


def test_a_control_settles_what_the_looks_leave_open(watch: Watch) -> None:
    watch.tick()
    watch.sandbox.change(FAULTS["route_deleted"].apply)
    report = watch.tick()
    found = verdict(report, "GET /orders/{id}", "user")
    assert (found.layer, found.layer_confidence) == ("routing", "certain")
    assert report.summary.requests == 13
    control = found.evidence[-1]
    assert (control.request.purpose, control.response.status) == ("control", 404)


def test_a_question_that_many_routes_have_is_asked_once(watch: Watch) -> None:
    watch.tick()
    watch.sandbox.change(FAULTS["stage_renamed"].apply)
    beside, as_browser = 2, 1
    assert watch.tick().summary.requests <= 12 + beside + as_browser


def test_a_url_that_worked_is_not_blamed_on_the_url(watch: Watch) -> None:
    watch.sandbox.change(FAULTS["stage_renamed"].apply)
    first = verdict(watch.tick(), "GET /health", "anonymous")
    assert "stage_missing_from_url" in [one.cause for one in first.candidates]
    watch.sandbox.change(lambda _: orders.world())
    watch.tick()
    watch.sandbox.change(FAULTS["stage_renamed"].apply)
    later = verdict(watch.tick(), "GET /health", "anonymous")
    assert "stage_missing_from_url" not in [one.cause for one in later.candidates]


@pytest.mark.parametrize(("age", "refuted"), [(0, False), (119, False), (120, True), (None, True)])
def test_for_two_minutes_after_a_deployment_one_look_alone_refutes_nothing(
    watch: Watch, age: int | None, refuted: bool
) -> None:
    watch.tick()
    watch.sandbox.change(FAULTS["route_deleted"].apply)
    deployed = None if age is None else watch.now() - timedelta(seconds=age)
    prober = Prober(Keyring(watch.config.credentials, Vault(watch.read, watch)), watch)
    report = run(watch.config, prober, watch.store, watch, deployed_at=deployed)
    prober.close()
    found = verdict(report, "GET /orders/{id}", "user")
    assert (found.layer == "routing") is refuted


def test_an_exposed_write_is_latched_until_it_is_acknowledged(watch: Watch) -> None:
    watch.tick()
    api = watch.sandbox.world.apis[orders.API_ID]
    opened = api.with_method("/orders", "POST", Method(Authorization.NONE)).deployed("prod")
    watch.sandbox.change(lambda world: world.having(opened))
    assert verdict(watch.tick(), "POST /orders", "anonymous").finding == "protected_route_open"
    before = watch.sandbox.requests
    held = verdict(watch.tick(), "POST /orders", "anonymous")
    assert (held.outcome, held.finding) == ("skipped", "protected_route_open")
    assert watch.sandbox.requests - before == 11
    assert only(watch.tick()).state == "open"
    watch.sandbox.change(lambda _: orders.world())
    watch.store.release("orders", "POST /orders")
    for _ in range(9):
        report = watch.tick()
        assert verdict(report, "POST /orders", "anonymous").outcome == "pass"
        assert only(report).state == "open"
    assert only(watch.tick()).state == "resolved"


def test_an_unresolvable_secret_is_unknown_and_the_others_finish(watch: Watch) -> None:
    def read(ref: object) -> str:
        if ref.name == "SANDBOX_API_KEY":  # type: ignore[attr-defined]
            raise SecretError("the environment variable SANDBOX_API_KEY is not set")
        return orders.SECRETS[ref.name]  # type: ignore[attr-defined]

    watch.read = read  # type: ignore[method-assign]
    report = watch.tick()
    found = verdict(report, "GET /partners", "partner-key")
    assert (found.outcome, found.owner) == ("unknown", "caller")
    assert (found.finding, found.scope) == ("credential_unreadable", "credential partner-key")
    assert found.because == (
        "credential partner-key cannot be read: the environment variable SANDBOX_API_KEY is not set"
    )
    assert report.summary.passed >= 10


def test_a_route_that_leaves_the_configuration_is_retired(watch: Watch) -> None:
    watch.tick()
    watch.sandbox.change(FAULTS["key_rotated"].apply)
    watch.tick(2)
    text = orders.configuration("127.0.0.1:1", "x")
    left_out = ("partner", "ca_file")
    kept = [line for line in text.splitlines() if not any(one in line for one in left_out)]
    watch.config = load("\n".join(kept), "test")
    api = watch.config.apis[0]
    [incident] = [one for one in watch.tick().incidents if one.state == "resolved"]
    assert "left the configuration" in incident.updates[-2].text
    assert api.name == "orders"


def test_an_api_that_leaves_the_configuration_is_told_once_and_forgotten(watch: Watch) -> None:
    watch.tick()
    watch.sandbox.change(FAULTS["stage_renamed"].apply)
    before = only(watch.tick(2))
    renamed = [replace(api, name="others") for api in watch.config.apis]
    watch.config = replace(watch.config, apis=tuple(renamed))
    [after] = [one for one in watch.tick().incidents if one.api == "orders"]
    assert (after.id, after.state, after.scope) == (before.id, "resolved", before.scope)
    assert "left the configuration" in after.updates[-2].text
    assert {one.api for one in watch.tick().incidents} == {"others"}
    with watch.store.open("orders") as memory:
        assert (memory.states, memory.incidents) == ((), ())


def test_a_dead_host_is_an_incident_of_its_own_layer(watch: Watch) -> None:
    watch.tick()
    watch.config = load(
        orders.configuration("127.0.0.1:1", "unused").replace('    ca_file: "unused"\n', ""), "test"
    )
    watch.tick(1)
    report = watch.tick()
    assert {one.layer for one in report.incidents} == {"network"}
    assert report.summary.failed + report.summary.unknown == 12


# What is sent, and what never is


KINDS = {
    "user": CredentialKind.BEARER,
    "key": CredentialKind.API_KEY,
    "signer": CredentialKind.SIGV4,
}


class Scripted:
    """A transport that answers every attempt from a function, and keeps what it was given."""

    def __init__(self, answer: Callable[[Attempt], tuple[int, str]]) -> None:
        self._answer = answer
        self.sent: list[Attempt] = []

    def send_all(
        self, attempts: Sequence[Attempt], record: Callable[[RawExchange], Recorded]
    ) -> list[Recorded]:
        self.sent += attempts
        return [record(self._outcome(attempt)) for attempt in attempts]

    def _outcome(self, attempt: Attempt) -> RawExchange:
        status, error_type = self._answer(attempt)
        headers = {"x-amzn-RequestId": "r", "x-amz-apigw-id": "a"}
        if error_type:
            headers["x-amzn-ErrorType"] = error_type
        sent = (SentCredential(KINDS[name], Validity.VALID) for name in attempt.callers)
        return RawExchange(
            attempt=attempt,
            sent_at="",
            credentials=tuple(sent),
            status=status,
            headers=tuple(headers.items()),
        )

    def redactor(self) -> Redactor:
        return Redactor()

    def renew(self, _: Sequence[str]) -> frozenset[str]:
        return frozenset()

    @property
    def controls(self) -> list[Attempt]:
        return [one for one in self.sent if one.purpose is Purpose.CONTROL]


CLOSED = "closed_at: ['https://old.execute-api.us-east-1.amazonaws.com/prod']"


@pytest.mark.parametrize(
    ("route", "entrances", "answer", "finding"),
    [
        ("POST /x: {access: protected}", "", (200, ""), "protected_route_open"),
        (
            "POST /x: {access: protected, guarded_by: lambda}",
            "",
            (502, "InternalServerErrorException"),
            "guard_weakened",
        ),
        ("POST /x: public", CLOSED, (200, ""), "entrance_not_closed"),
    ],
)
def test_a_write_that_got_through_is_not_sent_again(
    route: str, entrances: str, answer: tuple[int, str], finding: str
) -> None:
    found, store = config(route, entrances), SqliteStore(None)
    first = Scripted(_only_writes(answer))
    report = run(found, first, store, SystemClock())
    assert finding in [one.finding for one in report.verdicts]
    assert [one.method for one in first.sent if one.purpose is Purpose.LOOK] == ["POST"]
    again = Scripted(_only_writes(answer))
    run(found, again, store, SystemClock())
    assert again.sent == []


def _only_writes(answer: tuple[int, str]) -> Callable[[Attempt], tuple[int, str]]:
    missing = (403, "MissingAuthenticationTokenException")
    return lambda attempt: answer if attempt.method == "POST" else missing


def test_a_write_that_may_be_called_is_called_again() -> None:
    found, store = config("POST /x: {access: protected, invoke: true}"), SqliteStore(None)
    for _ in range(2):
        transport = Scripted(lambda _: (200, ""))
        run(found, transport, store, SystemClock())
        assert [one.method for one in transport.sent if one.purpose is Purpose.LOOK] == ["POST"]


def test_only_an_open_entrance_is_asked_with_a_signature() -> None:
    route = "GET /x: {access: protected, as: [signer]}"
    here, closed = results_due(config(route, CLOSED), SqliteStore(None))
    assert (here.signer, closed.signer) == ("signer", None)


def test_a_control_goes_where_the_look_went_and_not_where_its_record_says() -> None:
    route = "GET /x: {access: public, query: {session: s3ssion-0f-0urs}, headers: {x-tenant: blue}}"
    signed = "GET /y: {access: protected, guarded_by: iam, as: [signer]}"
    transport = Scripted(lambda _: (403, "MissingAuthenticationTokenException"))
    report = run(config(f"{route}}}, {{{signed}"), transport, SqliteStore(None), SystemClock())
    [control] = [one for one in transport.controls if one.callers and "/x" in one.url]
    assert control.url == f"{URL}/x?session=s3ssion-0f-0urs"
    assert control.headers == (("x-tenant", "blue"),)
    assert "s3ssion" not in str(report.verdicts)


def test_controls_are_few_and_counted() -> None:
    transport = Scripted(lambda _: (403, "ForbiddenException"))
    report = run(config("GET /x: public"), transport, SqliteStore(None), SystemClock())
    assert 1 <= len(transport.controls) <= CONTROLS_PER_PROBE == 2
    assert report.summary.requests == len(transport.sent)


def test_a_question_at_another_address_is_another_question() -> None:
    [api] = config("GET /x: public").apis
    there = replace(api, name="green", connect_to="127.0.0.1:1")
    transport = Scripted(lambda _: (403, "ForbiddenException"))
    run(Config(apis=(api, there)), transport, SqliteStore(None), SystemClock())
    assert {one.connect_to for one in transport.controls} == {None, "127.0.0.1:1"}


def test_what_breaks_in_a_maintenance_window_is_held_until_it_is_over(watch: Watch) -> None:
    watch.tick()
    opened = watch.now() + timedelta(minutes=1)
    window = Window(
        start=opened.strftime("%Y-%m-%dT%H:%M"),
        for_seconds=4 * 60,
        timezone="UTC",
        apis=("orders",),
    )
    watch.config = replace(watch.config, maintenance=(window,))
    watch.sandbox.change(FAULTS["route_deleted"].apply)
    held = only(watch.tick(3))
    assert held.state == "open"
    assert held.held_until is not None
    assert {one.outcome for one in watch.tick(2).verdicts} == {Outcome.PASS, Outcome.FAIL}
    assert only(watch.tick()).held_until is None

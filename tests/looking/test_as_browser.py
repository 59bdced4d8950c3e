"""Whether users are refused, or the monitor alone: the same look with a browser's User-Agent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from gatewatch.adapters.local.clock import SystemClock
from gatewatch.adapters.local.sqlite import SqliteStore
from gatewatch.attempt import BROWSER, Attempt, as_browser, attempt_for
from gatewatch.model import Confidence, Finding, Outcome, Owner, Purpose, Severity
from gatewatch.run import run
from gatewatch.sandbox import orders
from gatewatch.sandbox.firewall import Action, Rule
from gatewatch.sandbox.world import World
from tests.builders import config, probe
from tests.test_run import Scripted, Watch, only, verdict, watch  # noqa: F401 - a fixture


def _with_rules(*rules: Rule) -> Callable[[World], World]:
    def apply(world: World) -> World:
        api = world.apis[orders.API_ID]
        stage = replace(api.stages[orders.STAGE], web_acl=rules)
        return world.having(api.with_stage(orders.STAGE, stage))

    return apply


BLOCKS_MONITORS = Rule(user_agent="gatewatch")


def test_a_rule_against_monitors_is_ours_to_mend_and_no_outage(watch: Watch) -> None:  # noqa: F811
    watch.tick()
    watch.sandbox.change(_with_rules(BLOCKS_MONITORS))
    report = watch.tick()
    found = verdict(report, "GET /orders", "user")
    assert (found.finding, found.cause, found.confidence) == (
        Finding.REFUSED,
        "waf_blocked",
        Confidence.LIKELY,
    )
    assert (found.owner, found.severity) == (Owner.CALLER, Severity.LOW)
    assert "users are fine" in found.because
    assert {one.severity for one in report.verdicts if one.outcome is Outcome.FAIL} == {
        Severity.LOW
    }
    incident = only(watch.tick())
    assert (incident.cause, incident.severity, incident.owner) == ("waf_blocked", "low", "caller")


def test_a_challenge_that_only_monitors_get_is_one_too(watch: Watch) -> None:  # noqa: F811
    watch.sandbox.change(_with_rules(Rule(Action.CHALLENGE, user_agent="gatewatch")))
    found = verdict(watch.tick(), "GET /health", "anonymous")
    assert (found.owner, found.severity, found.cause) == ("caller", "low", "waf_challenge")


def test_a_rule_for_all_stays_the_apis(watch: Watch) -> None:  # noqa: F811
    watch.sandbox.change(_with_rules(Rule()))
    found = verdict(watch.tick(), "GET /orders", "user")
    assert found.severity is Severity.HIGH
    assert "users are fine" not in found.because


def _blocks_monitors(attempt: Attempt) -> tuple[int, str]:
    if ("User-Agent", BROWSER) not in attempt.headers:
        return 403, "ForbiddenException"
    if attempt.url.endswith("gatewatch-no-such-route"):
        return 403, "MissingAuthenticationTokenException"
    return 200, ""


@pytest.mark.parametrize(
    "route",
    [
        "GET /x: public",
        "HEAD /x: public",
        "GET /x: {access: protected, guarded_by: lambda, as: [user]}",
    ],
)
def test_it_is_asked_once_and_by_what_reads(route: str) -> None:
    transport = Scripted(_blocks_monitors)
    run(config(route), transport, SqliteStore(None), SystemClock())
    asked = [one for one in transport.sent if ("User-Agent", BROWSER) in one.headers]
    assert [one.url.rpartition("/")[2] for one in asked] == ["gatewatch-no-such-route", "x"]
    assert {one.purpose for one in asked} == {Purpose.CONTROL}
    assert {one.method for one in asked} == {route.split(" ", maxsplit=1)[0]}


def test_a_write_is_not_sent_again_to_find_out() -> None:
    transport = Scripted(_blocks_monitors)
    route = "POST /x: {access: protected, guarded_by: lambda}"
    report = run(config(route), transport, SqliteStore(None), SystemClock())
    assert [one.method for one in transport.sent].count("POST") == 1
    [found] = report.verdicts
    assert (found.outcome, found.cause) == ("unknown", "waf_blocked")


def test_a_route_that_is_gone_for_browsers_too_is_gone() -> None:
    transport = Scripted(lambda _: (403, "ForbiddenException"))
    [found] = run(config("GET /x: public"), transport, SqliteStore(None), SystemClock()).verdicts
    assert found.owner is not Owner.CALLER or found.severity is not Severity.LOW


def test_as_a_browser_nothing_is_written() -> None:
    one = probe("POST /x: {access: protected}")
    with pytest.raises(ValueError, match="POST"):
        as_browser(attempt_for(one.api, one.route, one.entrance))


def test_a_user_agent_of_the_owners_gives_way() -> None:
    one = probe("GET /x: {access: public, headers: {user-agent: own}}")
    sent = dict(as_browser(one.attempts[0]).headers)
    assert sent == {"User-Agent": BROWSER}

"""SARIF 2.1.0: valid, each failure at its line, the same fingerprint for the same failure."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec.structs import replace

from gatewatch.config.lines import NOWHERE, Place, Places
from gatewatch.diagnosis.causes import catalogue
from gatewatch.model import Finding
from gatewatch.release.checked import Checked
from gatewatch.release.decide import Decision
from gatewatch.reports import sarif
from tests.builders import verdict
from tests.reports.releases import (
    FIXED,
    IGNORED,
    NEW,
    OLDER,
    OPEN,
    RENAMED,
    SKIPPED,
    TOLERATED,
    UNKNOWN,
    WARNED,
    WHOLE,
    release,
)
from tests.reports.schema import problems_of_sarif

PLACES = Places({("orders", "GET /x"): Place("api/gate watch.yaml", 12)}, {}, Place("g.yaml"))


def run(*looks: Checked, places: Places = PLACES, **changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(sarif.write(release(*looks, **changes), places))["runs"][0]
    return found


@pytest.mark.parametrize("places", [PLACES, NOWHERE], ids=["with_lines", "without_a_file"])
def test_it_is_valid(places: Places) -> None:
    assert problems_of_sarif(sarif.write(WHOLE, places)) == []


@pytest.mark.parametrize(
    ("written", "broken"),
    [
        pytest.param('"version": "2.1.0",\n "runs"', '"version": "2.2",\n "runs"', id="version"),
        pytest.param('"level": "error"', '"level": "failure"', id="level"),
        pytest.param('"startLine": 12', '"startLine": 0', id="line"),
        pytest.param('"ruleId":', '"rule":', id="unknown_key"),
        pytest.param('"text": "A route is open to everybody"', '"words": ""', id="message"),
    ],
)
def test_a_broken_one_is_noticed(written: str, broken: str) -> None:
    text = sarif.write(WHOLE, PLACES)
    assert written in text
    assert problems_of_sarif(text.replace(written, broken))


@pytest.mark.parametrize(
    ("look", "rule", "level"),
    [
        pytest.param(OPEN, "protected_route_open", "error", id="exposure"),
        pytest.param(NEW, "route_not_found", "error", id="new"),
        pytest.param(UNKNOWN, "unknown", "error", id="unknown_that_stops"),
        pytest.param(WARNED, "backend_error", "warning", id="warned"),
        pytest.param(OLDER, "route_not_found", "warning", id="older"),
        pytest.param(IGNORED, "slow", "note", id="ignored"),
        pytest.param(TOLERATED, "unknown", "note", id="unknown_that_does_not"),
    ],
)
def test_a_failure_is_a_result_of_its_rule(look: Checked, rule: str, level: str) -> None:
    (result,) = run(look)["results"]
    assert (result["ruleId"], result["level"]) == (rule, level)
    assert [one["id"] for one in run(look)["tool"]["driver"]["rules"]] == [rule]


def test_what_passed_or_was_skipped_is_no_result() -> None:
    assert run(FIXED, RENAMED, SKIPPED)["results"] == []


def test_a_result_stands_at_its_routes_line_in_the_repository() -> None:
    location = run(NEW)["results"][0]["locations"][0]["physicalLocation"]
    assert location == {
        "artifactLocation": {"uri": "api/gate%20watch.yaml", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 12},
    }


@pytest.mark.parametrize(
    ("look", "state"),
    [pytest.param(NEW, "new", id="new"), pytest.param(OLDER, "unchanged", id="older")],
)
def test_a_result_says_whether_it_is_new(look: Checked, state: str) -> None:
    assert run(look)["results"][0]["baselineState"] == state
    assert "baselineState" not in run(look, baseline="")["results"][0]


def test_a_fingerprint_stays_for_the_same_failure_and_differs_for_another() -> None:
    def fingerprint(look: Checked) -> str:
        found = run(look)["results"][0]["partialFingerprints"]
        return str(found["gatewatchLook/v1"])

    later = replace(NEW, because="it failed again", looks=3, verdict=verdict(evidence=()))
    others = [
        replace(NEW, route="GET /y"),
        replace(NEW, caller="other"),
        replace(NEW, verdict=verdict(cause="wrong_method")),
    ]
    assert fingerprint(later) == fingerprint(NEW)
    assert fingerprint(NEW) == "2cfccef9ecb6db43ec2eab99fb6a46fd"
    assert len({fingerprint(NEW), *map(fingerprint, others)}) == 4


@pytest.mark.parametrize(
    ("decision", "code", "is_whole"),
    [(Decision.PASSED, 0, True), (Decision.STOPPED, 1, True), (Decision.UNDECIDED, 2, False)],
)
def test_the_invocation_has_the_exit_code(decision: Decision, code: int, is_whole: bool) -> None:
    (invocation,) = run(NEW, decision=decision)["invocations"]
    assert (invocation["exitCode"], invocation["executionSuccessful"]) == (code, is_whole)
    assert invocation["endTimeUtc"] == "2026-11-28T12:01:30.000000Z"


@pytest.mark.parametrize("cause", catalogue())
def test_every_cause_is_a_valid_rule_with_its_help(cause: str) -> None:
    look = replace(NEW, verdict=verdict(cause=cause))
    assert problems_of_sarif(sarif.write(release(look), PLACES)) == []
    (rule,) = run(look)["tool"]["driver"]["rules"]
    assert "## Fix" in rule["help"]["markdown"]


def test_the_title_of_a_rule_is_no_surer_than_its_results() -> None:
    def title(*looks: Checked) -> str:
        (rule,) = run(*looks)["tool"]["driver"]["rules"]
        return str(rule["shortDescription"]["text"])

    sure = replace(NEW, verdict=verdict(candidates=()))
    assert title(sure) == "The deployed stage has no such path"
    assert title(sure, NEW) == f"{title(sure)}, or a cause that looks the same"


@pytest.mark.parametrize("finding", [one for one in Finding if one is not Finding.REFUSED])
def test_every_finding_is_a_rule_in_words(finding: Finding) -> None:
    (rule,) = run(replace(NEW, verdict=verdict(finding=finding)))["tool"]["driver"]["rules"]
    assert rule["shortDescription"]["text"].startswith("A route is ")


def test_no_more_results_than_github_takes_and_the_rest_is_counted() -> None:
    looks = (replace(NEW, route=f"GET /{number}") for number in range(sarif.MOST + 2))
    found = run(*looks)
    assert len(found["results"]) == 25_000
    (told,) = found["invocations"][0]["toolExecutionNotifications"]
    assert told["message"]["text"].startswith("2 more results")

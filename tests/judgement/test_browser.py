"""Whether a browser comes further than the monitor did."""

from __future__ import annotations

import pytest

from gatewatch.diagnosis.diagnose import diagnose
from gatewatch.judgement.browser import comes_further
from gatewatch.judgement.judge import judge
from gatewatch.model import Verdict
from tests.builders import probe
from tests.support import look

ROUTE = "GET HOST/prod/x"
NOWHERE = "GET HOST/prod/gatewatch-no-such-route (control)"
BLOCKED = "rest 403 ForbiddenException | Forbidden"
MISSING = "rest 403 MissingAuthenticationTokenException | Missing Authentication Token"
PAGE = "stranger 200 | <html><title>Shop</title></html>"
ANSWER = 'rest 200 | {"ok":true}'

# what a browser gets, and what the monitor got at the route and at paths that cannot exist
CASES = {
    "an answer": (ROUTE, ANSWER, BLOCKED, [BLOCKED], True),
    "a refusal": (ROUTE, BLOCKED, BLOCKED, [BLOCKED], False),
    "a page for everything": (ROUTE, PAGE, BLOCKED, [PAGE], False),
    "elsewhere, past what refused everything": (NOWHERE, MISSING, BLOCKED, [BLOCKED], True),
    "elsewhere, past what refused once": (NOWHERE, MISSING, BLOCKED, [MISSING, BLOCKED], True),
    "elsewhere, where the monitor comes as far": (NOWHERE, MISSING, BLOCKED, [MISSING], False),
    "elsewhere, as blocked as the monitor": (NOWHERE, BLOCKED, BLOCKED, [BLOCKED], False),
    "elsewhere, and nothing to compare with": (NOWHERE, MISSING, BLOCKED, [], False),
}


@pytest.mark.parametrize("name", CASES)
def test_a_browser_comes_further(name: str) -> None:
    where, browser, monitor, nowhere, expected = CASES[name]
    elsewhere = [look(f"{NOWHERE} -> {one}").response for one in nowhere]
    found = comes_further(look(f"{where} -> {browser}"), look(f"{ROUTE} -> {monitor}"), elsewhere)
    assert found is expected


def judged_as_browser(browser: str) -> Verdict:
    """Of a public route at which the monitor is blocked."""
    seen = look(f"{ROUTE} -> {BLOCKED}")
    shown = {"anonymous": look(f"{ROUTE} -> {browser}")}
    [found] = judge(
        probe("GET /x: public"), {"anonymous": seen}, [], diagnose([seen]), {}, as_browser=shown
    )
    return found


def test_where_a_browser_gets_in_it_is_likely_a_rule_against_monitors_and_ours_to_mend() -> None:
    found = judged_as_browser(ANSWER)
    assert (found.cause, found.confidence) == ("waf_blocked", "likely")
    assert (found.layer, found.layer_confidence) == ("auth", "likely")
    assert (found.owner, found.severity) == ("caller", "low")


def test_where_a_browser_is_refused_too_nothing_is_told_apart() -> None:
    found = judged_as_browser(BLOCKED)
    assert (found.confidence, found.layer_confidence) == ("ambiguous", "ambiguous")
    assert found.severity == "medium"

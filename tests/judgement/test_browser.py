"""Whether a browser comes further than the monitor did."""

from __future__ import annotations

import pytest

from gatewatch.judgement.browser import comes_further
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

"""Releases for the tests of reports: one with every standing, and some that attack the reader."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from gatewatch.model import (
    ANONYMOUS,
    Action,
    Concern,
    Confidence,
    Exchange,
    Finding,
    Layer,
    NextProbe,
    Outcome,
    Request,
    Response,
    Verdict,
)
from gatewatch.release.baseline import Before, of_verdict
from gatewatch.release.checked import Checked, Standing
from gatewatch.release.decide import Decision, Release
from tests.builders import URL, verdict

EARLIER = "2026-11-27T09:00:00+00:00"
SECRET = "planted-secret-Zq7w"
SEEN = Exchange(
    request=Request(method="GET", url=f"{URL}/x", headers={"authorization": f"Bearer {SECRET}"}),
    response=Response(
        status=403,
        headers={"x-echo": SECRET},
        body=f'{{"message": "{SECRET}"}}',
        error=SECRET,
        elapsed_ms=41.5,
    ),
)


def look(
    standing: Standing = Standing.PASSED, one: Verdict | None = None, **changes: Any
) -> Checked:
    one = one or verdict(Outcome.PASS, evidence=(SEEN,))
    settled = {
        "api": one.api,
        "route": one.route,
        "entrance": one.entrance,
        "caller": one.caller,
        "standing": standing,
        "because": "all of 19 looks passed",
        "looks": 19,
        "verdict": one,
        **changes,
    }
    return Checked(**settled)


LOST = verdict(
    evidence=(SEEN,),
    because="403 with MissingAuthenticationTokenException",
    next_probe=NextProbe(credential="sigv4", method="GET", url=f"{URL}/x", why="it tells a route"),
)
NEW = look(
    Standing.NEW_FAILURE,
    LOST,
    stops=True,
    action=Action.FAIL,
    concerns=(Concern.ROUTING,),
    because=f"it passed before this release (last at {EARLIER}); all of 19 looks failed",
    before=of_verdict(verdict(Outcome.PASS), EARLIER),
)
OPEN = look(
    Standing.NEW_FAILURE,
    verdict(
        route="POST /orders",
        caller=ANONYMOUS,
        finding=Finding.PROTECTED_ROUTE_OPEN,
        layer=Layer.OK,
        cause="ok",
        candidates=(),
        confidence=Confidence.CERTAIN,
        evidence=(replace(SEEN, response=replace(SEEN.response, status=200)),),
    ),
    stops=True,
    action=Action.FAIL,
    concerns=(Concern.EXPOSURE,),
    because=f"it passed before this release (last at {EARLIER}); all of 3 looks failed",
    before=of_verdict(verdict(Outcome.PASS, layer=Layer.AUTH), EARLIER),
)
WARNED = look(
    Standing.NEW_FAILURE,
    verdict(route="GET /reports", layer=Layer.BACKEND, cause="backend_error", candidates=()),
    action=Action.WARN,
    concerns=(Concern.BACKEND,),
    because="nothing is known of it before this release; all of 19 looks failed",
)
OLDER = look(
    Standing.OLDER_FAILURE,
    verdict(route="GET /old"),
    action=Action.FAIL,
    concerns=(Concern.ROUTING,),
    because=f"it failed before this release, since {EARLIER}; all of 19 looks failed",
    before=of_verdict(verdict(route="GET /old"), EARLIER),
)
IGNORED = look(
    Standing.NEW_FAILURE,
    verdict(route="GET /slow", finding=Finding.SLOW, layer=Layer.OK, candidates=()),
    action=Action.IGNORE,
    concerns=(Concern.SLOW,),
    because="it passed before this release; all of 19 looks failed",
)
UNKNOWN = look(
    Standing.UNKNOWN,
    verdict(Outcome.UNKNOWN, route="GET /private", layer=Layer.UNKNOWN, because="unreachable"),
    stops=True,
    action=Action.FAIL,
    because="one of several causes",
)
TOLERATED = look(
    Standing.UNKNOWN,
    verdict(Outcome.UNKNOWN, route="GET /beta", layer=Layer.UNKNOWN),
    action=Action.WARN,
    because="one of several causes",
)
UNSETTLED = look(
    Standing.UNKNOWN,
    verdict(Outcome.PASS, route="GET /beside"),
    stops=True,
    action=Action.FAIL,
    because="only 1 look, so nothing has settled yet",
    looks=1,
    passed=1,
)
SKIPPED = look(
    Standing.SKIPPED,
    verdict(Outcome.SKIPPED, route="PUT /x"),
    because="a public write is not sent without invoke: true",
)
FIXED = look(
    Standing.FIXED,
    verdict(Outcome.PASS, route="GET /fixed"),
    because=f"all of 19 looks passed; it failed before this release, since {EARLIER}",
    before=of_verdict(verdict(route="GET /fixed"), EARLIER),
)
RENAMED = look(route="GET /orders/{orderId}", renamed="it was GET /orders/{id}")
GONE = Before(
    api="orders",
    route="GET /gone",
    entrance=URL,
    caller="user",
    outcome=Outcome.PASS,
    last_good=EARLIER,
)
EVERYTHING = (OPEN, NEW, WARNED, IGNORED, OLDER, UNKNOWN, TOLERATED, SKIPPED, FIXED, RENAMED)


def release(*looks: Checked, **changes: Any) -> Release:
    """An empty one is undecided, as the core decides."""
    is_stopped = any(one.stops for one in looks)
    decision = Decision.STOPPED if is_stopped else Decision.PASSED if looks else Decision.UNDECIDED
    settled = {
        "decision": decision,
        "because": f"{decision}: told in one sentence",
        "at": "2026-11-28T12:00:00+00:00",
        "seconds": 90.0,
        "rounds": 19,
        "requests": 38,
        "baseline": "the stack's state",
        "baseline_at": EARLIER,
        "looks": looks,
        **changes,
    }
    return Release(**settled)


WHOLE = release(*EVERYTHING, gone=(GONE,))

"""Whether users are refused, too, or only the monitor: the same look as a browser."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace as replaced

from msgspec.structs import replace

from gatewatch.attempt import Probe
from gatewatch.gateway.likeness import alike, is_unseen
from gatewatch.judgement.diagnosed import DiagnosedLook
from gatewatch.judgement.doubt import (
    is_everywhere,
    is_nowhere,
    is_success,
)
from gatewatch.model import (
    Candidate,
    Confidence,
    Diagnosis,
    Exchange,
    Finding,
    Layer,
    Outcome,
    Response,
    RuledOut,
    Verdict,
)


def with_browsers(
    seen: Mapping[str, DiagnosedLook], browsers: Mapping[str, Exchange]
) -> dict[str, DiagnosedLook]:
    """Where a browser comes further, keeps only the causes that may go by the User-Agent.

    A browser's success also shows every other caller that the way to the route is open.
    """
    looks = dict(seen)
    for caller, exchange in browsers.items():
        look = seen[caller]
        left = [one for one in look.diagnosis.candidates if one.cause in BY_USER_AGENT]
        if not left or not comes_further(exchange, look.exchange, look.nowhere):
            continue
        looks[caller] = replaced(
            look, diagnosis=_narrowed(look.diagnosis, left), as_browser=exchange.response
        )
        if is_success(exchange):
            looks = {name: replaced(one, member=exchange.response) for name, one in looks.items()}
    return looks


def comes_further(browser: Exchange, look: Exchange, elsewhere: Sequence[Response]) -> bool:
    """Whether a browser comes further than the look; at a path that cannot exist, than the monitor
    did there."""
    response = browser.response
    if is_unseen(response):
        return False
    if not is_nowhere(browser):
        as_expected = not (response.unmet or response.unread or response.error)
        return is_success(browser) and as_expected and not is_everywhere(response, elsewhere)
    return any(alike(there, look.response) and not alike(there, response) for there in elsewhere)


BY_USER_AGENT = frozenset(
    {
        "waf_blocked",
        "cloudfront_blocked",
        "edge_function_denied",
        "waf_challenge",
        "bot_challenge",
        "proxy_denied",
        "backend_denied",
    }
)
"""The causes that may treat a monitor and a browser differently, by the User-Agent."""


def _narrowed(diagnosis: Diagnosis, left: Sequence[Candidate]) -> Diagnosis:
    """Never certain: something other than the User-Agent may have changed meanwhile."""
    layers = {one.layer for one in left}
    ruled_out = tuple(
        RuledOut(one.cause, "a browser's User-Agent gets in")
        for one in diagnosis.candidates
        if one not in left
    )
    likely = Confidence.LIKELY
    return replace(
        diagnosis,
        layer=left[0].layer if len(layers) == 1 else Layer.AMBIGUOUS,
        layer_confidence=likely if len(layers) == 1 else Confidence.AMBIGUOUS,
        cause=left[0].cause,
        confidence=likely if len(left) == 1 else Confidence.AMBIGUOUS,
        candidates=tuple(left),
        ruled_out=(*diagnosis.ruled_out, *ruled_out),
    )


def asks_as_browser(probe: Probe, verdict: Verdict) -> bool:
    """Whether to look again as a browser: what refused may go by the User-Agent."""
    refused = verdict.outcome is Outcome.FAIL and verdict.finding is Finding.REFUSED
    if probe.entrance.closed or not refused:
        return False
    return any(one.cause in BY_USER_AGENT for one in verdict.candidates)

"""Whether an entrance that must refuse everybody does, told by how it refused us.

A route's own guard refuses strangers and lets others in, so its refusal closes nothing. What does
is a refusal by the name, the handshake, the host, the stage or a rule for all.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from gatewatch.config.canonical import Route
from gatewatch.diagnosis.cause import Cause
from gatewatch.diagnosis.causes import catalogue
from gatewatch.gateway.likeness import alike
from gatewatch.model import GATES, Access, Diagnosis, Exchange, Gate, Layer, Response

_BEFORE_WAF = frozenset(GATES[: GATES.index(Gate.WAF)])
_OPEN_TO_SOME = frozenset(
    {
        "client_certificate_required",
        "mtls_rejected",
        "proxy_denied",
        "waf_challenge",
        "bot_challenge",
    }
)
_FOR_ALL = frozenset({"resource_policy_deny", "vpc_endpoint_policy_deny"})
# Our own words for what the connection came to (`probe/exchange.py`).
_NOBODY_THERE = re.compile(
    r"dns: no address|connect: connection refused"
    r"|tls: .*(hostname mismatch|not valid for|handshake failure|unrecognized name)",
    re.IGNORECASE,
)
_GONE = (404, 410, 421)


def why_not_closed(
    exchange: Exchange, nowhere: Sequence[Response], diagnosis: Diagnosis, route: Route
) -> str | None:
    """What leaves it open whether a refusal closes the entrance; None if nothing does.

    `nowhere`: what strangers got there at paths that cannot exist.
    """
    response = exchange.response
    if response.status == 0:
        return _without_answer(response)
    is_for_all = any(alike(response, one) for one in nowhere)
    if diagnosis.layer is Layer.UNKNOWN:
        if response.status in _GONE and is_for_all:
            return None
        return f"the refusal ({response.status}) is of no known form"
    causes = catalogue()
    found = [causes[one.cause] for one in diagnosis.candidates if one.cause in causes]
    left = [one for one in found if not _is_excluded(one, route)]
    doubts = [one.id for one in left if not _closes(one, is_for_all=is_for_all)]
    if left and not doubts:
        return None
    told = ", ".join(doubts[:3]) or "the route's own guard"
    return f"refused, but perhaps not to everybody: {told}"


def _without_answer(response: Response) -> str | None:
    if _NOBODY_THERE.search(response.error or ""):
        return None
    return f"no answer came ({response.error}); an open entrance may fail so too"


def _is_excluded(cause: Cause, route: Route) -> bool:
    """Whether it is a route's own guard, of a kind that this route is declared not to have."""
    if not cause.guards or cause.id in _FOR_ALL:
        return False
    is_open = route.access is Access.PUBLIC
    return is_open or bool(route.guarded_by and not cause.guards & set(route.guarded_by))


def _closes(cause: Cause, *, is_for_all: bool) -> bool:
    if cause.id in _OPEN_TO_SOME:
        return False
    if cause.gate in _BEFORE_WAF or cause.layer is Layer.ROUTING or cause.id in _FOR_ALL:
        return True
    return cause.gate is Gate.WAF and is_for_all

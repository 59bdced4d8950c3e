"""Whether an entrance that must refuse everybody does, judged by how it refused us.

A route's own guard refuses strangers and lets others in, so its refusal proves nothing. A refusal
by the name, the handshake, the host, the stage or a rule for all callers does.
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
# Our own words for how a connection failed (`probe/exchange.py`).
_NOBODY_THERE = re.compile(
    r"dns: no address|connect: connection refused"
    r"|tls: .*(hostname mismatch|not valid for|handshake failure|unrecognized name)",
    re.IGNORECASE,
)
_GONE = (404, 410, 421)


def why_not_closed(
    exchange: Exchange, nowhere: Sequence[Response], diagnosis: Diagnosis, route: Route
) -> str | None:
    """Why a refusal does not prove the entrance closed; None if it does.

    `nowhere`: the answers to strangers at paths that cannot exist there.
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
    candidates = [causes[one.cause] for one in diagnosis.candidates if one.cause in causes]
    left = [cause for cause in candidates if not _is_excluded(cause, route)]
    doubts = [cause.id for cause in left if not _closes(cause, is_for_all=is_for_all)]
    if left and not doubts:
        return None
    suspects = ", ".join(doubts[:3]) or "the route's own guard"
    return f"refused, but perhaps not to everybody: {suspects}"


def _without_answer(response: Response) -> str | None:
    if _NOBODY_THERE.search(response.error or ""):
        return None
    return f"no answer came ({response.error}); an open entrance may fail so too"


def _is_excluded(cause: Cause, route: Route) -> bool:
    """Whether the cause is a kind of guard that this route is declared not to have."""
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

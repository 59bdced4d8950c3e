"""The gates in a request's way, and at which of them it stopped or may have stopped."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from gatewatch.diagnosis.causes import catalogue
from gatewatch.model import GATES, Diagnosis, Gate, Incident, Verdict
from gatewatch.notices.words import is_ok


class Mark(StrEnum):
    """What became of the request at a gate; `maybe`: it may have stopped there."""

    PASSED = "●"
    STOPPED = "✖"
    MAYBE = "?"
    UNREACHED = "·"


GATE_NAMES = {
    Gate.NAME: "name",
    Gate.TLS: "tls",
    Gate.CDN: "cdn",
    Gate.HOST: "host",
    Gate.WAF: "waf",
    Gate.ROUTE: "route",
    Gate.AUTHENTICATION: "sign",
    Gate.AUTHORIZER: "auth",
    Gate.API_KEY: "key",
    Gate.THROTTLE: "rate",
    Gate.VALIDATION: "valid",
    Gate.INTEGRATION: "call",
    Gate.BACKEND: "back",
}


def marks(found: Diagnosis | Incident | Verdict) -> list[Mark]:
    """One for each gate, in their order."""
    if is_ok(found):
        return [Mark.PASSED] * len(GATES)
    causes = catalogue()
    stops = {causes[one.cause].gate for one in found.candidates if one.cause in causes}
    if not stops:
        return [Mark.MAYBE] * len(GATES)
    at_stop = Mark.STOPPED if len(stops) == 1 else Mark.MAYBE
    first = min(GATES.index(gate) for gate in stops)
    return [
        Mark.PASSED if at < first else at_stop if gate in stops else Mark.UNREACHED
        for at, gate in enumerate(GATES)
    ]


def stopped_at(known: Sequence[Mark]) -> str | None:
    """Where it stopped, or may have; None where nothing is known, or it came through."""
    named = [
        GATE_NAMES[gate]
        for gate, mark in zip(GATES, known, strict=True)
        if mark in (Mark.STOPPED, Mark.MAYBE)
    ]
    return " or ".join(named) if 0 < len(named) < len(GATES) else None


def line(known: Sequence[Mark]) -> str:
    """The whole way in one line, each gate behind its mark."""
    return " ".join(f"{mark}{GATE_NAMES[gate]}" for gate, mark in zip(GATES, known, strict=True))

"""As what a failure is counted: the vocabulary of metrics and alarms."""

from __future__ import annotations

from enum import StrEnum

from gatewatch.model import EXPOSURES, Finding, Layer, Verdict
from gatewatch.track import Problem


class Failure(StrEnum):
    """Names of metrics."""

    ROUTING = "RoutingFailures"
    AUTH = "AuthFailures"
    EXPOSED = "Exposed"


_BY_LAYER = {Layer.ROUTING: Failure.ROUTING, Layer.AUTH: Failure.AUTH}


def failures(one: Problem | Verdict) -> tuple[Failure, ...]:
    """Where the layer is ambiguous, every layer that is possible: an alarm that stays silent is
    worse than two that sound."""
    if one.finding in EXPOSURES:
        return (Failure.EXPOSED,)
    if one.finding in (None, Finding.UNDECIDED, Finding.CREDENTIAL_UNREADABLE):
        return ()
    ambiguous = one.layer is Layer.AMBIGUOUS
    layers = [each.layer for each in one.candidates] if ambiguous else [one.layer]
    return tuple(dict.fromkeys(_BY_LAYER[layer] for layer in layers if layer in _BY_LAYER))

"""Which metric a failure counts in: the vocabulary of metrics and alarms.

One failure counts once, so that one story rings one alarm.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from gatewatch.incidents.track import Symptom
from gatewatch.model import EXPOSURES, Finding, Layer, Verdict


class Failure(StrEnum):
    """Names of metrics. `OTHER`: at a layer without a metric of its own. `AMBIGUOUS`: at one of
    several layers with different metrics, and nothing decides between them."""

    ROUTING = "RoutingFailures"
    AUTH = "AuthFailures"
    EXPOSED = "Exposed"
    AMBIGUOUS = "AmbiguousFailures"
    OTHER = "OtherFailures"


Possible = tuple[Failure, ...]
"""The metrics in which one failure may count, the likeliest cause first; empty: no failure."""

_BY_LAYER = {Layer.ROUTING: Failure.ROUTING, Layer.AUTH: Failure.AUTH}
# The route still works, or the monitor does not know, or the fault is the monitor's.
_NO_FAILURES = (
    None,
    Finding.UNDECIDED,
    Finding.CREDENTIAL_UNREADABLE,
    Finding.CERTIFICATE_EXPIRING,
    Finding.SLOW,
)


def possible(one: Symptom | Verdict) -> Possible:
    if one.finding in EXPOSURES:
        return (Failure.EXPOSED,)
    if one.finding in _NO_FAILURES:
        return ()
    layers = [each.layer for each in one.candidates] if one.layer is Layer.AMBIGUOUS else []
    return tuple(_BY_LAYER.get(layer, Failure.OTHER) for layer in layers or [one.layer])


def certain(found: Iterable[Possible]) -> frozenset[Failure]:
    """The metrics that are certain among them."""
    return frozenset(one[0] for one in found if len(set(one)) == 1)


def counts_as(one: Possible, beside: frozenset[Failure] = frozenset()) -> Failure | None:
    """The metric in which a failure counts.

    Where it may be what the same API shows for certain `beside` it, it counts as that: one story
    is one alarm, though some routes show it less clearly. Otherwise the two likeliest causes
    decide, if they agree.
    """
    if not one:
        return None
    if shared := [name for name in one if name in beside]:
        return shared[0]
    return one[0] if len(set(one[:2])) == 1 else Failure.AMBIGUOUS

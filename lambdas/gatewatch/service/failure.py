"""As what a failure is counted: the vocabulary of metrics and alarms.

One failure counts once, so that one story rings one alarm.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from gatewatch.incidents.track import Symptom
from gatewatch.model import EXPOSURES, Finding, Layer, Verdict


class Failure(StrEnum):
    """Names of metrics. `OTHER`: at every layer that has no metric of its own. `AMBIGUOUS`: at one
    of several layers that are counted apart, and nothing leads to one of them."""

    ROUTING = "RoutingFailures"
    AUTH = "AuthFailures"
    EXPOSED = "Exposed"
    AMBIGUOUS = "AmbiguousFailures"
    OTHER = "OtherFailures"


Possible = tuple[Failure, ...]
"""As what one failure may count, the likeliest cause first; empty: it is no failure."""

_BY_LAYER = {Layer.ROUTING: Failure.ROUTING, Layer.AUTH: Failure.AUTH}
# The route still does what it must, or the monitor does not know, or has itself to blame.
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
    """What is known for sure among them."""
    return frozenset(one[0] for one in found if len(set(one)) == 1)


def counted(one: Possible, beside: frozenset[Failure] = frozenset()) -> Failure | None:
    """As what it counts.

    Where it may be what the same API shows for certain `beside` it, it counts as that: a story that
    one route shows less clearly than another is one story to an alarm. Otherwise where the two
    likeliest causes say, if they say the same.
    """
    if not one:
        return None
    if shared := [name for name in one if name in beside]:
        return shared[0]
    return one[0] if len(set(one[:2])) == 1 else Failure.AMBIGUOUS

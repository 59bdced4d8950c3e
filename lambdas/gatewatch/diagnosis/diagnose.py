"""Where a request stopped, why, and what else it could be: diagnosis by elimination.

It never maps a message to a cause: it asks every cause what it expects, reports those that nothing
refutes, and claims no more than the survivors support.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from gatewatch.diagnosis.ask import Control, next_probe, safe_control
from gatewatch.diagnosis.difference import route_of
from gatewatch.diagnosis.elimination import Survivor, ruled_out_causes, survivors
from gatewatch.diagnosis.facts import NO_FACTS, Facts
from gatewatch.diagnosis.look import Look, look_at
from gatewatch.diagnosis.predictions.healthy import REFUSALS_TO_STRANGERS
from gatewatch.gateway.recognition import recognise
from gatewatch.model import (
    UNKNOWN,
    Candidate,
    Confidence,
    CredentialKind,
    Diagnosis,
    Exchange,
    Layer,
    Purpose,
    RuledOut,
    Validity,
    least_sure,
)

NOTHING_FITS = Diagnosis(
    layer=Layer.UNKNOWN,
    layer_confidence=Confidence.UNKNOWN,
    cause=UNKNOWN,
    confidence=Confidence.UNKNOWN,
)


def diagnose(exchanges: Sequence[Exchange], facts: Facts = NO_FACTS) -> Diagnosis:
    """One diagnosis for any number of looks and controls; their order does not matter.

    Each method and path is a subject of its own, and a success never hides a failure. With more
    than one exchange, `parts` hold what each of them shows in the light of the others.
    """
    if not exchanges:
        return NOTHING_FITS
    if len(exchanges) == 1:
        return _alone(exchanges[0], facts)
    order = sorted(range(len(exchanges)), key=lambda at: _order_in_time(exchanges[at]))
    ordered = [exchanges[at] for at in order]
    together = [_in_the_light(ordered, at, facts) for at in range(len(ordered))]
    parts = [
        diagnosis if diagnosis.candidates else _alone(exchange, facts)
        for diagnosis, exchange in zip(together, ordered, strict=True)
    ]
    whole = _whole(ordered, parts, together)
    placed = sorted(zip(order, parts, strict=True), key=lambda pair: pair[0])
    return replace(whole, parts=tuple(part for _, part in placed))


def _whole(
    exchanges: Sequence[Exchange], parts: Sequence[Diagnosis], together: Sequence[Diagnosis]
) -> Diagnosis:
    """What a group shows as a whole: what all routes that failed show together."""
    speakers = _speakers(exchanges, parts)
    failed = [together[at] for at in speakers if parts[at].layer is not Layer.OK]
    return _shared(failed) if failed else parts[speakers[0]]


def _speakers(exchanges: Sequence[Exchange], parts: Sequence[Diagnosis]) -> list[int]:
    """The position of the look that speaks for each route, the subject of the group first.

    `exchanges` are in the order of time, and `parts` what each of them shows.
    """
    looks = [at for at, one in enumerate(exchanges) if one.request.purpose is Purpose.LOOK]
    by_route: dict[object, list[int]] = {}
    for at in looks or range(len(exchanges)):
        by_route.setdefault(route_of(exchanges[at].request), []).append(at)
    speakers = [_speaker(positions, exchanges, parts) for positions in by_route.values()]

    def first(at: int) -> tuple[bool, bool, int]:
        valid = _is_valid(exchanges[at])
        return parts[at].layer is Layer.OK, not valid, -at if valid else at

    return sorted(speakers, key=first)


def _speaker(
    positions: Sequence[int], exchanges: Sequence[Exchange], parts: Sequence[Diagnosis]
) -> int:
    """The look that speaks for one route: the last with a valid credential, else the first.

    A failed look goes first. A guard that refuses a stranger and lets a valid credential in did not
    fail.
    """
    valid = [at for at in positions if _is_valid(exchanges[at])]
    failed = [at for at in positions if parts[at].layer is not Layer.OK]
    if barred := [at for at in failed if at in valid]:
        return barred[-1]
    if not valid:
        return (failed or positions)[0]
    amiss = [at for at in failed if not _is_guards_own(exchanges[at])]
    return amiss[0] if amiss else valid[-1]


def _is_guards_own(exchange: Exchange) -> bool:
    """Whether a healthy route may refuse this call so: it need not let this caller in."""
    presented = exchange.request.presented
    if any(one.validity is not Validity.INVALID for one in presented):
        return False
    answers = recognise(exchange).all
    return not answers or bool(answers & REFUSALS_TO_STRANGERS)


def _shared(failed: Sequence[Diagnosis]) -> Diagnosis:
    """What several routes show together: the causes that all of them may have.

    It is never surer than the least sure of them; they need not fail for one reason.
    """
    first = failed[0]
    if len(failed) == 1:
        return first
    possible = [{one.cause for one in part.candidates} for part in failed]
    shared = set.intersection(*possible)
    kept = tuple(one for one in first.candidates if one.cause in shared)
    if not kept:
        return NOTHING_FITS
    layers = {one.layer for one in kept}
    sure = least_sure(*(part.layer_confidence for part in failed))
    one_layer = len(layers) == 1 and sure is not Confidence.AMBIGUOUS
    return replace(
        first,
        layer=layers.pop() if one_layer else Layer.AMBIGUOUS,
        layer_confidence=sure if one_layer else Confidence.AMBIGUOUS,
        cause=kept[0].cause,
        confidence=least_sure(*(part.confidence for part in failed)),
        candidates=kept,
        ruled_out=(
            *first.ruled_out,
            *(
                RuledOut(one.cause, "another route fails that does not show it")
                for one in first.candidates
                if one.cause not in shared
            ),
        ),
    )


_AGREEING = 2


def _telling(looks: Sequence[Look]) -> tuple[Look, ...]:
    """The looks without repetition: two that agree prove as much as a hundred."""
    counts: Counter[Look] = Counter()
    kept = []
    for look in looks:
        counts[look] += 1
        if counts[look] <= _AGREEING:
            kept.append(look)
    return tuple(kept)


def next_control(
    exchanges: Sequence[Exchange],
    at: int,
    allowed: frozenset[CredentialKind],
    facts: Facts = NO_FACTS,
) -> Control | None:
    """The control that would reveal most about one of the looks; None if none would help.

    `allowed` are the credentials that a control may carry here; it may always go without one.
    """
    subject = exchanges[at]
    looks = tuple(look_at(exchange, subject) for exchange in exchanges)
    alive = survivors(looks, at, facts)
    kept, _ = _as_declared(_ranked(alive), facts)
    return safe_control(looks, at, subject, tuple(one.cause for one in kept), allowed)


def subject_of(exchanges: Sequence[Exchange], parts: Sequence[Diagnosis]) -> int:
    """The position of the subject of a group. `parts` are those of its diagnosis."""
    if len(parts) != len(exchanges):
        return 0
    order = sorted(range(len(exchanges)), key=lambda at: _order_in_time(exchanges[at]))
    speakers = _speakers([exchanges[at] for at in order], [parts[at] for at in order])
    return order[speakers[0]]


def _order_in_time(exchange: Exchange) -> tuple[str, int, bytes]:
    """Sorts by the time of sending; if that is unknown, anonymous looks come first."""
    presented = len(exchange.request.presented)
    return exchange.request.at or "", presented, msgspec.json.encode(exchange, order="sorted")


def _is_valid(exchange: Exchange) -> bool:
    presented = exchange.request.presented
    return bool(presented) and all(one.validity is Validity.VALID for one in presented)


def _in_the_light(exchanges: Sequence[Exchange], at: int, facts: Facts) -> Diagnosis:
    """One look in the light of the group; a control at another place on its own."""
    subject = exchanges[at]
    if _is_control_elsewhere(exchanges, subject):
        return _alone(subject, facts)
    looks = [look_at(exchange, subject) for exchange in exchanges]
    telling = _telling(looks)
    return _diagnosis(telling, telling.index(looks[at]), subject, facts)


def _alone(exchange: Exchange, facts: Facts) -> Diagnosis:
    return _diagnosis((look_at(exchange, exchange),), 0, exchange, facts)


def _is_control_elsewhere(exchanges: Sequence[Exchange], one: Exchange) -> bool:
    """Whether it is a control at a route that no look was taken at."""
    looked_at = {
        route_of(other.request) for other in exchanges if other.request.purpose is Purpose.LOOK
    }
    return bool(looked_at) and route_of(one.request) not in looked_at


def _diagnosis(looks: tuple[Look, ...], at: int, subject: Exchange, facts: Facts) -> Diagnosis:
    alive = _ranked(survivors(looks, at, facts))
    if not alive:
        return NOTHING_FITS
    kept, declared = _as_declared(alive, facts)
    layer, layer_confidence = _layer(kept, declared)
    ruled_out = [RuledOut(one.cause.id, one.because) for one in ruled_out_causes(looks, at, facts)]
    ruled_out += [
        RuledOut(survivor.cause.id, "the route is declared to have another guard")
        for survivor in alive
        if survivor not in kept
    ]
    most = Confidence.LIKELY if _rests_on_a_twin(looks, at, facts, alive) else Confidence.CERTAIN
    return Diagnosis(
        layer=layer,
        layer_confidence=least_sure(layer_confidence, most),
        cause=kept[0].cause.id,
        confidence=least_sure(_confidence(kept, declared), most),
        candidates=tuple(Candidate(one.cause.id, one.cause.layer) for one in kept),
        ruled_out=tuple(ruled_out),
        next_probe=next_probe(looks, at, subject, tuple(one.cause for one in kept)),
    )


def _rests_on_a_twin(
    looks: tuple[Look, ...], at: int, facts: Facts, alive: Sequence[Survivor]
) -> bool:
    """Whether only a twin ruled others out: something else may have changed meanwhile."""
    others = tuple(look for look in looks if not look.is_twin)
    if len(others) == len(looks):
        return False
    return len(survivors(others, others.index(looks[at]), facts)) > len(alive)


_FORESEEN = 3.0
_UNEXPECTED = 0.3


def _ranked(alive: Sequence[Survivor]) -> list[Survivor]:
    """Likeliest first, by what each foresaw and what it merely tolerates."""

    def order(one: Survivor) -> tuple[bool, float, str]:
        likely = one.weight * _FORESEEN**one.foreseen * _UNEXPECTED ** len(one.tolerated)
        return not _leads(one, alive), -likely, one.cause.id

    return sorted(alive, key=order)


def _leads(survivor: Survivor, alive: Sequence[Survivor]) -> bool:
    """Whether a survivor expects strictly more of the looks than every other.

    A look counts against a rival only if the rival predicts something of it.
    """
    others = [one for one in alive if one is not survivor]
    return bool(others) and all(
        survivor.expected > other.expected and survivor.expected & other.tolerated
        for other in others
    )


def _as_declared(alive: list[Survivor], facts: Facts) -> tuple[list[Survivor], bool]:
    """Declared intent chooses among guards if nothing else is as likely to have refused.

    WAF and the like refuse in the words of guards without being any: they stay unless some look
    speaks against them.
    """
    if not facts.guarded_by or any(one.cause.layer is not Layer.AUTH for one in alive):
        return alive, False
    if any(not one.cause.guards and not one.tolerated for one in alive):
        return alive, False
    kept = [one for one in alive if one.cause.guards & facts.guarded_by]
    return (kept, True) if kept and len(kept) < len(alive) else (alive, False)


def _confidence(alive: list[Survivor], declared: bool) -> Confidence:
    if len(alive) == 1:
        weak = declared or alive[0].inferred
        return Confidence.LIKELY if weak else Confidence.CERTAIN
    return Confidence.LIKELY if _leads(alive[0], alive) else Confidence.AMBIGUOUS


def _layer(alive: list[Survivor], declared: bool) -> tuple[Layer, Confidence]:
    layers = {survivor.cause.layer for survivor in alive}
    if len(layers) > 1:
        likely = _confidence(alive, declared) is Confidence.LIKELY
        layer = alive[0].cause.layer if likely else Layer.AMBIGUOUS
        return layer, Confidence.LIKELY if likely else Confidence.AMBIGUOUS
    weak = all(survivor.inferred for survivor in alive)
    return layers.pop(), Confidence.LIKELY if weak else Confidence.CERTAIN

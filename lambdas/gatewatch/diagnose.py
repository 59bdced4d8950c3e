"""Where a request stopped, why, and what else it could be: diagnosis by elimination.

It takes exchanges and facts, and never looks a message up: it asks every cause what it expects,
and reports those that nothing refutes. It says no more than the survivors support.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from msgspec.structs import replace

from gatewatch.ask import Control, harmless, next_probe
from gatewatch.elimination import Survivor, losers, survivors
from gatewatch.look import Look, Place, look_at
from gatewatch.model import (
    UNKNOWN,
    Candidate,
    Confidence,
    CredentialKind,
    Diagnosis,
    Exchange,
    Guard,
    Layer,
    Purpose,
    RuledOut,
    Validity,
)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known besides the exchanges.

    `guarded_by` is declared intent: it tells which guard refused, never that one did.
    `settling`: a deployment was so recent that answers may still be mixed. `has_worked`: the
    same URL has let somebody in before.
    """

    guarded_by: frozenset[Guard] = frozenset()
    settling: bool = False
    has_worked: bool = False


NO_FACTS = Facts()
NOTHING_FITS = Diagnosis(
    layer=Layer.UNKNOWN,
    layer_confidence=Confidence.UNKNOWN,
    cause=UNKNOWN,
    confidence=Confidence.UNKNOWN,
)


def diagnose(exchanges: Sequence[Exchange], facts: Facts = NO_FACTS) -> Diagnosis:
    """One diagnosis for several looks at one route, and controls; order does not matter.

    The subject is the last look with a valid credential, else the first look. With more than
    one exchange, `parts` tell what each of them shows in the light of the others.
    """
    if not exchanges:
        return NOTHING_FITS
    if len(exchanges) == 1:
        [only] = exchanges
        return _diagnosis((look_at(only, only),), 0, only, facts)
    order = sorted(range(len(exchanges)), key=lambda at: _place_in_time(exchanges[at]))
    ordered = [exchanges[at] for at in order]
    at = subject_of(ordered)
    looks = [look_at(exchange, ordered[at]) for exchange in ordered]
    telling = _telling(looks)
    whole = _diagnosis(telling, telling.index(looks[at]), ordered[at], facts)
    parts = {
        place: _part(telling, telling.index(look), exchange, facts)
        for place, look, exchange in zip(order, looks, ordered, strict=True)
    }
    return replace(whole, parts=tuple(parts[place] for place in range(len(exchanges))))


_AGREEING = 2


def _telling(looks: Sequence[Look]) -> tuple[Look, ...]:
    """The looks without repetition: two that agree say as much as a hundred."""
    counted: Counter[Look] = Counter()
    kept = []
    for look in looks:
        counted[look] += 1
        if counted[look] <= _AGREEING:
            kept.append(look)
    return tuple(kept)


def ask(
    exchanges: Sequence[Exchange],
    at: int,
    allowed: frozenset[CredentialKind],
    facts: Facts = NO_FACTS,
) -> Control | None:
    """The control that would say most about one of the looks; None where none would.

    `allowed` are the credentials that a control may carry here, besides none at all.
    """
    subject = exchanges[at]
    looks = tuple(look_at(exchange, subject) for exchange in exchanges)
    alive = survivors(looks, at, facts.settling, facts.has_worked)
    kept, _ = _as_declared(_ranked(alive), facts)
    return harmless(looks, at, subject, tuple(one.cause for one in kept), allowed)


def subject_of(exchanges: Sequence[Exchange]) -> int:
    """The position of the look that a group is about, whatever order the group came in."""
    looks = [at for at, one in enumerate(exchanges) if one.request.purpose is Purpose.LOOK]
    valid = [at for at in looks if _is_valid(exchanges[at])]
    if valid:
        return max(valid, key=lambda at: _place_in_time(exchanges[at]))
    return min(looks or range(len(exchanges)), key=lambda at: _place_in_time(exchanges[at]))


def _place_in_time(exchange: Exchange) -> tuple[str, int, bytes]:
    """When it was sent; where that is not told, anonymous looks come first."""
    presented = len(exchange.request.presented)
    return exchange.request.at or "", presented, msgspec.json.encode(exchange, order="sorted")


def _is_valid(exchange: Exchange) -> bool:
    presented = exchange.request.presented
    return bool(presented) and all(one.validity is Validity.VALID for one in presented)


def _part(looks: tuple[Look, ...], at: int, exchange: Exchange, facts: Facts) -> Diagnosis:
    """One look in the light of the group; alone, where the group explains nothing."""
    if looks[at].places == {Place.ROUTE}:
        together = _diagnosis(looks, at, exchange, facts)
        if together.candidates:
            return together
    alone = (look_at(exchange, exchange),)
    return _diagnosis(alone, 0, exchange, facts)


def _diagnosis(looks: tuple[Look, ...], at: int, subject: Exchange, facts: Facts) -> Diagnosis:
    alive = _ranked(survivors(looks, at, facts.settling, facts.has_worked))
    if not alive:
        return NOTHING_FITS
    kept, declared = _as_declared(alive, facts)
    layer, layer_confidence = _layer(kept, declared)
    ruled_out = [
        RuledOut(loser.cause.id, loser.because)
        for loser in losers(looks, at, facts.settling, facts.has_worked)
    ]
    ruled_out += [
        RuledOut(survivor.cause.id, "the route is declared to have another guard")
        for survivor in alive
        if survivor not in kept
    ]
    return Diagnosis(
        layer=layer,
        layer_confidence=layer_confidence,
        cause=kept[0].cause.id,
        confidence=_confidence(kept, declared),
        candidates=tuple(Candidate(one.cause.id, one.cause.layer) for one in kept),
        ruled_out=tuple(ruled_out),
        next_probe=next_probe(looks, at, subject, tuple(one.cause for one in kept)),
    )


_UNEXPECTED = 0.3


def _ranked(alive: Sequence[Survivor]) -> list[Survivor]:
    """Likeliest first; each look that a cause merely tolerates makes it less likely."""

    def likely(one: Survivor) -> float:
        return one.weight * _UNEXPECTED ** len(one.tolerated)

    return sorted(alive, key=lambda one: (-likely(one), one.cause.id))


def _leads(survivor: Survivor, alive: Sequence[Survivor]) -> bool:
    """Whether a survivor expects strictly more of the looks than every other.

    Silence is no loss: a look counts against a rival only if the rival speaks of it.
    """
    others = [one for one in alive if one is not survivor]
    return bool(others) and all(
        survivor.expected > other.expected and survivor.expected & other.tolerated
        for other in others
    )


def _as_declared(alive: list[Survivor], facts: Facts) -> tuple[list[Survivor], bool]:
    """Declared intent chooses among guards once nothing else is as likely to have refused.

    WAF and the like refuse in the words of guards and are none: they stay, unless some look
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

"""Which causes survive a set of looks: the arithmetic of expects, allows and forbids.

Everything here works on hashable values and is cached, since a monitor sees the same few looks
over and over. Wording and order of what survives are `diagnose`'s business.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from functools import cache, lru_cache
from itertools import product

from gatewatch.cause import Cause
from gatewatch.causes import catalogue
from gatewatch.gateway.answers import Answer
from gatewatch.gateway.recognised import Recognition
from gatewatch.look import Caller, Look, Place
from gatewatch.model import GATES, OK, ApiKind, Gate, Layer, Owner, Validity
from gatewatch.signatures.healthy import HEALTHY
from gatewatch.signatures.rules import Rule, Signature, answers_of, predicts
from gatewatch.signatures.way import GUARD_REFUSALS, TRANSIENT

HEALTHY_ROUTE = Cause(
    id=OK,
    layer=Layer.OK,
    gate=Gate.BACKEND,
    owner=Owner.API,
    title="Nothing stopped the request",
    signature=HEALTHY,
    prior=1,
    prose="",
    sources=(),
)


@cache
def hypotheses() -> tuple[Cause, ...]:
    """Everything a look may be explained by: each cause, and that nothing is wrong."""
    return (HEALTHY_ROUTE, *catalogue().values())


class Fit(IntEnum):
    FORBIDDEN = 0
    ALLOWED = 1
    EXPECTED = 2


@dataclass(frozen=True, slots=True)
class Reading:
    """How one look fits one hypothesis in the most favourable reading of the look."""

    fit: Fit
    rule: Rule | None
    support: float = 1.0

    @property
    def predicts(self) -> bool:
        return self.rule is not None and bool(self.rule.expects or self.rule.surmises)

    @property
    def surmised(self) -> bool:
        """Whether inference alone, ours or the reading's, makes the look fit."""
        return self.support < 1.0


@dataclass(frozen=True, slots=True)
class Survivor:
    """A cause that no look forbids.

    `expected` holds the positions of the looks that it expects by more than inference, `tolerated`
    of those of which it expected something else and yet allows them. `weight` orders it among the
    rest.
    """

    cause: Cause
    expected: frozenset[int]
    tolerated: frozenset[int]
    inferred: bool
    weight: float


@dataclass(frozen=True, slots=True)
class Loser:
    """A look-alike that was ruled out, with the reason.

    `by_form`: by the request's own form, not by what came back; that is the lesser news.
    """

    cause: Cause
    because: str
    by_form: bool = False


@lru_cache(maxsize=4096)
def survivors(
    looks: tuple[Look, ...], subject: int, settling: bool = False, has_worked: bool = False
) -> tuple[Survivor, ...]:
    """The causes that expect the subject and that no look forbids.

    While an API settles after a deployment, a single look refutes nothing; two must agree.
    Mistakes in our own URL are out of the question once the URL has worked.
    """
    tolerated = 1 if settling else 0
    possible = (one for one in hypotheses() if not (has_worked and one.from_the_start))
    found = (_survivor(cause, looks, subject, tolerated) for cause in possible)
    return tuple(survivor for survivor in found if survivor is not None)


def survives(cause: Cause, looks: tuple[Look, ...], subject: int) -> bool:
    """Whether one cause is among the survivors, without asking after the others."""
    return _survivor(cause, looks, subject, tolerated=0) is not None


def _survivor(
    cause: Cause, looks: tuple[Look, ...], subject: int, tolerated: int
) -> Survivor | None:
    if _impossible(cause, looks[subject]):
        return None
    for account, kind in product(cause.accounts, shared_kinds(looks)):
        leading = read(account, cause.gate, kind, looks[subject])
        if leading.fit is not Fit.EXPECTED:
            continue
        readings = [read(account, cause.gate, kind, look) for look in looks]
        refuted = sum(reading.fit is Fit.FORBIDDEN for reading in readings)
        if refuted > tolerated:
            continue
        telling = [at for at, one in enumerate(readings) if one.predicts and _tells(looks[at])]
        met = [at for at in telling if readings[at].fit is Fit.EXPECTED]
        return Survivor(
            cause,
            frozenset(at for at in met if not readings[at].surmised) | {subject},
            frozenset(telling) - frozenset(met) - {subject},
            inferred=leading.surmised,
            weight=_weight(cause, leading, looks[subject]),
        )
    return None


def _tells(look: Look) -> bool:
    """A deliberately invalid credential is refused by every guard: that favours no cause."""
    return not all(_is_invalid(caller) for caller in look.callers)


def _is_invalid(caller: Caller) -> bool:
    presented = {caller.signature, caller.token, caller.api_key, caller.other} - {None}
    return bool(presented) and Validity.VALID not in presented


_MUCH_LIKELIER = 6.0


def _weight(cause: Cause, reading: Reading, look: Look) -> float:
    """What orders the survivors; it decides nothing."""
    typical = any(condition.holds(look.shape) for condition in cause.typical)
    by_rule = reading.rule.weight if reading.rule else 1.0
    return cause.prior * by_rule * reading.support * (_MUCH_LIKELIER if typical else 1.0)


def shared_kinds(looks: tuple[Look, ...]) -> Iterator[ApiKind]:
    """The front doors that could have given every look; each is tried by itself.

    At another stage, base path or host another API may answer.
    """
    shared = frozenset.intersection(*(look.kinds for look in looks if not look.places & _BEYOND))
    return (kind for kind in ApiKind if kind in shared)


_BEYOND = frozenset({Place.OTHER_STAGE, Place.OTHER_ENTRANCE})


@lru_cache(maxsize=65536)
def read(signature: Signature, gate: Gate, kind: ApiKind, look: Look) -> Reading:
    if kind not in look.kinds:
        return Reading(Fit.ALLOWED, None)
    best = Reading(Fit.FORBIDDEN, None)
    for place in sorted(look.places):
        for caller in sorted(look.callers, key=repr):
            rule = predicts(signature, kind, place, caller)
            reading = _reading(rule, look.seen)
            if reading.fit is Fit.FORBIDDEN and _is_by_the_guard(gate, place, caller, look.seen):
                reading = Reading(Fit.ALLOWED, rule)
            if _better(reading, best):
                best = reading
    return best


_GUARDED = frozenset(GATES[GATES.index(Gate.AUTHENTICATION) :])


def _is_by_the_guard(gate: Gate, place: Place, caller: Caller, seen: Recognition) -> bool:
    """Whether a guard of the route refused an invalid credential, before the cause could strike."""
    refused = bool(seen.all & GUARD_REFUSALS)
    return refused and gate in _GUARDED and place is Place.ROUTE and _is_invalid(caller)


def _better(new: Reading, old: Reading) -> bool:
    if old.rule is None and old.fit is Fit.FORBIDDEN:
        return True
    return _rank(new) > _rank(old)


def _rank(reading: Reading) -> tuple[Fit, float, float]:
    return reading.fit, reading.support, reading.rule.weight if reading.rule else 0.0


_WEAK = 0.3
_DISGUISED = 0.05


def _reading(rule: Rule | None, seen: Recognition) -> Reading:
    if rule is None:
        return Reading(Fit.ALLOWED, None)
    if support := max(_support(rule.expects, seen), _support(rule.surmises, seen) * _WEAK):
        return Reading(Fit.EXPECTED, rule, support)
    answers = seen.all
    if not answers or answers & rule.allows or answers & TRANSIENT:
        return Reading(Fit.ALLOWED, rule)
    return Reading(Fit.FORBIDDEN, rule)


def _support(predicted: frozenset[Answer], seen: Recognition) -> float:
    """How much speaks for one of the predicted answers, from nothing to its plain signs."""
    if predicted & seen.plain:
        return 1.0
    if predicted & seen.weak:
        return _WEAK
    return _DISGUISED if predicted & seen.disguised else 0.0


def _impossible(cause: Cause, look: Look) -> str | None:
    """Why the request's own form rules a cause out, if it does."""
    for condition in cause.only_if:
        if not condition.holds(look.shape):
            return condition.because
    return None


@lru_cache(maxsize=4096)
def losers(
    looks: tuple[Look, ...], subject: int, settling: bool = False, has_worked: bool = False
) -> tuple[Loser, ...]:
    """The causes that could have shown one of the answers at the route, and why they did not."""
    alive = {one.cause.id for one in survivors(looks, subject, settling, has_worked)}
    others = (cause for cause in hypotheses() if cause.id not in alive)
    found = (_loser(cause, looks, subject, has_worked) for cause in others)
    return tuple(sorted(filter(None, found), key=lambda loser: loser.by_form))


def _loser(cause: Cause, looks: tuple[Look, ...], subject: int, has_worked: bool) -> Loser | None:
    kinds = frozenset(shared_kinds(looks))
    seen = frozenset().union(*(look.answers for look in looks if look.places == {Place.ROUTE}))
    shown = frozenset().union(*(answers_of(account, kinds) for account in cause.accounts))
    if cause is HEALTHY_ROUTE or not shown & seen:
        return None
    if because := _impossible(cause, looks[subject]):
        return Loser(cause, because, by_form=True)
    if cause.from_the_start and has_worked:
        return Loser(cause, "the same URL has been answered before")
    for account, kind in product(cause.accounts, shared_kinds(looks)):
        readings = [read(account, cause.gate, kind, look) for look in looks]
        for look, reading in zip(looks, readings, strict=True):
            if reading.fit is Fit.FORBIDDEN and reading.rule is not None:
                return Loser(cause, f"{reading.rule.because}; here it was {_told(look.answers)}")
        leading = readings[subject]
        if leading.rule is not None and leading.fit is not Fit.EXPECTED:
            shows = leading.rule.expects or leading.rule.surmises
            here = _told(looks[subject].answers)
            told = f"it shows as {_told(shows)}; here it was {here}" if shows else None
            return Loser(cause, told or leading.rule.because)
    return None


def _told(answers: frozenset[Answer]) -> str:
    if len(answers) > 3:
        return "another answer"
    return " or ".join(sorted(answers)) or "an answer of no known form"
